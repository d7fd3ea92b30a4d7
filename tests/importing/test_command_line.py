"""`paidline import` and `paidline compare`, as an operator types them, on the service that `make run` serves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from admin.cli.main import run
from admin.importing.writer import StoreTooBusy
from local.template import PROJECT
from tests.importing.conftest import Importer

WALLETS = """applicationId,walletId,pin,tokens,phoneNumber,email
7,1,0042,10,31612345601,a@example.com
7,2,0043,20,,
7,3,43,30,,
"""


@pytest.fixture(autouse=True)
def _operator(importer: Importer, gateway: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIDLINE_URL", gateway)
    monkeypatch.setenv("PAIDLINE_OPERATOR", "tester")


@pytest.fixture
def wallets(tmp_path: Path) -> Path:
    path = tmp_path / "wallets.csv"
    path.write_text(WALLETS, encoding="utf-8")
    return path


def test_an_import_is_shown_first_then_done_and_then_has_nothing_to_do(
    wallets: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["import", "wallets", str(wallets), "--dry-run"]) == 1
    dry = capfd.readouterr()
    assert "wallet 1" in dry.out
    assert "is the same as in row 4" in dry.out
    assert "Would be written: 1 new, 0 changed. Left as they are: 0. Rejected: 2." in dry.err

    assert run(["import", "wallets", str(wallets)]) == 1
    done = capfd.readouterr()
    assert "Written: 1 new" in done.err
    rejected = wallets.with_name("wallets.rejects.csv")
    assert f"The rejected rows are in {rejected}" in done.err

    rejected.write_text(rejected.read_text().replace("7,3,43", "7,3,44"))
    assert run(["import", "wallets", str(rejected)]) == 0
    assert "Written: 2 new" in capfd.readouterr().err
    assert run(["import", "wallets", str(wallets)]) == 1
    assert "Written: 0 new, 0 changed. Left as they are: 1. Rejected: 2." in capfd.readouterr().err


def test_changes_are_masked_unless_the_operator_wants_to_see_them(
    wallets: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(["import", "wallets", str(wallets)])
    wallets.write_text(WALLETS.replace("31612345601", "31699999999").replace(",10,", ",11,"))
    capfd.readouterr()

    run(["import", "wallets", str(wallets), "--dry-run", "--json"])
    masked = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    run(["import", "wallets", str(wallets), "--dry-run", "--reveal"])

    assert {"row": 2, "what": "wallet 1", "field": "tokens", "before": 10, "after": 11} in masked
    assert {"row": 2, "what": "wallet 1", "field": "phoneNumber", "before": "****601", "after": "****999"} in masked
    assert "31699999999" in capfd.readouterr().out


def test_a_comparison_shows_both_sides_and_ends_with_1_until_they_agree(
    wallets: Path, importer: Importer, capfd: pytest.CaptureFixture[str]
) -> None:
    wallets.write_text("applicationId,walletId,pin,tokens\n1288,6254,695334,1900\n7,1,1,5\n")
    assert run(["compare", "wallets", str(wallets), "--json"]) == 1
    printed = capfd.readouterr()
    rows = [json.loads(line) for line in printed.out.splitlines()]
    assert rows[:2] == [
        {"name": "6254", "field": "tokens", "old": 1900, "here": 1971},
        {"name": "1", "field": "", "old": "present", "here": None},
    ]
    assert "All tokens: 1,905 in the file, 1,971 here." in printed.err

    run(["import", "wallets", str(wallets)])
    assert run(["compare", "wallets", str(wallets)]) == 0
    assert "2 equal, 0 different, 0 missing here, 0 only here" in capfd.readouterr().err

    wallets.write_text("applicationId,walletId,pin,tokens\n7,1,1,5\n")
    assert run(["compare", "wallets", str(wallets)]) == 1
    printed = capfd.readouterr()
    assert "1 equal, 0 different, 0 missing here, 1 only here" in printed.err
    assert "What is only here counts as a difference: the file may have been cut off." in printed.err


def test_an_erased_wallet_that_is_only_here_is_no_difference(
    wallets: Path, importer: Importer, capfd: pytest.CaptureFixture[str]
) -> None:
    wallets.write_text("applicationId,walletId,pin,tokens\n1288,6254,695334,1971\n")
    run(["wallet", "create", "7", "--wallet-id", "9", "--pin", "9999"])
    assert run(["compare", "wallets", str(wallets)]) == 1
    run(["wallet", "erase", "7", "9", "--yes"])
    assert run(["compare", "wallets", str(wallets)]) == 0


@pytest.mark.parametrize("content", ["", "applicationId,walletId,pin,tokens\n"], ids=["empty", "only a header"])
@pytest.mark.parametrize("command", ["import", "compare"])
def test_a_file_without_rows_is_refused(
    wallets: Path, command: str, content: str, capfd: pytest.CaptureFixture[str]
) -> None:
    wallets.write_text(content)
    assert run([command, "wallets", str(wallets)]) == 2
    assert capfd.readouterr().err == f"{wallets} has no rows to read.\n"


@pytest.mark.parametrize("noun", ["wallets", "agents", "dialed-numbers", "status-log"])
def test_a_table_without_a_column_that_every_row_needs_is_refused_as_a_whole(
    wallets: Path, noun: str, capfd: pytest.CaptureFixture[str]
) -> None:
    wallets.write_text("ID,user_login\n1,editor\n")
    assert run(["import", noun, str(wallets)]) == 2
    assert "say with --map which column each is." in capfd.readouterr().err
    assert not wallets.with_name("wallets.rejects.csv").exists()


def test_the_example_of_wordpress_imports_callers_and_then_agents(
    importer: Importer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = PROJECT / "examples" / "import"
    users = [str(folder / "wp_users.csv"), "--meta", str(folder / "wp_usermeta.csv")]
    rejects = ["--rejects", str(tmp_path / "rejects.csv")]

    assert run(["import", "wallets", *users, "--map", str(folder / "wordpress-wallets.toml"), *rejects]) == 0
    assert "Written: 1 new, 1 changed." in capfd.readouterr().err
    assert importer.api.store.item("WALLETS_TABLE", walletId="6255")["pin"] == "0042"
    assert run(["import", "agents", *users, "--map", str(folder / "wordpress-agents.toml"), *rejects]) == 0
    assert importer.api.store.item("AGENTS_TABLE", ref="000968")["lineSharing"] is True


def test_an_interrupted_comparison_is_one_sentence(
    wallets: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("admin.importing.staging.Staging.stored_only", interrupt)
    assert run(["compare", "wallets", str(wallets)]) == 2
    assert capfd.readouterr().err == "Interrupted: what was done until then stays.\n"


def test_an_import_of_service_numbers_leaves_their_billing_increments_alone(importer: Importer, tmp_path: Path) -> None:
    run(["number", "change", "14620905014", "--billing-increments", "60/60"])
    file = tmp_path / "numbers.csv"
    file.write_text("dialedNumber,applicationId,companyName\n14620905014,1288,New name\n")
    assert run(["import", "dialed-numbers", str(file)]) == 0
    stored = importer.api.store.item("DIALED_NUMBERS_TABLE", dialedNumber="14620905014")
    assert (stored["companyName"], stored["billingIncrements"]) == ("New name", "60/60")

    file.write_text("dialedNumber,applicationId,companyName,billingIncrements\n14620905014,1288,New name,30/6\n")
    assert run(["import", "dialed-numbers", str(file)]) == 0
    assert importer.api.store.item("DIALED_NUMBERS_TABLE", dialedNumber="14620905014")["billingIncrements"] == "30/6"


def test_statuses_are_compared_with_the_old_answer_of_all_profiles(
    importer: Importer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    profiles = importer.api.request("get_profile_data").json
    path = tmp_path / "profiles.json"
    path.write_text(json.dumps(profiles), encoding="utf-8")
    assert run(["compare", "agents", str(path)]) == 0

    importer.api.request("update_status_by_ref", ref="38", status="pause")
    capfd.readouterr()
    assert run(["compare", "agents", str(path), "--json"]) == 1
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert {"name": "38", "field": "status", "old": "online", "here": "pause"} in rows


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "wallets", "absent.csv"], "absent.csv cannot be read: No such file or directory."),
        (["compare", "wallets", "absent.csv"], "absent.csv cannot be read: No such file or directory."),
        (["import", "wallets", "w.csv", "--map", "absent.toml"], "absent.toml cannot be read"),
        (["import", "wallets", "w.csv", "--meta", "m.csv"], "--meta needs a --map"),
        (["import", "wallets", "w.csv", "--rejects", "w.csv"], "The rejects would overwrite w.csv"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_2(
    arguments: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2

    printed = capfd.readouterr()
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        StoreTooBusy(),
        EndpointConnectionError(endpoint_url="http://127.0.0.1"),
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "TransactWriteItems"),
    ],
    ids=["interrupted", "no capacity", "no network", "missing right"],
)
def test_half_an_import_is_one_sentence_that_says_how_to_go_on(
    wallets: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> list[object]:
        raise error

    monkeypatch.setattr("admin.importing.writer.write_changes", fail)

    assert run(["import", "wallets", str(wallets)]) == 2
    printed = capfd.readouterr().err
    assert "what was written stays, and the same command goes on from there." in printed
    assert len(printed.splitlines()) == 1
