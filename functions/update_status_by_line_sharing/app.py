"""Change the status of all users who share a line."""

from paidline.codes import Code
from paidline.domain import agents
from paidline.domain.api_clients import Scope
from paidline.domain.types import PhoneNumber, Text
from paidline.edge.answering import Answer, success
from paidline.edge.endpoint import Caller, Request, endpoint
from paidline.edge.users import user


class UpdateStatusByLineSharingRequest(Request):
    """The documented parameters."""

    outbound_number: PhoneNumber
    status: Text


@endpoint("update_status_by_line_sharing", UpdateStatusByLineSharingRequest, Scope.AGENTS)
def lambda_handler(request: UpdateStatusByLineSharingRequest, caller: Caller) -> Answer:
    """Set the statuses and write their log rows, all or none. One Query, one TransactWriteItems."""
    agent = agents.update_status_of_line(
        request.outbound_number,
        request.status,
        handler="RouteControllerUpdateUserStatusByLineSharing",
        ip=caller.ip,
    )
    return success(Code.SUCCESS, user=user(agent))
