"""Each endpoint's checks: which request gets which code, in which order, and for which reason."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paidline.domain.authentication import hash_digest
from paidline.store.api_clients import ALL_APPLICATIONS, ApiClient
from tests.support import documented
from tests.support.api import Api

NAUGHT = "0" * 64
STATUS = "get_status_by_ref"
UPDATE = "update_status_by_ref"
LINE = "update_status_by_line_sharing"
LOG = "get_status_log"
SESSION = "session_call_create_by_ref"
PROFILES = "get_profile_data"
BY_PIN = "get_wallet_by_dialed_number_and_pin"
BY_PHONE = "get_wallet_by_dialed_number_and_inbound_number"
SUBTRACT = "subtract_tokens_from_wallet"
ADD = "add_tokens_to_wallet"

REQUIRED = [(stem, name) for stem in documented.STEMS for name in documented.parameters(stem)]


@pytest.mark.parametrize(("stem", "name"), REQUIRED)
@pytest.mark.parametrize("absent", [None, "", "  "], ids=["missing", "empty", "blank"])
def test_a_parameter_that_is_absent_is_named_in_the_reason(api: Api, stem: str, name: str, absent: str | None) -> None:
    assert api.documented(stem, **{name: absent}).refusal == (10, f"missing:{name}")


@pytest.mark.parametrize(("stem", "name"), REQUIRED)
@pytest.mark.parametrize("wrong", [True, ["38"], {"a": 1}, 1.5], ids=["boolean", "list", "object", "float"])
def test_a_parameter_of_another_type_is_named_in_the_reason(api: Api, stem: str, name: str, wrong: Any) -> None:
    assert api.documented(stem, **{name: wrong}).refusal == (10, f"invalid:{name}")


@pytest.mark.parametrize("stem", documented.STEMS)
@pytest.mark.parametrize("wrong", [NAUGHT, "x", "FF36F129745A122E591722D3FDA495416FE05AA9586E12238EC4DAD37895E069"])
def test_a_wrong_hash_is_unauthorized_and_nothing_more_is_told(api: Api, stem: str, wrong: str) -> None:
    answer = api.documented(stem, authenticationHash=wrong)

    assert answer.refusal == (40, "unauthorized")
    assert answer.body == '{"status":0,"message":"unauthorized","code":40}'


@pytest.mark.parametrize("stem", documented.STEMS)
def test_a_hash_of_the_other_scope_is_unauthorized(api: Api, stem: str) -> None:
    own = documented.parameters(stem)["authenticationHash"]
    (other,) = {documented.AGENTS_HASH, documented.CREDIT_HASH} - {own}

    assert api.documented(stem, authenticationHash=other).refusal == (40, "unauthorized")


# Each request is wrong in several ways; the answer is that of the check that comes first.
@pytest.mark.parametrize(
    ("stem", "changes", "refusal"),
    [
        (STATUS, {"authenticationHash": NAUGHT, "ref": None}, (10, "missing:ref")),
        (STATUS, {"authenticationHash": NAUGHT, "ref": "999"}, (40, "unauthorized")),
        (STATUS, {"ref": "999"}, (200, "unknown_ref")),
        (UPDATE, {"authenticationHash": NAUGHT, "ref": "999", "status": None}, (10, "missing:status")),
        (UPDATE, {"authenticationHash": NAUGHT, "ref": "999", "status": "busy"}, (40, "unauthorized")),
        (UPDATE, {"ref": "999", "status": "busy"}, (200, "unknown_ref")),
        (UPDATE, {"status": "busy"}, (218, "invalid:status")),
        (LINE, {"authenticationHash": NAUGHT, "outboundNumber": "1", "status": None}, (10, "missing:status")),
        (LINE, {"authenticationHash": NAUGHT, "outboundNumber": "1", "status": "busy"}, (40, "unauthorized")),
        (LINE, {"outboundNumber": "1", "status": "busy"}, (221, "unknown_outbound_number")),
        (LINE, {"outboundNumber": "31612345679", "status": "busy"}, (218, "invalid:status")),
        (LINE, {"outboundNumber": "31612345679"}, (222, "line_not_shared")),
        (LOG, {"authenticationHash": NAUGHT, "ref": "999", "limit": "0"}, (10, "invalid:limit")),
        (LOG, {"authenticationHash": NAUGHT, "ref": "999", "status": "busy"}, (40, "unauthorized")),
        (LOG, {"ref": "999", "status": "busy"}, (200, "unknown_ref")),
        (LOG, {"status": "busy"}, (218, "invalid:status")),
        (LOG, {"before": "x"}, (10, "invalid:before")),
        (SESSION, {"authenticationHash": NAUGHT, "ref": "999", "duration": "-1"}, (10, "invalid:duration")),
        (SESSION, {"authenticationHash": NAUGHT, "ref": "999"}, (40, "unauthorized")),
        (SESSION, {"ref": "999", "dialedNumber": "1", "dialStatus": "x"}, (200, "unknown_ref")),
        (SESSION, {"dialedNumber": "1", "dialStatus": "x"}, (307, "unknown_dialed_number")),
        (SESSION, {"dialStatus": "x"}, (311, "invalid:dialStatus")),
        (PROFILES, {"authenticationHash": NAUGHT, "ref": []}, (10, "invalid:ref")),
        (PROFILES, {"authenticationHash": NAUGHT, "ref": "999"}, (40, "unauthorized")),
        (PROFILES, {"ref": "999"}, (200, "unknown_ref")),
        (PROFILES, {"fields": 1.5}, (10, "invalid:fields")),
        (BY_PIN, {"authenticationHash": NAUGHT, "dialedNumber": "x"}, (10, "invalid:dialedNumber")),
        (BY_PIN, {"authenticationHash": NAUGHT, "dialedNumber": "1"}, (40, "unauthorized")),
        (BY_PIN, {"dialedNumber": "1", "pin": "1"}, (30, "unknown_dialed_number")),
        (BY_PIN, {"pin": "1"}, (30, "unknown_pin")),
        (BY_PHONE, {"authenticationHash": NAUGHT, "inboundNumber": "x"}, (10, "invalid:inboundNumber")),
        (BY_PHONE, {"authenticationHash": NAUGHT, "inboundNumber": "1"}, (40, "unauthorized")),
        (BY_PHONE, {"dialedNumber": "1"}, (30, "unknown_dialed_number")),
        (BY_PHONE, {"inboundNumber": "1"}, (30, "unknown_inbound_number")),
        (BY_PHONE, {"inboundNumber": "Anonymous"}, (30, "unknown_inbound_number")),
        (SUBTRACT, {"authenticationHash": NAUGHT, "tokens": "0"}, (10, "invalid:tokens")),
        (SUBTRACT, {"authenticationHash": NAUGHT, "tokens": "9999"}, (40, "unauthorized")),
        (SUBTRACT, {"dialedNumber": "1"}, (30, "unknown_dialed_number")),
        (SUBTRACT, {"pin": "1"}, (30, "unknown_pin")),
        (SUBTRACT, {"tokens": "1972"}, (30, "insufficient_tokens")),
        (ADD, {"tokens": "1000000000000"}, (10, "invalid:tokens")),
        (ADD, {"tokens": "999999998029"}, (30, "too_many_tokens")),
        (ADD, {"idempotencyKey": "k" * 256}, (10, "invalid:idempotencyKey")),
    ],
)
def test_the_first_check_that_fails_decides(
    api: Api, stem: str, changes: dict[str, Any], refusal: tuple[int, str]
) -> None:
    before = api.store.contents()

    assert api.documented(stem, **changes).refusal == refusal
    assert api.store.contents() == before


@pytest.mark.parametrize(
    ("stem", "changes", "refusal"),
    [
        (UPDATE, {"status": "Online"}, (218, "invalid:status")),
        (UPDATE, {"status": "ONLINE"}, (218, "invalid:status")),
        (UPDATE, {"status": "IN_CONVERSATION"}, (218, "invalid:status")),
        (UPDATE, {"status": "inconversation"}, (218, "invalid:status")),
        (UPDATE, {"status": "o" * 10_000}, (218, "invalid:status")),
        (UPDATE, {"status": "online\x00"}, (218, "invalid:status")),
        (UPDATE, {"authenticationHash": "f" * 10_000}, (40, "unauthorized")),
        (UPDATE, {"authenticationHash": "\x00"}, (40, "unauthorized")),
        (UPDATE, {"authenticationHash": "\ud800"}, (10, "invalid:authenticationHash")),
        (UPDATE, {"status": "\ud800"}, (10, "invalid:status")),
        (SESSION, {"dialStatus": "answer"}, (311, "invalid:dialStatus")),
        (SESSION, {"dialStatus": "ANSWERED"}, (311, "invalid:dialStatus")),
        (SESSION, {"startTime": "2042-02-30 12:00:01"}, (10, "invalid:startTime")),
        (SESSION, {"endTime": "2042-01-01 25:00:01"}, (10, "invalid:endTime")),
        (SESSION, {"endTime": "2042-01-01 12:00:00"}, (10, "end_before_start")),
        (SESSION, {"inboundNumber": "nobody"}, (10, "invalid:inboundNumber")),
        (SESSION, {"outboundNumber": "anonymous"}, (10, "invalid:outboundNumber")),
        (SESSION, {"duration": "1.5"}, (10, "invalid:duration")),
    ],
)
def test_a_value_is_taken_to_the_letter(api: Api, stem: str, changes: dict[str, Any], refusal: tuple[int, str]) -> None:
    assert api.documented(stem, **changes).refusal == refusal


@pytest.mark.parametrize("ref", ["38", 38, "000038", "0038", "000000000038", " 38 "])
def test_leading_zeros_of_a_ref_do_not_count_and_the_stored_spelling_is_shown(api: Api, ref: str | int) -> None:
    assert api.documented(STATUS, ref=ref).json["user"]["ref"] == "000038"


def test_a_ref_with_two_digits_is_shown_with_two_digits(api: Api) -> None:
    assert api.documented(STATUS, ref=2).json["user"]["ref"] == "02"


def test_a_status_read_shows_line_and_status_as_they_are(api: Api) -> None:
    user = api.documented(STATUS, ref="02").json["user"]

    assert (user["status"], user["statusVisual"], user["lineSharing"]) == ("offline", "Offline", "false")
    assert isinstance(user["userId"], int)


@pytest.mark.parametrize(
    ("status", "visual"),
    [("online", "Beschikbaar"), ("inConversation", "In gesprek"), ("pause", "Pauze"), ("offline", "Offline")],
)
def test_each_status_can_be_set_and_is_read_back(api: Api, status: str, visual: str) -> None:
    written = api.documented(UPDATE, status=status).json["user"]
    read = api.documented(STATUS).json["user"]

    assert written == {"userId": 194, "ref": "000038", "status": status, "statusVisual": visual}
    assert read.items() >= written.items()


def test_the_time_of_the_last_change_moves_only_when_the_status_does(api: Api) -> None:
    def changed() -> str:
        (profile,) = api.documented(PROFILES, ref="38").json
        return str(profile["_ctbLastStatusChange"])

    before = changed()
    api.documented(UPDATE, status="online")
    unmoved = changed()
    api.documented(UPDATE, status="pause")

    assert unmoved == before
    assert changed() > before


def test_an_accepted_update_of_the_same_status_still_writes_its_row(api: Api) -> None:
    for _ in range(3):
        api.documented(UPDATE)

    rows = api.documented(LOG).json["data"]

    assert len(rows) == 3
    assert [int(row["id"]) for row in rows] == sorted({int(row["id"]) for row in rows}, reverse=True)
    assert {row["ip"] for row in rows} == {"203.0.113.7"}


@pytest.mark.parametrize("stem", [UPDATE, LINE])
@pytest.mark.parametrize("name", ["x-forwarded-for", "X-Forwarded-For", "forwarded", "x-real-ip"])
def test_the_log_has_the_address_that_the_gateway_saw_and_not_one_that_the_client_claims(
    api: Api, stem: str, name: str
) -> None:
    event = documented.event(stem)
    event["headers"] = {name: "198.51.100.66, 203.0.113.99"}

    api.send(stem, event)

    assert [row["ip"] for row in api.documented(LOG).json["data"]] == ["203.0.113.7"]


def test_only_agents_who_share_the_line_take_its_status(api: Api) -> None:
    answer = api.documented(LINE, status="pause")

    assert answer.json["user"]["userId"] == 194
    assert {agent["ref"]: agent["status"] for agent in api.store.items("AGENTS_TABLE")} == {
        "000038": "pause",
        "000968": "online",
        "02": "offline",
    }
    (row,) = api.documented(LOG).json["data"]
    assert row["handler"] == "RouteControllerUpdateUserStatusByLineSharing"


def test_the_name_outboundnumber_of_the_documents_table_is_understood(api: Api) -> None:
    assert api.documented(LINE, outboundNumber=None, outboundnumber="31612345678").code == 20


@pytest.mark.parametrize("word", ["anonymous", "Restricted", "UNKNOWN", "unavailable", "private"])
def test_a_withheld_caller_of_a_session_is_kept_as_given(api: Api, word: str) -> None:
    assert api.documented(SESSION, inboundNumber=word).json["callSession"]["inboundNumber"] == word


@pytest.mark.parametrize(
    "status",
    ["ANSWER", "BUSY", "NOANSWER", "CANCEL", "CONGESTION", "CHANUNAVAIL", "DONTCALL", "TORTURE", "INVALIDARGS"],
)
def test_a_dial_status_is_answered_in_lower_case(api: Api, status: str) -> None:
    assert api.documented(SESSION, dialStatus=status).json["callSession"]["dialStatus"] == status.lower()


def test_a_session_may_end_in_the_second_in_which_it_starts(api: Api) -> None:
    answer = api.documented(SESSION, endTime="2042-01-01 12:00:01", duration=0)

    assert answer.json["callSession"]["duration"] == "0"


def test_a_session_has_the_price_of_its_moment_and_an_id_that_grows(api: Api) -> None:
    first = api.documented(SESSION).json["callSession"]
    api.store.change("AGENTS_TABLE", {"refKey": {"S": "38"}}, "tpm", {"N": "120"})
    second = api.documented(SESSION).json["callSession"]

    assert (first["tpm"], second["tpm"]) == ("90", "120")
    assert first["id"] == first["sessionId"] != second["id"]
    assert {item["id"] for item in api.store.items("CALL_SESSIONS_TABLE")} == {first["id"], second["id"]}


def test_phone_numbers_are_stored_and_answered_as_digits(api: Api) -> None:
    session = api.documented(
        SESSION, inboundNumber="+31 6 1234-5678", dialedNumber="0031612345678", outboundNumber=31612345678
    ).json["callSession"]

    assert {session["inboundNumber"], session["dialedNumber"], session["outboundNumber"]} == {"31612345678"}


def test_the_record_of_a_call_has_all_that_was_sent(api: Api) -> None:
    sent = {"inboundNumber": "31600000001", "outboundNumber": "31600000002", "duration": 61, "dialStatus": "BUSY"}
    session = api.documented(SESSION, **sent).json["callSession"]
    (stored,) = api.store.items("CALL_SESSIONS_TABLE")

    assert len(stored.pop("requestId")) == 32
    assert datetime.now(UTC) - datetime.fromisoformat(stored.pop("created")) < timedelta(minutes=5)
    assert stored == {
        "id": session["id"],
        "ref": "000038",
        "userId": "194",
        "dialedNumber": "31612345678",
        "inboundNumber": "31600000001",
        "outboundNumber": "31600000002",
        "dialStatus": "busy",
        "duration": "61",
        "startTime": "2042-01-01 12:00:01",
        "endTime": "2042-01-01 13:00:01",
        "tpm": "90",
    }


def add_wallet(api: Api, pin: str, wallet_id: str) -> None:
    wallet = api.store.client.get_item(
        TableName=api.store.service.environment["WALLETS_TABLE"],
        Key={"applicationId": {"S": "1288"}, "walletKey": {"S": "pin#695334#695334"}},
    )["Item"]
    key = f"pin#{pin.lstrip('0')}#{pin}"
    api.store.put("WALLETS_TABLE", {**wallet, "walletKey": {"S": key}, "pin": {"S": pin}, "walletId": {"S": wallet_id}})


def test_an_integer_finds_the_pin_that_it_equals_once_left_padded(api: Api) -> None:
    add_wallet(api, "0042", "9")

    assert api.documented(BY_PIN, pin=42).json["wallet"]["pin"] == "0042"
    assert api.documented(BY_PIN, pin="42").refusal == (30, "unknown_pin")


def test_an_integer_that_may_be_two_pins_finds_none(api: Api) -> None:
    add_wallet(api, "0042", "9")
    add_wallet(api, "042", "10")

    assert api.documented(SUBTRACT, pin=42).refusal == (30, "ambiguous_pin")


def test_an_integer_finds_the_pin_that_it_is_to_the_letter_before_any_other(api: Api) -> None:
    add_wallet(api, "0042", "9")
    add_wallet(api, "42", "10")

    assert api.documented(BY_PIN, pin=42).json["wallet"]["walletId"] == "10"


def test_a_wallet_is_found_by_every_number_of_its_application(api: Api) -> None:
    wallet = api.documented(BY_PIN, dialedNumber="+31612345678").json["wallet"]

    assert (wallet["walletId"], wallet["dialedNumber"]) == ("6254", "31612345678")


def test_a_wallet_is_unknown_behind_the_number_of_another_application(api: Api) -> None:
    number = {"dialedNumber": {"S": "4711"}, "applicationId": {"S": "7"}, "companyName": {"S": "other"}}
    api.store.put("DIALED_NUMBERS_TABLE", number)

    assert api.documented(BY_PIN, dialedNumber="4711").refusal == (30, "unknown_pin")
    assert api.documented(BY_PHONE, dialedNumber="4711").refusal == (30, "unknown_inbound_number")


def test_a_pointer_to_a_wallet_that_is_gone_finds_nothing(api: Api) -> None:
    key = {"applicationId": {"S": "1288"}, "walletKey": {"S": "pin#695334#695334"}}
    api.store.client.delete_item(TableName=api.store.service.environment["WALLETS_TABLE"], Key=key)

    assert api.documented(BY_PHONE).refusal == (30, "unknown_inbound_number")


def test_the_whole_balance_can_be_taken_and_then_nothing(api: Api) -> None:
    assert api.documented(SUBTRACT, tokens=1971).json["wallet"]["tokens"] == "0"
    assert api.documented(SUBTRACT, tokens=1).refusal == (30, "insufficient_tokens")


def test_a_wallet_can_be_filled_to_the_maximum_and_no_further(api: Api) -> None:
    assert api.documented(ADD, tokens="999999998028").json["wallet"]["tokens"] == "999999999999"
    assert api.documented(ADD, tokens=1).refusal == (30, "too_many_tokens")


def test_each_movement_has_its_entry_in_the_ledger(api: Api) -> None:
    api.documented(SUBTRACT, idempotencyKey="call-1")
    api.documented(ADD, tokens=5)

    entries = sorted(api.store.items("WALLET_LEDGER_TABLE"), key=lambda entry: int(entry["seq"]))

    assert [(entry["seq"], entry["amount"], entry["balance"], entry["source"], entry["key"]) for entry in entries] == [
        ("1", "1971", "1971", "opening", ""),
        ("2", "-100", "1871", SUBTRACT, "call-1"),
        ("3", "5", "1876", ADD, ""),
    ]


@pytest.mark.parametrize("stem", [SUBTRACT, ADD, SESSION])
def test_a_repeat_with_its_key_gets_the_first_answer_and_has_no_effect(api: Api, stem: str) -> None:
    first = api.call(stem, documented.parameters(stem), idempotency_key="call-1")
    after = api.store.contents()
    repeat = api.documented(stem, idempotencyKey="call-1")

    assert repeat.body == first.body
    assert "idempotency-hit" not in first.headers
    assert repeat.headers["idempotency-hit"] == "true"
    assert api.store.contents() == after


def test_a_key_with_other_contents_is_refused(api: Api) -> None:
    api.documented(SUBTRACT, idempotencyKey="call-1")

    assert api.documented(SUBTRACT, idempotencyKey="call-1", tokens=7).refusal == (10, "idempotency_key_reused")


def test_a_key_that_a_refusal_left_unused_works_later(api: Api) -> None:
    refused = api.documented(SUBTRACT, idempotencyKey="call-1", tokens=2000)
    api.documented(ADD, tokens=29)

    assert refused.refusal == (30, "insufficient_tokens")
    assert api.documented(SUBTRACT, idempotencyKey="call-1", tokens=2000).json["wallet"]["tokens"] == "0"


def test_a_debit_that_emptied_the_wallet_is_answered_again_with_its_success(api: Api) -> None:
    first = api.documented(SUBTRACT, idempotencyKey="call-1", tokens=1971)

    assert api.documented(SUBTRACT, idempotencyKey="call-1", tokens=1971).body == first.body


def test_a_key_belongs_to_the_endpoint_that_used_it(api: Api) -> None:
    api.documented(SUBTRACT, idempotencyKey="call-1")
    added = api.documented(ADD, idempotencyKey="call-1")

    assert added.json["wallet"]["tokens"] == "1971"
    assert "idempotency-hit" not in added.headers


def test_a_key_belongs_to_the_hash_that_used_it(api: Api) -> None:
    other = ApiClient(hash_digest("another hash"), "credsys", active=True, application_ids=ALL_APPLICATIONS)
    api.store.put("API_CLIENTS_TABLE", other.to_item())
    api.documented(SUBTRACT, idempotencyKey="call-1")

    second = api.documented(SUBTRACT, idempotencyKey="call-1", authenticationHash="another hash")

    assert second.json["wallet"]["tokens"] == "1771"


def test_a_key_is_free_again_after_30_days_whether_or_not_its_item_is_gone(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    thirty_days = 30 * 24 * 60 * 60
    now = time.time()
    api.documented(SUBTRACT, idempotencyKey="call-1")
    monkeypatch.setattr(time, "time", lambda: now + thirty_days - 60)
    kept = api.documented(SUBTRACT, idempotencyKey="call-1")
    monkeypatch.setattr(time, "time", lambda: now + thirty_days + 60)
    expired = api.documented(SUBTRACT, idempotencyKey="call-1")

    assert kept.headers["idempotency-hit"] == "true"
    assert expired.json["wallet"]["tokens"] == "1771"


def test_an_expired_key_gives_its_answer_no_more_where_the_request_is_now_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    api.documented(SUBTRACT, idempotencyKey="call-1", tokens=1971)
    monkeypatch.setattr(time, "time", lambda: now + 31 * 24 * 60 * 60)

    answer = api.documented(SUBTRACT, idempotencyKey="call-1", tokens=1971)

    assert answer.refusal == (30, "insufficient_tokens")


def test_a_blank_key_in_the_header_is_no_key(api: Api) -> None:
    for _ in range(2):
        answer = api.call(SUBTRACT, documented.parameters(SUBTRACT), idempotency_key="  ")

    assert answer.json["wallet"]["tokens"] == "1771"


def test_the_header_counts_before_the_parameter(api: Api) -> None:
    api.call(SUBTRACT, documented.changed(SUBTRACT, idempotencyKey="one"), idempotency_key="two")
    repeat = api.documented(SUBTRACT, idempotencyKey="two")
    first = api.documented(SUBTRACT, idempotencyKey="one")

    assert "idempotency-hit" in repeat.headers
    assert "idempotency-hit" not in first.headers


@pytest.mark.parametrize("stem", documented.STEMS)
def test_sam_locals_title_case_headers_and_missing_headers_are_understood(api: Api, stem: str) -> None:
    event = documented.event(stem)
    event["headers"] = {name.title(): value for name, value in event["headers"].items()}
    bare = documented.event(stem)
    del bare["headers"]

    assert api.send(stem, event).reason is None
    assert api.send(stem, bare).reason is None


@pytest.mark.parametrize("stem", documented.STEMS)
def test_an_event_without_a_body_is_an_invalid_request(api: Api, stem: str) -> None:
    event = documented.event(stem)
    del event["body"]

    assert api.send(stem, event).refusal == (10, "missing:authenticationHash")


def test_a_call_is_the_same_whatever_the_leading_zeros_of_its_ref(api: Api) -> None:
    first = api.documented(SESSION, idempotencyKey="call-1", ref="000038")
    again = api.documented(SESSION, idempotencyKey="call-1", ref=38)

    assert again.body == first.body
    assert again.headers["idempotency-hit"] == "true"
