"""Profiles as JSON, and a memory for the long list of them all."""

from paidline.domain import profiles
from paidline.edge.answering import to_json
from paidline.store.cache import Cache

# So old may the list be if it is long. A short one is read each time: that costs no more than any other request.
_VALID_S = 5.0
_SHORT = 65_536


def of(ref: str, fields: str) -> str:
    """Write one agent's profile as a list. Two GetItems. Raises RefNotFound."""
    return _written([profiles.of(ref)], fields)


def every(fields: str) -> str:
    """Write all profiles, with the comma-separated keys only, or all keys. Two Scans at most, see `cache`."""
    return cache.get(fields) or "[]"


def _list(fields: str) -> str:
    return _written(profiles.every(), fields)


def _written(found: list[dict[str, str]], fields: str) -> str:
    if fields:
        wanted = {name.strip() for name in fields.split(",")}
        found = [{key: value for key, value in profile.items() if key in wanted} for profile in found]
    return to_json(found)


# Few entries, since each may be many megabytes.
cache = Cache(_list, valid_s=_VALID_S, most_entries=4, is_worth_it=lambda text: len(text) > _SHORT)
