"""What a scenario is set up with, and what it may leave in the store and in the log."""

from __future__ import annotations

import math
import re

from tests.asterisk.service import BALANCE, CALLER, SERVICE_NUMBER, Service

STRANGER = "31699999999"
SHARING = "000038"
ALONE = "000968"
TPM = 90
TYPES_PIN = "D(ww695334#)"

BY_REF = "RouteControllerUpdateUserStatus"
BY_LINE = "RouteControllerUpdateUserStatusByLineSharing"


def settings(
    ref: str = SHARING, caller: str = CALLER, does: str = "", agent: str = "talks", talks: int = 2
) -> dict[str, str]:
    """The globals that say who calls whom, and what the two do."""
    return {
        "REF": ref,
        "CALLER": caller,
        "CALLER_DOES": does,
        "PATIENCE": "25",
        "AGENT": agent,
        "AGENT_TALKS": str(talks),
    }


def assert_paid_call(api: Service, ref: str, inbound_number: str) -> None:
    """One session, one debit of its price, the agent free again."""
    (session,) = api.sessions()
    assert session["ref"] == ref
    assert session["dialStatus"] == "answer"
    assert session["inboundNumber"] == inbound_number
    assert session["dialedNumber"] == SERVICE_NUMBER
    price = math.ceil(int(session["duration"]) * TPM / 60)
    assert price > 0
    (entry,) = api.ledger()
    assert entry["source"].lower().startswith("subtract")
    assert int(entry["amount"]) == -price
    assert api.balance() == BALANCE - price
    assert_taken_and_free(api, ref)


def assert_unpaid_call(api: Service, ref: str, dial_status: str) -> None:
    """One session, nothing debited, the agent free again."""
    (session,) = api.sessions()
    assert session["dialStatus"] == dial_status
    assert session["duration"] == "0"
    assert_nothing_debited(api)
    assert_taken_and_free(api, ref)


def assert_taken_and_free(api: Service, ref: str) -> None:
    handler = BY_LINE if ref == SHARING else BY_REF
    assert api.status_changes(ref)[-2:] == [("inConversation", handler), ("online", handler)]
    assert api.status(ref) == "online"


def assert_free(api: Service, ref: str) -> None:
    """The agent is online after a call of two requests, and the wallet holds nothing."""
    assert [status for status, _ in api.status_changes(ref)[-2:]] == ["inConversation", "online"]
    assert api.status(ref) == "online"
    assert api.held() == 0


def assert_nothing_debited(api: Service) -> None:
    assert api.ledger() == []
    assert api.balance() == BALANCE


def assert_nothing_happened(api: Service) -> None:
    assert api.sessions() == []
    assert_nothing_debited(api)
    assert api.status_changes(SHARING) == []
    assert len(api.status_changes(ALONE)) == 1


def traces(said: str) -> list[str]:
    """What the kit wrote into the log, without Asterisk's own word on the step that wrote it."""
    lines = [line for line in said.splitlines() if "Executing" not in line]
    return re.findall(r"paidline ((?:UNDELIVERED|DELIVERED|REFUSED|ABANDONED|OWED|INTERRUPTED) .+)", "\n".join(lines))
