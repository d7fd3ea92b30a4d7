"""Change the status of a user."""

from paidline.codes import Code
from paidline.domain import agents
from paidline.domain.api_clients import Scope
from paidline.domain.types import Ref, Text
from paidline.edge.answering import Answer, success
from paidline.edge.endpoint import Caller, Request, endpoint
from paidline.edge.users import user


class UpdateStatusByRefRequest(Request):
    """The documented parameters."""

    ref: Ref
    status: Text


@endpoint("update_status_by_ref", UpdateStatusByRefRequest, Scope.AGENTS)
def lambda_handler(request: UpdateStatusByRefRequest, caller: Caller) -> Answer:
    """Set the status and write its log row. One GetItem, one TransactWriteItems."""
    agent = agents.update_status(request.ref, request.status, handler="RouteControllerUpdateUserStatus", ip=caller.ip)
    return success(Code.SUCCESS, user=user(agent))
