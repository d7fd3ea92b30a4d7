"""The protocol of the admin function: requests, errors, keys, versions, the audit line, the policy and the page."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from local.template import PROJECT
from paidline.errors import InvalidCommand
from paidline.management.function import COMMANDS
from tests.integration.test_store_calls import allowed
from tests.support import paid_calls, wire
from tests.support.admin import (
    EMAIL,
    NEW_HASH,
    NEW_WALLET,
    PERSONAL,
    PHONE_NUMBER,
    PIN,
    REASON,
    WALLET,
    Admin,
    use_every_command,
)
from tests.support.api import Api
from tests.support.service import Service

PAGE = (PROJECT / "docs" / "admin-api.md").read_text(encoding="utf-8")
DESCRIBE = {"version": 1, "command": "service.describe", "operator": "anna"}
READING = {"show", "list", "describe", "export", "erase", "repeat"}


def audit_lines(text: str) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, text.splitlines()) if line.get("message") == "audit"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"version": 2}, "invalid_request", "version"),
        ({"version": None}, "invalid_request", "version"),
        ({"operator": None}, "invalid_request", "operator"),
        ({"operator": ""}, "invalid_request", "operator"),
        ({"operator": "anna@example.com"}, "invalid_request", "operator"),
        ({"operator": "31688000077"}, "invalid_request", "operator"),
        ({"operator": "a" * 65}, "invalid_request", "operator"),
        ({"command": None}, "invalid_request", "command"),
        ({"command": "wallet.burn"}, "unknown_command", "command"),
        ({"arguments": []}, "invalid_request", "arguments"),
        ({"arguments": {"verbose": True}}, "invalid_request", "verbose"),
        ({"arguments": {"half": ["\ud800"]}}, "invalid_request", "arguments"),
        ({"key": "with blanks"}, "invalid_request", "key"),
        ({"mode": "fast"}, "invalid_request", "mode"),
    ],
)
def test_a_request_that_is_malformed_is_refused_by_the_member_at_fault(
    storeless: Admin, changes: dict[str, Any], code: str, field: str
) -> None:
    request = {**DESCRIBE, **changes}
    error = storeless.invoke({name: value for name, value in request.items() if value is not None})["error"]

    assert (error["code"], error["field"]) == (code, field)


def test_nothing_of_a_malformed_command_stays_in_memory(storeless: Admin) -> None:
    storeless.invoke({**DESCRIBE, "operator": "anna@example.com"})
    gc.collect()

    assert [error for error in gc.get_objects() if isinstance(error, InvalidCommand)] == []


@pytest.mark.parametrize("payload", [None, [], "text", 1, {}])
def test_a_payload_that_is_no_request_is_refused_and_raises_nothing(storeless: Admin, payload: Any) -> None:
    assert storeless.invoke(payload)["error"]["code"] == "invalid_request"


def test_the_service_tells_where_its_tables_are(admin: Admin, service: Service) -> None:
    described = admin.do("service.describe")

    assert described["tables"] == {name: table for name, table in service.tables.items() if name.endswith("_TABLE")}
    assert described["dynamoDbEndpoint"] == service.endpoint
    assert described["timeZone"] == "Europe/Amsterdam"
    assert re.fullmatch(r"\d+\.\d+\.\d+", described["stackVersion"])


def test_each_command_sent_again_with_its_key_answers_the_same_and_changes_nothing(
    admin: Admin, service: Service
) -> None:
    def twice(command: str, key: str | None = None, /, **arguments: Any) -> Any:
        first = admin.do(command, key, **arguments)
        if key is None:
            return first
        before = {name: service.items(name) for name in service.tables if name.endswith("_TABLE")}
        again = admin.do(command, key, **arguments)

        assert again == ({**first, "hash": None} if command == "hash.issue" else first)
        assert {name: service.items(name) for name in before} == before
        return first

    use_every_command(twice)


def test_each_command_that_changes_something_is_used_with_a_key(admin: Admin) -> None:
    used: dict[str, str | None] = {}

    def note(command: str, key: str | None = None, /, **arguments: Any) -> Any:
        used[command] = key
        return admin.do(command, key, **arguments)

    use_every_command(note)

    assert used.keys() == COMMANDS.keys()
    assert {command for command, key in used.items() if key is None} == {
        command for command in COMMANDS if command.split(".")[1] in READING
    }


def test_a_key_that_is_used_again_for_something_else_is_refused(admin: Admin) -> None:
    admin.do("wallet.adjust", "k", wallet=WALLET, amount=5, reason=REASON)

    assert admin.fail("wallet.adjust", "k", wallet=WALLET, amount=6, reason=REASON) == ("refused", "key")
    assert admin.do("wallet.show", wallet=WALLET)["tokens"] == 105


def test_a_key_belongs_to_its_command(admin: Admin) -> None:
    admin.do("wallet.block", "k", wallet=WALLET)
    admin.do("wallet.unblock", "k", wallet=WALLET)

    assert not admin.do("wallet.show", wallet=WALLET)["blocked"]


def test_an_error_is_not_kept_under_its_key(admin: Admin) -> None:
    assert admin.fail("wallet.adjust", "k", wallet=WALLET, amount=-101, reason=REASON) == ("refused", "amount")
    admin.do("wallet.adjust", "other", wallet=WALLET, amount=1, reason=REASON)

    assert admin.do("wallet.adjust", "k", wallet=WALLET, amount=-101, reason=REASON)["tokens"] == 0


def test_two_deliveries_of_one_key_at_the_same_moment_take_effect_once(admin: Admin, service: Service) -> None:
    results = []
    with wire.before(
        "TransactWriteItems",
        lambda: results.append(admin.do("wallet.adjust", "k", wallet=WALLET, amount=7, reason=REASON)),
    ):
        results.append(admin.do("wallet.adjust", "k", wallet=WALLET, amount=7, reason=REASON))

    assert results[0] == results[1]
    assert [entry["amount"]["N"] for entry in service.entries()] == ["7"]


def test_a_store_that_does_not_answer_is_unavailable_and_a_bug_an_internal_error(admin: Admin) -> None:
    with wire.raising(ReadTimeoutError(endpoint_url="http://store")):
        unavailable = admin.fail("hash.list")
    with wire.raising(RuntimeError(EMAIL)):
        failed = admin.fail("hash.list")

    assert unavailable == ("store_unavailable", "")
    assert failed == ("internal_error", "")


def test_each_command_writes_one_audit_line_that_names_ids_and_nothing_personal(
    admin: Admin, logged: Callable[[], str]
) -> None:
    count = 0

    def counted(command: str, key: str | None = None, /, **arguments: Any) -> Any:
        nonlocal count
        count += 1
        return admin.do(command, key, **arguments)

    hashes = use_every_command(counted)
    written = logged()
    lines = audit_lines(written)

    assert len(lines) == count
    assert {line["command"] for line in lines} == COMMANDS.keys()
    assert {line["operator"] for line in lines} == {"anna"}
    assert {line["outcome"] for line in lines} == {"ok"}
    assert len({line["requestId"] for line in lines}) == count
    targets = {line["command"]: line["target"] for line in lines}
    assert targets["agent.remove"] == {"ref": "0007", "userId": 7}
    assert targets["wallet.change"] == NEW_WALLET
    assert targets["wallet.refund"] == {**NEW_WALLET, "seq": 3}
    assert targets["dialedNumber.remove"] == {"applicationId": "1288", "dialedNumber": "…0001"}
    assert targets["hash.revoke"].keys() == {"digestPrefix"}
    assert not [text for text in (*PERSONAL, REASON, *hashes, "31900000001") if text in written]


def test_a_refused_command_is_in_the_audit_with_its_outcome_and_without_what_was_mistyped(
    admin: Admin, logged: Callable[[], str]
) -> None:
    admin.fail("wallet.show", wallet={"applicationId": "1288", "walletId": PHONE_NUMBER})
    admin.fail("wallet.adjust", "k", wallet=WALLET, amount=-101, reason=f"{EMAIL}")
    admin.fail("wallet.adjust", PHONE_NUMBER, wallet={**WALLET, "pin": "471147"}, amount=1, reason=REASON)
    written = logged()

    assert [(line["outcome"], line["target"]) for line in audit_lines(written)] == [
        ("not_found", {}),
        ("refused", WALLET),
        ("invalid_request", {}),
    ]
    assert not [text for text in PERSONAL if text in written]


@pytest.mark.parametrize(
    "error", [RuntimeError(), ReadTimeoutError(endpoint_url="http://store")], ids=["fault", "time-out"]
)
def test_a_command_that_fails_before_its_item_is_found_does_not_name_what_may_be_mistyped(
    admin: Admin, logged: Callable[[], str], error: Exception
) -> None:
    with wire.raising(error):
        admin.fail("agent.show", ref=PHONE_NUMBER)
        admin.fail("wallet.show", wallet={"applicationId": "1288", "walletId": PIN})
    written = logged()

    assert [line["target"] for line in audit_lines(written)] == [{}, {}]
    assert not [text for text in PERSONAL if text in written]


def test_a_fault_tells_where_it_is_and_nothing_that_was_sent(admin: Admin, logged: Callable[[], str]) -> None:
    with wire.raising(RuntimeError(f"{EMAIL} {PHONE_NUMBER}")):
        admin.fail("wallet.create", applicationId="1288", pin="471147", phoneNumber=PHONE_NUMBER, email=EMAIL)
    written = logged()

    assert "RuntimeError" in written
    assert audit_lines(written)[0]["outcome"] == "internal_error"
    assert not [text for text in PERSONAL if text in written]


def test_the_entry_of_a_movement_has_the_request_id_of_its_audit_line(
    admin: Admin, service: Service, logged: Callable[[], str]
) -> None:
    admin.do("wallet.adjust", "k", wallet=WALLET, amount=5, reason=REASON)
    (entry,) = service.entries()
    (line,) = audit_lines(logged())

    assert entry["requestId"]["S"] == line["requestId"]
    assert (entry["operator"]["S"], entry["reason"]["S"], entry["key"]["S"]) == ("anna", REASON, "k")


def test_the_function_may_do_what_its_commands_do_and_nothing_else(api: Api) -> None:
    admin = Admin()

    def with_calls(command: str, key: str | None = None, /, **arguments: Any) -> Any:
        if command == "wallet.export":
            for sent in ("call-1", "call-2"):
                api.request("session_call_create_by_ref", inboundNumber=PHONE_NUMBER, idempotencyKey=sent)
            # A paid call of the wallet that is erased next.
            paid_call = paid_calls.live_call()._replace(call_id="7", wallet_id="77")
            api.store.put("CALLS_TABLE", paid_call.to_item())
        with wire.recorded() as calls:
            result = admin.do(command, key, **arguments)
        used.update(permission for call in calls for permission in call.permissions)
        return result

    used: set[tuple[str, str]] = set()
    use_every_command(with_calls)
    with wire.recorded() as repeated:
        admin.do("hash.issue", "15", **NEW_HASH)
    used.update(permission for call in repeated for permission in call.permissions)

    assert used == allowed("admin")


def test_the_page_has_every_command_and_no_other() -> None:
    listed = {
        name
        for row in re.findall(r"^\| (`\w+\.\w+`.*?) \|", PAGE, flags=re.M)
        for name in re.findall(r"`(\w+\.\w+)`", row)
    }

    assert listed | {"service.describe"} == COMMANDS.keys()
    assert "`service.describe`" in PAGE


def test_the_page_has_every_argument_of_each_command() -> None:
    for name, command in COMMANDS.items():
        row = next((row for row in PAGE.splitlines() if row.startswith("|") and f"`{name}`" in row), "")
        row += next((row for row in reversed(PAGE.splitlines()) if row.startswith("|") and f"`{name}`" in row), "")
        for field in command.arguments.model_fields.values():
            assert f"`{field.alias}`" in row, f"docs/admin-api.md does not name {field.alias} of {name}"


def test_the_page_has_every_error_code() -> None:
    codes = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## Errors")[2].partition("## Service")[0], flags=re.M)

    assert codes == [
        "invalid_request",
        "unknown_command",
        "not_found",
        "already_exists",
        "conflict",
        "refused",
        "store_unavailable",
        "internal_error",
    ]


def test_the_example_payload_gets_the_answer_of_the_page(api: Api) -> None:
    event = json.loads((PROJECT / "events" / "admin.json").read_text(encoding="utf-8"))
    (example,) = [block for block in re.findall(r"^```\n(.*?)\n```$", PAGE, flags=re.M | re.S) if '"result"' in block]

    assert Admin().invoke(event) == json.loads(example)
