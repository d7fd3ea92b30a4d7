"""Change the status of a user."""

from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, success
from paidline.api.serializers import user
from paidline.codes import Code
from paidline.domain import agents
from paidline.domain.authentication import Scope
from paidline.domain.types import Ref, StatusName


class UpdateStatusByRefRequest(Request):
    """The documented parameters."""

    ref: Ref
    status: StatusName


@endpoint("update_status_by_ref", UpdateStatusByRefRequest, Scope.AGENTS)
def lambda_handler(request: UpdateStatusByRefRequest, caller: Caller) -> Response:
    """Set the status and write its log row. One GetItem, one TransactWriteItems."""
    agent = agents.update_status(request.ref, request.status, handler="RouteControllerUpdateUserStatus", ip=caller.ip)
    return success(Code.SUCCESS, user=user(agent))
