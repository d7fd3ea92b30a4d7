"""Two calls at once on one wallet or one line, and a wallet that somebody else has emptied meanwhile."""

from __future__ import annotations

import math
import time

from tests.asterisk import scenario
from tests.asterisk.pbx import Pbx
from tests.asterisk.service import BALANCE, CALLER, PIN, SERVICE_NUMBER, Service
from tests.asterisk.slow_door import Door

_OTHER_CALLER = "31688006396"
_LONGER_THAN_PATIENCE = 6.0


def _call_by_pin_at_the_same_time() -> dict[str, str]:
    """A second telephone of the wallet's owner, for another agent."""
    return scenario.settings(scenario.ALONE, scenario.STRANGER, scenario.TYPES_PIN)


def _empty_wallet_but(api: Service, tokens: int) -> None:
    api.ask_credit("subtractTokensFromWallet", dialedNumber=SERVICE_NUMBER, pin=PIN, tokens=str(BALANCE - tokens))


# One wallet


def test_second_call_on_a_wallet_is_refused_before_the_agent_is_taken(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=7)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        asterisk.place(SERVICE_NUMBER, "callers", **_call_by_pin_at_the_same_time())
        said = end()

    assert "test-wallet-in-use" in said
    assert len(api.status_changes(scenario.ALONE)) == 1
    scenario.assert_paid_call(api, scenario.SHARING, CALLER)


def test_exactly_one_of_two_calls_gets_the_wallet_when_both_ask_at_the_same_moment(
    asterisk: Pbx, api: Service, door: Door
) -> None:
    door.hold("getWalletByDialedNumberAndInboundNumber", 2.0, times=2)
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=5)) as end:
        asterisk.place(SERVICE_NUMBER, "callers")
        said = end()

    assert said.count("test-wallet-in-use") > 0
    assert len(api.sessions()) == 1
    scenario.assert_paid_call(api, scenario.SHARING, CALLER)


def test_call_gets_no_wallet_while_another_call_is_about_to_claim_something(
    asterisk: Pbx, api: Service, door: Door
) -> None:
    asterisk.place("slowly", "claims", GO_ON="no")
    asterisk.wait_for_channel(";2!claims!.*!Wait!")

    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings()) as end:
        door.wait_for("getWalletByDialedNumberAndInboundNumber")
        # LOCK() gives up after three seconds.
        time.sleep(6)
        asterisk.cli("dialplan set global GO_ON yes")
        said = end()

    assert "test-wallet-in-use" in said
    assert [endpoint for endpoint, _ in door.requests] == ["getWalletByDialedNumberAndInboundNumber"]
    scenario.assert_nothing_happened(api)


def test_wallet_stays_in_use_until_its_late_debit_is_made(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("subtractTokensFromWallet", _LONGER_THAN_PATIENCE, times=2)
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings()) as end:
        asterisk.wait_for_channel("!paidline-retry!")
        asterisk.place(SERVICE_NUMBER, "callers", **_call_by_pin_at_the_same_time())
        said = end()

    assert "test-wallet-in-use" in said
    scenario.assert_paid_call(api, scenario.SHARING, CALLER)


def test_wallet_and_line_are_free_as_soon_as_they_are_settled_though_the_session_is_not(
    asterisk: Pbx, api: Service, door: Door
) -> None:
    door.fail("byRef", times=15)
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings()) as end:
        asterisk.wait_for_channel("!paidline-retry!")
        asterisk.place(SERVICE_NUMBER, "callers", **scenario.settings())
        said = end()

    assert "test-wallet-in-use" not in said
    assert len(api.ledger()) == 2
    assert len(api.sessions()) == 2


# One line


def test_second_call_on_a_line_hears_that_the_agent_is_unavailable_whatever_the_status_says(
    asterisk: Pbx, api: Service
) -> None:
    api.add_wallet("6255", "695335", _OTHER_CALLER)
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=7)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.ask_agents("updateStatusByRef", ref=scenario.SHARING, status="online")
        asterisk.place(SERVICE_NUMBER, "callers", **scenario.settings(caller=_OTHER_CALLER))
        said = end()

    assert "test-agent-unavailable" in said
    (session,) = api.sessions()
    assert session["inboundNumber"] == CALLER


# A wallet that holds less than the call costs


def test_refused_debit_takes_what_is_left_under_a_key_of_its_own(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=6)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        _empty_wallet_but(api, tokens=2)
        said = end()

    (session,) = api.sessions()
    price = math.ceil(int(session["duration"]) * scenario.TPM / 60)
    (entry,) = api.ledger()
    assert entry["key"].endswith("-rest")
    assert int(entry["amount"]) == -2
    assert api.balance() == 0
    (owed,) = (trace for trace in scenario.traces(said) if trace.startswith("OWED"))
    assert owed.endswith(f" walletId:6254 tokens:{price - 2}")
    assert asterisk.journal() == []


def test_nothing_is_taken_and_all_is_owed_when_the_wallet_is_empty(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        _empty_wallet_but(api, tokens=0)
        said = end()

    assert api.ledger() == []
    assert [trace.split()[0] for trace in scenario.traces(said)] == ["OWED"]


def test_rest_whose_answer_is_lost_is_sent_again_and_taken_once(asterisk: Pbx, api: Service, door: Door) -> None:
    door.hold("subtractTokensFromWallet", _LONGER_THAN_PATIENCE, times=1, after=1)
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=6)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        _empty_wallet_but(api, tokens=3)
        said = end()

    assert [endpoint for endpoint, _ in door.requests].count("subtractTokensFromWallet") == 3
    assert next(trace.split()[:2] for trace in scenario.traces(said)) == ["UNDELIVERED", "rest"]
    (entry,) = api.ledger()
    assert int(entry["amount"]) == -3
    assert api.balance() == 0


def test_debit_is_refused_for_good_when_the_wallet_is_gone(asterisk: Pbx, api: Service) -> None:
    with asterisk.calling(SERVICE_NUMBER, "callers", **scenario.settings(talks=4)) as end:
        asterisk.wait_for_channel("!agents!.*!Wait!")
        api.remove_wallets()
        said = end()

    assert [trace.split()[:2] for trace in scenario.traces(said)] == [["REFUSED", "rest"]]
    assert asterisk.journal() == []
