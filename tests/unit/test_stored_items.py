"""What lies in the tables, to the letter: another name, order or form makes stored items and digests unreadable.

Where one of these tests fails, living tables have to be migrated or the old form has to be read as well.
"""

from __future__ import annotations

from typing import Any

import pytest

from paidline.api.endpoint import Endpoint, IdempotentRequest
from paidline.domain.idempotency import key_for
from paidline.store import profiles
from paidline.store.agents import Agent
from paidline.store.api_clients import ApiClient
from paidline.store.call_sessions import CallSession
from paidline.store.dialed_numbers import DialedNumber
from paidline.store.idempotency_keys import UsedKey
from paidline.store.ledger import NO_DIGEST, LedgerEntry
from paidline.store.status_log import StatusLogRow
from paidline.store.wallets import Wallet
from tests.support import contract

OPENING = LedgerEntry(
    wallet_id="6254",
    seq=1,
    amount=1971,
    balance=1971,
    time="2026-11-25T12:00:00.000000Z",
    source="opening",
    key="",
    request_id="00000000000000000000000000000000",
    previous_digest=NO_DIGEST,
)
DEBIT = LedgerEntry(
    wallet_id="6254",
    seq=2,
    amount=-100,
    balance=1871,
    time="2026-11-25T12:00:01.000000Z",
    source="subtract_tokens_from_wallet",
    key="pbx1-1732377600.42",
    request_id="11111111111111111111111111111111",
    previous_digest="1:761904502cb13cf6d629ad65ef7223880a9c3ebae92f63ef1acd64ad9693abc5",
)
REFUND = DEBIT._replace(
    seq=3,
    amount=100,
    balance=1971,
    source="wallet.refund",
    kind="refund",
    held=300,
    call_id="pbx1-1732377600.42",
    operator="anna",
    reason="wrong agent",
    refund_of=2,
    previous_digest="1:d2fb38b552d35fadcafe6732093c334811375f07ee72817a45599413246a8f3f",
)
WALLET = Wallet(
    application_id="1288",
    wallet_id="6254",
    pin="0042",
    tokens=1871,
    seq=2,
    digest="1:d2fb38b552d35fadcafe6732093c334811375f07ee72817a45599413246a8f3f",
    phone_number="31612345678",
    email="caller@example.com",
)


def test_the_digests_of_ledger_entries_are_the_known_ones() -> None:
    assert OPENING.digest() == "1:761904502cb13cf6d629ad65ef7223880a9c3ebae92f63ef1acd64ad9693abc5"
    assert DEBIT.digest() == "1:d2fb38b552d35fadcafe6732093c334811375f07ee72817a45599413246a8f3f"
    assert REFUND.digest() == "2:43ac2ddb9d52227b0a1cc89d10c71655f9bfed2c94baa17b17856fa8ee24225b"


@pytest.mark.parametrize("detail", ["kind", "held", "call_id", "operator", "reason", "refund_of"])
def test_a_digest_changes_with_each_detail_of_an_entry(detail: str) -> None:
    other: Any = 7 if isinstance(getattr(REFUND, detail), int) else "other"

    digests = {entry.digest() for entry in (DEBIT, REFUND)} | {
        entry._replace(**{detail: other}).digest() for entry in (DEBIT, REFUND)
    }

    assert len(digests) == 4


@pytest.mark.parametrize(
    ("stem", "key_digest", "request_digest"),
    [
        (
            "add_tokens_to_wallet",
            "1:9d54784197419835e64058f4baa7eedaef20a01ea65f3e7219417f8d23475a23",
            "1:f6745d2a2359afe71d73e9b8526fbf07e4ee7cb92c269e30004d058416ac0fc0",
        ),
        (
            "subtract_tokens_from_wallet",
            "1:a773c0b6b89a328d4e225efcfc2354426f8af4738b0932bf160c43659d41468d",
            "1:f6745d2a2359afe71d73e9b8526fbf07e4ee7cb92c269e30004d058416ac0fc0",
        ),
        (
            "session_call_create_by_ref",
            "1:ce3382e3300907d5b0c8d256b4beeea46d4511a2f11f62bda5efeeacf3b9829a",
            "1:37c33a2fc1a23671aaa4b21a567297284b495e0285a35f9569f3eda0e99c7013",
        ),
    ],
)
def test_the_digests_of_keys_and_of_the_documented_requests_under_them_are_the_known_ones(
    handlers: dict[str, Endpoint[Any]], stem: str, key_digest: str, request_digest: str
) -> None:
    request = handlers[stem].model.model_validate(contract.parameters(stem))
    assert isinstance(request, IdempotentRequest)

    assert key_for("call-1", "0" * 64, stem, request.contents()) == ("call-1", key_digest, request_digest)


