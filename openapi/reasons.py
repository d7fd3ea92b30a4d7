"""Which reasons a refusal of an endpoint can have: those of its code, and of code 30 those that it can run into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openapi import parameters
from paidline.api.endpoint import IdempotentRequest
from paidline.codes import Code
from paidline.errors import ApiError, CommandError, RequestError, ServerError

# A body can be refused before anything is known of its parameters.
_BODY = ("body_too_large", "invalid_base64", "invalid_form", "invalid_json")
_SESSION = ("end_before_start",)
# What the endpoint's own rules refuse as invalid, beside its parameters.
_OWN = {
    "session_call_create_by_ref": _SESSION,
    "calls_begin": ("call_id_reused",),
    "calls_end": (*_SESSION, "call_already_ended"),
}
_BY_PIN = ("unknown_pin", "ambiguous_pin", "too_many_wrong_pins")
_WALLET = ("unknown_dialed_number", *_BY_PIN)
_CALL = (
    "unknown_inbound_number",
    *_BY_PIN,
    "wallet_blocked",
    "insufficient_tokens",
    "agent_unavailable",
    "line_busy",
    "too_many_on_line",
)
# Code 30 stands for many things, of which an endpoint can run into a few.
_FAILED = {
    "get_wallet_by_dialed_number_and_pin": _WALLET,
    "get_wallet_by_dialed_number_and_inbound_number": ("unknown_dialed_number", "unknown_inbound_number"),
    "subtract_tokens_from_wallet": (*_WALLET, "insufficient_tokens", "wallet_blocked"),
    "add_tokens_to_wallet": (*_WALLET, "too_many_tokens"),
    "calls_begin": _CALL,
    "calls_quote": _CALL,
    "calls_end": ("unknown_call",),
}
# Only a parameter without which nothing can be looked up is missing by a rule of the endpoint's own.
_MISSING = {"calls_quote": ("missing:inboundNumber",)}


def of(stem: str, model: Any, code: Code) -> list[str]:
    """Return the reasons that a refusal of an endpoint with a code can have."""
    if code == Code.REQUEST_INVALID:
        return _invalid(stem, model)
    if code == Code.FAILED:
        return list(_FAILED[stem])
    return sorted({error.reason for error in _subclasses(RequestError) if error.code == code})


def of_server_errors() -> list[str]:
    """Return the reasons of HTTP 500 and 503."""
    return sorted({ServerError.reason, *(error.reason for error in _subclasses(ServerError))})


def codes() -> list[Code]:
    """Return the codes of all refusals."""
    return sorted({error.code for error in _subclasses(ApiError)} | {Code.FAILED})


def _invalid(stem: str, model: Any) -> list[str]:
    names = list(parameters.fields(model))
    required = {field.alias for field in model.model_fields.values() if field.is_required()}
    return [
        *(f"missing:{name}" for name in names if name in required),
        *_MISSING.get(stem, ()),
        *(f"invalid:{name}" for name in names),
        *_OWN.get(stem, ()),
        *(["idempotency_key_reused"] if issubclass(model, IdempotentRequest) else []),
        *_BODY,
    ]


def _subclasses(error: type[ApiError]) -> Iterator[type[ApiError]]:
    for subclass in error.__subclasses__():
        # A command of the admin function has no path; its refusals have words instead of codes.
        if subclass is not CommandError:
            yield subclass
            yield from _subclasses(subclass)
