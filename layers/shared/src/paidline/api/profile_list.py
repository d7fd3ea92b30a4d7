"""The response body of getProfileData: profiles as a JSON array, cached when it is long."""

from paidline.api import serializers
from paidline.api.response import to_json
from paidline.domain import profiles
from paidline.store.agents import Agent
from paidline.store.cache import Cache

# The maximum age of a long list. A short one is not cached, since reading it costs no more than any other request.
_TTL_S = 5.0
_MAX_UNCACHED_CHARS = 65_536


def one_agent(ref: str, fields: str) -> str:
    """Return a list with one agent's profile. Two GetItems. Raises RefNotFound."""
    return _to_json([profiles.find(ref)], fields)


def all_agents(fields: str) -> str:
    """Return all profiles, limited to the comma-separated `fields` unless empty. At most two Scans; see `cache`."""
    return cache.get(fields) or "[]"


def _read_all(fields: str) -> str:
    return _to_json(profiles.list_all(), fields)


def _to_json(found: list[tuple[Agent, dict[str, str]]], fields: str) -> str:
    shown = [serializers.profile(agent, stored) for agent, stored in found]
    if fields:
        wanted = {name.strip() for name in fields.split(",")}
        shown = [{key: value for key, value in profile.items() if key in wanted} for profile in shown]
    return to_json(shown)


# Few entries, since each may be several megabytes.
cache = Cache(_read_all, ttl_s=_TTL_S, max_entries=4, should_cache=lambda text: len(text) > _MAX_UNCACHED_CHARS)
