"""Get the status change log of a user, newest first."""

from typing import Any

from paidline import clock
from paidline.codes import Code
from paidline.domain import agents
from paidline.domain.api_clients import Scope
from paidline.domain.types import Limit, Ref, RowId, Text
from paidline.edge.answering import Answer, success
from paidline.edge.endpoint import Caller, Request, endpoint
from paidline.store.status_log import StatusLogRow


class GetStatusLogRequest(Request):
    """The documented parameters, and ours: how many rows, older than which id, of which status."""

    ref: Ref
    status: Text | None = None
    limit: Limit = 1000
    before: RowId | None = None


@endpoint("get_status_log", GetStatusLogRequest, Scope.AGENTS)
def lambda_handler(request: GetStatusLogRequest, caller: Caller) -> Answer:
    """Answer with the rows. One GetItem, one Query."""
    rows = agents.status_log_of(request.ref, request.status, request.limit, request.before)
    return success(Code.SUCCESS, data=[_row(row) for row in rows])


def _row(row: StatusLogRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "userId": str(row.user_id),
        "ref": row.ref,
        "creationDate": clock.shown(row.created),
        "status": row.status,
        "handler": row.handler,
        "ip": row.ip,
    }
