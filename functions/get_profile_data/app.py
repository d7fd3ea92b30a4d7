"""Get profile data: the profiles of all agents, as a bare JSON array."""

from paidline.api import profile_list
from paidline.api.endpoint import Caller, Request, endpoint
from paidline.api.response import Response
from paidline.domain.authentication import Scope
from paidline.domain.types import Keys, Ref


class GetProfileDataRequest(Request):
    """The documented parameter and two of our own: one agent's ref, and the comma-separated keys to return."""

    ref: Ref | None = None
    fields: Keys | None = None


@endpoint("get_profile_data", GetProfileDataRequest, Scope.AGENTS)
def lambda_handler(request: GetProfileDataRequest, caller: Caller) -> Response:
    """Return the profiles, ordered by userId. At most two Scans, or two GetItems for one agent."""
    fields = request.fields or ""
    return Response(
        profile_list.all_agents(fields) if request.ref is None else profile_list.one_agent(request.ref, fields)
    )
