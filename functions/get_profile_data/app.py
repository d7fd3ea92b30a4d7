"""Get profile data: the profiles of all agents, a bare JSON array."""

from paidline.domain import profiles
from paidline.domain.api_clients import Scope
from paidline.domain.types import Keys, Ref
from paidline.edge.answering import Answer, to_json
from paidline.edge.endpoint import Caller, Request, endpoint


class GetProfileDataRequest(Request):
    """The documented parameter, and ours: one agent's ref, and the comma-separated keys that are wanted."""

    ref: Ref | None = None
    fields: Keys | None = None


@endpoint("get_profile_data", GetProfileDataRequest, Scope.AGENTS)
def lambda_handler(request: GetProfileDataRequest, caller: Caller) -> Answer:
    """Answer with the profiles, ordered by userId. Two Scans, or two GetItems for one agent."""
    found = profiles.every() if request.ref is None else [profiles.of(request.ref)]
    if request.fields is not None:
        wanted = {name.strip() for name in request.fields.split(",")}
        found = [{key: value for key, value in profile.items() if key in wanted} for profile in found]
    return Answer(to_json(found))
