"""Synchronise a PBX: it is running, and its calls that it does not name are over."""

from paidline.api import telemetry
from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, success
from paidline.codes import Code
from paidline.domain.authentication import Scope
from paidline.domain.calls.expiry import synchronise
from paidline.domain.types import CallIds, PbxName


class CallsSyncRequest(Request):
    """The parameters; no ids mean that no call lives."""

    pbx: PbxName
    call_ids: CallIds = frozenset()


@endpoint("calls_sync", CallsSyncRequest, Scope.CALLS)
def lambda_handler(request: CallsSyncRequest, caller: Caller) -> Response:
    """Let dead calls expire and count the others. One UpdateItem and one Query, and three calls for each dead one."""
    done = synchronise(request.pbx, request.call_ids, handler=caller.endpoint, ip=caller.ip)
    telemetry.count("ExpiredCalls", done.expired)
    return success(Code.SUCCESS, pbx=request.pbx, openCalls=str(done.open), expiredCalls=str(done.expired))
