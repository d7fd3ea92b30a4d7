"""Get profile data: the profiles of all agents, a bare JSON array."""

from paidline.domain.api_clients import Scope
from paidline.domain.types import Keys, Ref
from paidline.edge import profiles
from paidline.edge.answering import Answer
from paidline.edge.endpoint import Caller, Request, endpoint


class GetProfileDataRequest(Request):
    """The documented parameter, and ours: one agent's ref, and the comma-separated keys that are wanted."""

    ref: Ref | None = None
    fields: Keys | None = None


@endpoint("get_profile_data", GetProfileDataRequest, Scope.AGENTS)
def lambda_handler(request: GetProfileDataRequest, caller: Caller) -> Answer:
    """Answer with the profiles, ordered by userId. Two Scans at most, or two GetItems for one agent."""
    fields = request.fields or ""
    return Answer(profiles.every(fields) if request.ref is None else profiles.of(request.ref, fields))
