"""Change the status of all users who share a line."""

from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, success
from paidline.api.serializers import user
from paidline.codes import Code
from paidline.domain import agents
from paidline.domain.authentication import Scope
from paidline.domain.types import PhoneNumber, StatusName


class UpdateStatusByLineSharingRequest(Request):
    """The documented parameters."""

    outbound_number: PhoneNumber
    status: StatusName


@endpoint("update_status_by_line_sharing", UpdateStatusByLineSharingRequest, Scope.AGENTS)
def lambda_handler(request: UpdateStatusByLineSharingRequest, caller: Caller) -> Response:
    """Set the statuses and write their log rows atomically. One Query, one TransactWriteItems."""
    agent = agents.update_status_of_line(
        request.outbound_number,
        request.status,
        handler="RouteControllerUpdateUserStatusByLineSharing",
        ip=caller.ip,
    )
    return success(Code.SUCCESS, user=user(agent))
