"""Agents, wallets, service numbers and hashes, as an operator types them."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest

from tests.support.command_line import CommandLine

NUMBER, PIN, EMAIL = "31688006395", "695334", "a1@a12.com"
WALLET = ("1288", "6254")


def test_a_service_number_has_billing_increments(paidline: CommandLine) -> None:
    new = (
        "number",
        "create",
        "31900000001",
        "--application",
        "1288",
        "--company",
        "C",
        "--billing-increments",
        "60/60",
    )
    paidline.type(*new)
    (shown,) = paidline.rows("number", "show", "31900000001")
    assert (shown["billingIncrements"], shown["companyName"]) == ("60/60", "C")

    paidline.type("number", "change", "31900000001", "--billing-increments", "30/6")
    assert paidline.type("number", "show", "31900000001", "--field", "billingIncrements") == "30/6\n"
    paidline.type("number", "remove", "31900000001", "--yes")
    assert "no such service number" in paidline.refused("number", "show", "31900000001")


def test_an_agent_is_created_changed_and_removed(paidline: CommandLine) -> None:
    paidline.type("agent", "create", "7", "--user-id", "7", "--tpm", "90", "--set", "_ctbNickname=Ann")
    paidline.type("agent", "change", "007", "--status", "pause", "--tpm", "120")
    (agent,) = paidline.rows("agent", "show", "7")
    assert (agent["tpm"], agent["status"], agent["profile"]) == (120, "pause", {"_ctbNickname": "Ann"})
    (row,) = paidline.rows("agent", "status-log", "7")
    assert row["status"] == "pause"

    assert "Only an agent who is offline" in paidline.refused("agent", "remove", "7", "--yes")
    paidline.type("agent", "change", "7", "--status", "offline")
    paidline.type("agent", "remove", "7", "--yes")
    assert "No agent has this ref." in paidline.refused("agent", "show", "7")


def test_an_agents_times_are_in_the_services_zone(paidline: CommandLine) -> None:
    assert paidline.type("agent", "show", "38", "--field", "lastStatusChange") == "2024-01-13 19:59:15+01:00\n"


def test_a_wallet_is_masked_unless_the_operator_wants_to_see_it(paidline: CommandLine) -> None:
    (masked,) = paidline.rows("wallet", "show", *WALLET)
    (revealed,) = paidline.rows("wallet", "show", "1288", "--pin", PIN, "--reveal")

    assert (masked["pin"], masked["phoneNumber"], masked["email"]) == ("****", "****395", "a***")
    assert (revealed["pin"], revealed["phoneNumber"], revealed["email"]) == (PIN, NUMBER, EMAIL)
    table = paidline.type("wallet", "show", "1288", "--phone", "+31 6 88006395")
    assert "****395" in table
    assert not [text for text in (NUMBER, PIN, EMAIL) if text in table]


def test_a_wallet_is_created_changed_blocked_and_its_tokens_are_corrected(paidline: CommandLine) -> None:
    paidline.type("wallet", "create", "1288", "--pin", "471147", "--wallet-id", "77", "--tokens", "50")
    paidline.type("wallet", "change", "1288", "77", "--email", "seven@example.com")
    paidline.type("wallet", "block", "1288", "77")
    assert paidline.type("wallet", "show", "1288", "77", "--field", "blocked") == "yes\n"
    paidline.type("wallet", "unblock", "1288", "77")
    paidline.type("wallet", "adjust", "1288", "77", "--amount", "-20", "--reason", "goodwill")
    (refunded,) = paidline.rows("wallet", "refund", "1288", "77", "--seq", "2", "--amount", "5", "--reason", "half")
    assert (refunded["tokens"], refunded["amount"]) == (35, 5)


def test_erasing_says_how_many_tokens_are_lost_and_asks(paidline: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    asked = paidline.type("wallet", "erase", *WALLET, code=1)
    assert "Erase this caller and the 1,971 tokens left? It cannot be undone." in asked
    assert "Aborted." in paidline.errors
    assert paidline.type("wallet", "show", *WALLET, "--field", "erased") == "no\n"

    (erased,) = paidline.rows("wallet", "erase", *WALLET, "--yes")
    assert erased["tokensLost"] == 1971
    (again,) = paidline.rows("wallet", "erase", *WALLET, "--yes")
    assert again["tokensLost"] == 0


def test_an_empty_wallet_is_erased_without_a_word_of_tokens(
    paidline: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    paidline.type("wallet", "adjust", *WALLET, "--amount", "-1971", "--reason", "paid out")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert "Erase this caller? It cannot be undone." in paidline.type("wallet", "erase", *WALLET)


def test_a_wallet_whose_tokens_a_call_holds_is_not_erased(paidline: CommandLine) -> None:
    assert "hold 900 tokens" in paidline.refused("wallet", "erase", "1288", "6255", "--yes")


def test_what_was_erased_is_erased_again(paidline: CommandLine) -> None:
    before = paidline.api.store.contents()
    paidline.type("wallet", "erase", *WALLET, "--yes")
    memory = paidline.api.store.items("ERASURES_TABLE")
    assert memory
    # As after a restore: everything but the memory is as it was.
    kept = {name: items for name, items in paidline.api.store.contents().items() if "Erasures" in name}
    paidline.api.store.restore({**before, **kept})

    (repeated,) = paidline.rows("erasure", "repeat")
    assert repeated["wallets"] == 1
    assert "No wallet" in paidline.refused("wallet", "show", "1288", "--pin", PIN)


def test_an_export_is_whole_and_unmasked(paidline: CommandLine) -> None:
    exported = json.loads(paidline.type("wallet", "export", *WALLET))
    assert exported["wallet"]["pin"] == PIN
    assert len(exported["ledger"]) == 1


def test_a_hash_is_issued_listed_changed_and_revoked(paidline: CommandLine) -> None:
    issue = ("hash", "issue", "pbx-9", "--scope", "calls", "--application", "1288", "--source", "192.0.2.0/24")
    issued = paidline.type(*issue, "--field", "hash").strip()
    assert len(issued) == 64
    *_, listed = paidline.rows("hash", "list")
    assert (listed["label"], listed["scope"], listed["sourceCidrs"]) == ("pbx-9", "calls", ["192.0.2.0/24"])
    assert date.fromisoformat(listed["issued"][:10])
    assert listed["issued"][-6:] in ("+01:00", "+02:00")

    prefix = listed["digestPrefix"]
    paidline.type("hash", "change", prefix, "--application", "all", "--label", "pbx-10")
    paidline.type("hash", "revoke", prefix, "--yes")
    *_, revoked = paidline.rows("hash", "list")
    assert (revoked["applicationIds"], revoked["label"], revoked["state"]) == ("all", "pbx-10", "revoked")


def test_when_a_hash_was_last_used_is_known_of_stacks_only(paidline: CommandLine) -> None:
    assert "`make run` keeps no logs" in paidline.refused("hash", "list", "--last-used")


def test_when_each_hash_was_last_used_is_shown_beside_it(
    paidline: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = paidline.type("hash", "list", "--field", "digestPrefix").split()[0]
    monkeypatch.setattr("admin.cli.logs.last_use_of_clients", lambda *_: {prefix: date(2026, 11, 25)})

    used = {row["digestPrefix"]: row["lastUsed"] for row in paidline.rows("hash", "list", "--last-used")}
    assert used.pop(prefix) == "2026-11-25"
    assert set(used.values()) == {None}


def test_one_field_is_printed_for_a_script_and_an_unknown_one_is_an_error(paidline: CommandLine) -> None:
    assert paidline.type("ledger", "show", "6254", "--field", "balance") == "1971\n"
    assert "no field tokns: it is one of applicationId" in paidline.refused(
        "wallet", "show", *WALLET, "--field", "tokns"
    )
    assert "Choose one of" in paidline.refused("ledger", "show", "6254", "--field", "seq", "--json")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["agent", "create", "39", "--user-id", "zero"], "'--user-id': not a whole number"),
        (["agent", "create", "39", "--user-id", "0"], "--user-id is not a whole number from 1 to 2147483647."),
        (["agent", "create", "39"], "Missing option '--user-id'"),
        (
            ["agent", "change", "38", "--status", "gone"],
            "--status is not 'online', 'inConversation', 'pause' or 'offline'.",
        ),
        (
            ["hash", "revoke", "zz", "--yes"],
            "The digestPrefix is not 8 to 64 hex digits, as a list of hashes shows them.",
        ),
        (["hash", "issue", "x", "--scope", "foo"], "--scope is not 'ctb', 'credsys', 'calls' or 'wallboard'."),
        (["number", "change", "14620905014", "--billing-increments", "0/1"], "such as 60/60."),
        (["wallet", "create", "1288", "--pin", "4 2"], "--pin is blank, or has blanks."),
        (["wallet", "adjust", "1288", "6254", "--amount", "5", "--reason", ""], "--reason is empty."),
        (["wallet", "show", "1288"], "Name the wallet by one of"),
        (["calls", "list", "--day", "2026-13-01"], "'--day': not a day that exists, written YYYY-MM-DD"),
        (["calls", "list", "--nosuch"], "see `paidline calls list --help`"),
        (["nosuch"], "nosuch"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_value_is_one_sentence_that_names_the_option(
    paidline: CommandLine, words: list[str], sentence: str
) -> None:
    assert sentence in paidline.refused(*words)
