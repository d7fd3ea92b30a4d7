"""The longest answer of each endpoint but the lists, with the longest that can be loaded in every field."""

from __future__ import annotations

from typing import Any

import pytest

from admin import data
from paidline import ids
from paidline.domain.types import MAX_TOKENS
from tests.support import contract
from tests.support.api import Api

PBX_LIMIT = 1_024
LISTS = {"get_status_log", "get_profile_data", "wallboard"}
STEMS = [stem for stem in contract.STEMS if stem not in LISTS]
# Twelve bytes each, as two escaped surrogates.
FACES = "\U0001f600"
PHONE = "9" * 15
# As long as a ref may be: 255 bytes.
REF = FACES * 21 + "xxx"
CALL_ID = "/" * 64
CREDIT = [stem for stem in STEMS if "wallet" in stem]
OPEN_TO_ALL = [*CREDIT, *(stem for stem in STEMS if stem.startswith("calls_"))]

AGENT = {
    "userId": 2_147_483_647,
    "ref": REF,
    "status": "online",
    "outboundNumber": PHONE,
    "dialTimeOut": 999_999_999,
    "lineSharing": True,
    "tpm": MAX_TOKENS,
}
NUMBER = {"dialedNumber": PHONE, "applicationId": "a" * 64, "companyName": "/" * 127 + "x"}
WALLET = {
    "applicationId": "a" * 64,
    "walletId": "w" * 64,
    "pin": "/" * 32,
    "tokens": MAX_TOKENS - 1,
    "phoneNumber": PHONE,
    "email": FACES * 21 + "xxx",
}
CHANGES: dict[str, dict[str, Any]] = {
    "get_status_by_ref": {"ref": REF},
    "update_status_by_ref": {"ref": REF, "status": "inConversation"},
    "update_status_by_line_sharing": {"outboundNumber": PHONE, "status": "inConversation"},
    "calls_begin": {"callId": CALL_ID, "pbx": CALL_ID, "dialedNumber": PHONE, "ref": REF, "inboundNumber": PHONE},
    "calls_end": {"callId": CALL_ID, "pbx": CALL_ID, "dialStatus": "CHANUNAVAIL", "duration": 999_999_999},
    "calls_sync": {"pbx": CALL_ID},
    "calls_quote": {"dialedNumber": PHONE, "ref": REF, "inboundNumber": PHONE},
    "session_call_create_by_ref": {
        "ref": REF,
        "inboundNumber": PHONE,
        "dialedNumber": PHONE,
        "outboundNumber": PHONE,
        "duration": 999_999_999,
        "dialStatus": "CHANUNAVAIL",
    },
    "get_wallet_by_dialed_number_and_inbound_number": {"dialedNumber": PHONE, "inboundNumber": PHONE},
    **{
        stem: {"dialedNumber": PHONE, "pin": "/" * 32, "tokens": 1, "idempotencyKey": "k" * 255}
        for stem in CREDIT
        if "inbound" not in stem
    },
}


def load(api: Api, **document: Any) -> None:
    data.load(api.store.client, document)


@pytest.mark.parametrize("stem", STEMS)
def test_the_longest_answer_of_an_endpoint_fits_where_a_pbx_reads_it(
    api: Api, stem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(api, agents=[AGENT], dialedNumbers=[NUMBER], wallets=[WALLET])
    scope = "calls" if stem.startswith("calls_") else "credsys"
    load(api, apiClients=[{"authenticationHash": "all-open", "scope": scope, "applicationIds": "all"}])
    if stem == "calls_end":
        api.request("calls_begin", **CHANGES["calls_begin"], authenticationHash="all-open")
    # The longest id that can be made.
    monkeypatch.setattr(ids, "new_id", lambda: ids.LAST_ID)

    answer = api.request(stem, **CHANGES[stem], **({"authenticationHash": "all-open"} if stem in OPEN_TO_ALL else {}))

    assert answer.reason is None
    print(f"{len(answer.body.encode())} bytes at most: {stem}")
    assert len(answer.body.encode()) < PBX_LIMIT


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"agents": [{**AGENT, "userId": 2_147_483_648}]}, "agents.0.userId"),
        ({"agents": [{**AGENT, "ref": "x" * 65}]}, "agents.0.ref"),
        ({"agents": [{**AGENT, "ref": FACES * 22}]}, "agents.0.ref"),
        ({"agents": [{**AGENT, "dialTimeOut": 1_000_000_000}]}, "agents.0.dialTimeOut"),
        ({"agents": [{**AGENT, "tpm": MAX_TOKENS + 1}]}, "agents.0.tpm"),
        ({"dialedNumbers": [{**NUMBER, "applicationId": "a" * 65}]}, "dialedNumbers.0.applicationId"),
        ({"dialedNumbers": [{**NUMBER, "applicationId": "/" * 33}]}, "dialedNumbers.0.applicationId"),
        ({"dialedNumbers": [{**NUMBER, "companyName": "x" * 256}]}, "dialedNumbers.0.companyName"),
        ({"dialedNumbers": [{**NUMBER, "companyName": "/" * 128}]}, "dialedNumbers.0.companyName"),
        ({"dialedNumbers": [{**NUMBER, "companyName": "é" * 43}]}, "dialedNumbers.0.companyName"),
        ({"dialedNumbers": [{**NUMBER, "companyName": FACES * 22}]}, "dialedNumbers.0.companyName"),
        ({"wallets": [{**WALLET, "applicationId": "é" * 11}]}, "wallets.0.applicationId"),
        ({"wallets": [{**WALLET, "walletId": FACES * 6}]}, "wallets.0.walletId"),
        ({"wallets": [{**WALLET, "pin": "9" * 65}]}, "wallets.0.pin"),
        ({"wallets": [{**WALLET, "pin": "/" * 33}]}, "wallets.0.pin"),
        ({"wallets": [{**WALLET, "email": "x" * 256}]}, "wallets.0.email"),
        ({"wallets": [{**WALLET, "email": "\n" * 128}]}, "wallets.0.email"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_make_an_answer_longer_is_refused_when_it_is_loaded(
    api: Api, document: dict[str, Any], said: str
) -> None:
    before = api.store.contents()
    with pytest.raises(data.DataError, match=said):
        load(api, **document)

    assert api.store.contents() == before
