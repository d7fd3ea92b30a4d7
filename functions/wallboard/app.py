"""The wallboard: agents by status, open paid calls, and today's calls, tokens and refusals."""

from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, success
from paidline.api.serializers import board
from paidline.codes import Code
from paidline.domain import wallboard
from paidline.domain.authentication import Scope


class WallboardRequest(Request):
    """No parameters but the hash."""


@endpoint("wallboard", WallboardRequest, Scope.WALLBOARD)
def lambda_handler(request: WallboardRequest, caller: Caller) -> Response:
    """Return the board. Two Scans, one GetItem and one Query."""
    return success(Code.SUCCESS, board=board(wallboard.look()))
