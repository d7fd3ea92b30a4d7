"""Get the status change log of a user, newest first."""

from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, success
from paidline.api.serializers import status_log_row
from paidline.codes import Code
from paidline.domain import agents
from paidline.domain.authentication import Scope
from paidline.domain.types import Limit, Ref, RowId, StatusName


class GetStatusLogRequest(Request):
    """The documented parameters and three of our own: `status` and `before` filter rows, `limit` caps their number."""

    ref: Ref
    status: StatusName | None = None
    limit: Limit = 1000
    before: RowId | None = None


@endpoint("get_status_log", GetStatusLogRequest, Scope.AGENTS)
def lambda_handler(request: GetStatusLogRequest, caller: Caller) -> Response:
    """Return the rows. One GetItem, one Query."""
    rows = agents.list_status_log(request.ref, request.status, request.limit, request.before)
    return success(Code.SUCCESS, data=[status_log_row(row) for row in rows])
