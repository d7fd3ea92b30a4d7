"""Get the status of a user: who the agent is, whether they are available, and how to dial them."""

from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response, success
from paidline.api.serializers import user_with_line
from paidline.codes import Code
from paidline.domain import agents
from paidline.domain.authentication import Scope
from paidline.domain.types import Ref


class GetStatusByRefRequest(Request):
    """The documented parameters."""

    ref: Ref


@endpoint("get_status_by_ref", GetStatusByRefRequest, Scope.AGENTS)
def lambda_handler(request: GetStatusByRefRequest, caller: Caller) -> Response:
    """Return the agent. One GetItem."""
    return success(Code.REF_VALID, user=user_with_line(agents.find(request.ref)))