@pytest.mark.parametrize(
    ("stored", "item"),
    [
        (
            OPENING,
            {
                "walletId": {"S": "6254"},
                "seq": {"N": "1"},
                "amount": {"N": "1971"},
                "balance": {"N": "1971"},
                "time": {"S": "2026-11-25T12:00:00.000000Z"},
                "source": {"S": "opening"},
                "key": {"S": ""},
                "requestId": {"S": "00000000000000000000000000000000"},
                "previousDigest": {"S": ""},
            },
        ),
        (
            REFUND,
            {
                "walletId": {"S": "6254"},
                "seq": {"N": "3"},
                "amount": {"N": "100"},
                "balance": {"N": "1971"},
                "time": {"S": "2026-11-25T12:00:01.000000Z"},
                "source": {"S": "wallet.refund"},
                "key": {"S": "pbx1-1732377600.42"},
                "requestId": {"S": "11111111111111111111111111111111"},
                "previousDigest": {"S": "1:d2fb38b552d35fadcafe6732093c334811375f07ee72817a45599413246a8f3f"},
                "kind": {"S": "refund"},
                "callId": {"S": "pbx1-1732377600.42"},
                "operator": {"S": "anna"},
                "reason": {"S": "wrong agent"},
                "held": {"N": "300"},
                "refundOf": {"N": "2"},
            },
        ),
        (
            WALLET,
            {
                "applicationId": {"S": "1288"},
                "walletKey": {"S": "pin#42#0042"},
                "walletId": {"S": "6254"},
                "pin": {"S": "0042"},
                "tokens": {"N": "1871"},
                "seq": {"N": "2"},
                "digest": {"S": "1:d2fb38b552d35fadcafe6732093c334811375f07ee72817a45599413246a8f3f"},
                "phoneNumber": {"S": "31612345678"},
                "email": {"S": "caller@example.com"},
            },
        ),
        (
            WALLET._replace(blocked=True, held=300),
            {
                "applicationId": {"S": "1288"},
                "walletKey": {"S": "pin#42#0042"},
                "walletId": {"S": "6254"},
                "pin": {"S": "0042"},
                "tokens": {"N": "1871"},
                "seq": {"N": "2"},
                "digest": {"S": "1:d2fb38b552d35fadcafe6732093c334811375f07ee72817a45599413246a8f3f"},
                "phoneNumber": {"S": "31612345678"},
                "email": {"S": "caller@example.com"},
                "held": {"N": "300"},
                "blocked": {"BOOL": True},
            },
        ),
        (
            UsedKey("1:k", "1:c", "{}", 1_800_000_000),
            {
                "keyDigest": {"S": "1:k"},
                "requestDigest": {"S": "1:c"},
                "answer": {"S": "{}"},
                "expiresAt": {"N": "1800000000"},
            },
        ),
        (
            Agent(194, "000038", "online", "31612345678", True, 499, 30, 90, "2024-05-25T20:55:03Z"),
            {
                "refKey": {"S": "38"},
                "userId": {"N": "194"},
                "ref": {"S": "000038"},
                "status": {"S": "online"},
                "outboundNumber": {"S": "31612345678"},
                "lineSharing": {"BOOL": True},
                "lastLogId": {"N": "499"},
                "dialTimeOut": {"N": "30"},
                "tpm": {"N": "90"},
                "lastStatusChange": {"S": "2024-05-25T20:55:03Z"},
            },
        ),
        (
            StatusLogRow(499, 194, "000038", "2024-05-25T20:55:03Z", "online", "h", "203.0.113.7", "r"),
            {
                "refKey": {"S": "38"},
                "id": {"N": "499"},
                "statusId": {"S": "online#0000000000000499"},
                "userId": {"N": "194"},
                "ref": {"S": "000038"},
                "created": {"S": "2024-05-25T20:55:03Z"},
                "status": {"S": "online"},
                "handler": {"S": "h"},
                "ip": {"S": "203.0.113.7"},
                "requestId": {"S": "r"},
            },
        ),
        (
            ApiClient("d", "credsys", True, frozenset({"1288"})),
            {
                "hashDigest": {"S": "d"},
                "scope": {"S": "credsys"},
                "state": {"S": "active"},
                "applicationIds": {"SS": ["1288"]},
            },
        ),
        (
            DialedNumber("14620905014", "1288", "Company"),
            {"dialedNumber": {"S": "14620905014"}, "applicationId": {"S": "1288"}, "companyName": {"S": "Company"}},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_stored_has_these_names_and_is_read_back_by_them(stored: Any, item: dict[str, Any]) -> None:
    assert stored.to_item() == item
    assert type(stored).from_item(item) == stored


def test_a_call_session_is_stored_under_these_names() -> None:
    session = CallSession(
        id=33,
        ref="000038",
        user_id=194,
        dialed_number="14620905014",
        inbound_number="31612345678",
        outbound_number="31687654321",
        dial_status="answer",
        duration=60,
        start_time="2042-01-01 12:00:01",
        end_time="2042-01-01 13:00:01",
        tpm=90,
        created="2026-11-25T12:00:00.000000Z",
        request_id="r",
    )

    assert session.to_item() == {
        "id": {"N": "33"},
        "ref": {"S": "000038"},
        "userId": {"N": "194"},
        "dialedNumber": {"S": "14620905014"},
        "inboundNumber": {"S": "31612345678"},
        "outboundNumber": {"S": "31687654321"},
        "dialStatus": {"S": "answer"},
        "duration": {"N": "60"},
        "startTime": {"S": "2042-01-01 12:00:01"},
        "endTime": {"S": "2042-01-01 13:00:01"},
        "tpm": {"N": "90"},
        "created": {"S": "2026-11-25T12:00:00.000000Z"},
        "requestId": {"S": "r"},
        "day": {"S": "2026-11-25"},
    }


def test_a_paid_calls_session_has_its_tokens_and_every_session_the_day_of_the_services_zone() -> None:
    session = CallSession(1, "38", 194, "1", "2", "3", "answer", 60, "", "", 90, "2026-11-25T23:30:00.000000Z", "r", 92)
    item = session.to_item()

    assert (item["tokensCharged"], item["day"]) == ({"N": "92"}, {"S": "2026-11-26"})
    assert CallSession.from_item(item) == session


def test_pointers_and_profiles_are_stored_under_these_names() -> None:
    assert WALLET.to_pointer() == {
        "applicationId": {"S": "1288"},
        "walletKey": {"S": "phone#31612345678"},
        "pointsTo": {"S": "pin#42#0042"},
    }
    assert profiles.to_item("000038", {"_ctbNickname": "n"}) == {
        "refKey": {"S": "38"},
        "profile": {"S": '{"_ctbNickname":"n"}'},
    }
