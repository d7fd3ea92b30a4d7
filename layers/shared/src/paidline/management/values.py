"""Types of arguments and of loaded data beyond those of requests, and the base of their models."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from paidline.api.response import to_json
from paidline.domain.types import MAX_CALL_S, MAX_TOKENS, AgentStatus, PhoneNumber, Ref, string_or_int, whole_number
from paidline.store.dialed_numbers import PER_SECOND

# Asterisk's JSON_DECODE parses numbers as C ints.
_MAX_USER_ID = 2**31 - 1
_MAX_TEXT = 255


def _max_json_bytes(limit: int) -> AfterValidator:
    """Limit a text's length in bytes of response JSON, where é takes six, an emoji twelve and a slash two.

    A PBX reads only 1,023 bytes of a response, so each value in it is limited.
    """

    def check(value: str) -> str:
        if len(to_json(value)) - len('""') > limit:
            raise ValueError(f"longer than {limit} bytes in the JSON of a response")
        return value

    return AfterValidator(check)


def _check_printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("not printable")
    return value


def _matching(pattern: str, complaint: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(complaint)
        return value

    return AfterValidator(check)


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Id = Annotated[str, BeforeValidator(string_or_int), Field(min_length=1), _max_json_bytes(64)]
"""An applicationId or walletId, text or integer: `1288`."""

AgentRef = Annotated[Ref, Field(min_length=1), _max_json_bytes(_MAX_TEXT)]
"""An agent's reference, `000038`; that of a request cannot be blank anyway."""

UserId = Annotated[int, whole_number(1, _MAX_USER_ID)]
"""The id of an agent at the web site: `194`."""

ShownText = Annotated[str, _max_json_bytes(_MAX_TEXT)]
"""A text in a response that a PBX reads, such as a company's name."""

PinText = Annotated[
    str, _matching(r"\S+", "blank, or has blanks"), AfterValidator(_check_printable), _max_json_bytes(64)
]
"""A PIN, which is text, because a number loses its leading zeros: `0042`."""

StoredPhoneNumber = Annotated[PhoneNumber | None, BeforeValidator(_none_if_blank)]
"""A phone number, or null or "" for none."""

BillingIncrements = Annotated[
    str, _matching(r"[1-9][0-9]{0,4}/[1-9][0-9]{0,4}", "not two numbers of seconds such as 60/60")
]
"""First and following seconds for which a paid call is charged: `60/60`, `30/6`."""

Reason = Annotated[str, Field(min_length=1, max_length=_MAX_TEXT), AfterValidator(_check_printable)]
"""Why an operator changes a balance; it stays in the ledger for good."""

Label = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_check_printable)]
"""An operator's name for a hash: `pbx-1 wallets`."""

Balance = Annotated[int, whole_number(0, MAX_TOKENS)]
"""A balance in tokens: `1971`."""

DigestPrefix = Annotated[str, _matching(r"[0-9a-f]{8,64}", "not 8 to 64 hex digits, as a list of hashes shows them")]
"""The start of a hash's digest: `3f9a0c51d27e`."""

Version = Annotated[int, whole_number(0, 2**53 - 1)]
"""The version of an item that a command is for."""


# What values lack, by pydantic's types of errors, as the end of a sentence that begins with the field and "is".
_COMPLAINTS = {
    "bool_type": "neither true nor false",
    "dict_type": "not an object",
    "enum": "not {expected}",
    "extra_forbidden": "unknown",
    "frozen_set_type": "not a list",
    "list_type": "not a list",
    "literal_error": "not {expected}",
    "missing": "missing",
    "model_type": "not an object",
    "string_too_long": "longer than {max_length} characters",
    "string_too_short": "empty",
    "string_type": "not text",
    "value_error": "{error}",
}


def complaint(error: ErrorDetails) -> str:
    """Return what is wrong with a value, as the end of a sentence that begins with its name and "is"."""
    template = _COMPLAINTS.get(error["type"], "not valid")
    return template.format(**error.get("ctx", {}))


class Model(BaseModel):
    """The base of arguments and of loaded entries: camelCase names, and nothing that is not known."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)

    def given(self, *names: str) -> dict[str, Any]:
        """Return those of the named fields that were given, even if null."""
        return {name: getattr(self, name) for name in names if name in self.model_fields_set}


class AgentProperties(Model):
    """What can be set of an agent, with what it is if nothing is given. `tpm` is the price, in tokens per minute."""

    status: AgentStatus = AgentStatus.OFFLINE
    outbound_number: StoredPhoneNumber = None
    dial_time_out: Annotated[int, whole_number(0, MAX_CALL_S)] = 30
    line_sharing: StrictBool = False
    tpm: Annotated[int, whole_number(0, MAX_TOKENS)] = 0


class AgentEntry(AgentProperties):
    """A new agent."""

    user_id: UserId
    ref: AgentRef
    profile: dict[str, str] = {}


class DialedNumberEntry(Model):
    """A new service number."""

    dialed_number: PhoneNumber
    application_id: Id
    company_name: ShownText
    billing_increments: BillingIncrements = PER_SECOND


class WalletEntry(Model):
    """A new wallet."""

    application_id: Id
    wallet_id: Id
    pin: PinText
    tokens: Balance = 0
    phone_number: StoredPhoneNumber = None
    email: ShownText = ""
