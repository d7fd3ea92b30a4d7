"""Files of every kind: what is read of them, what is refused, and that none crashes an import."""

from __future__ import annotations

import csv
import json
import os
import stat
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from admin.importing import mapping
from admin.importing.run import KINDS, STATUS_LOG, Progress, Source, fields, read
from admin.importing.sources import InputError
from admin.importing.staging import Staging
from local.template import PROJECT
from tests.importing.conftest import ZONE, Importer, counted

EXAMPLES = PROJECT / "examples" / "import"
NUMBERS = "dialedNumber,applicationId,companyName\n4711,7,Seven\n4712,7,Acht\n"
MAPS = ("wordpress-wallets.toml", "wordpress-agents.toml")


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("n.csv", NUMBERS),
        ("n.csv", "\ufeff" + NUMBERS.replace(",", ";").replace("\n", "\r\n")),
        ("n.tsv", NUMBERS.replace(",", "\t")),
        (
            "n.json",
            '[{"dialedNumber":"4711","applicationId":7,"companyName":"Seven"},\n'
            '{"dialedNumber":4712,"applicationId":"7","companyName":"Acht"}]',
        ),
        (
            "n.jsonl",
            '\ufeff\n{"dialedNumber":"4711","applicationId":7,"companyName":"Seven"}\n\n'
            '{"dialedNumber":4712,"applicationId":"7","companyName":"Acht"}\n',
        ),
    ],
    ids=["commas", "semicolons with a BOM", "tabs", "a list", "lines with a BOM"],
)
def test_a_file_is_read_in_any_of_its_usual_forms(importer: Importer, name: str, content: str) -> None:
    path = written(importer.folder, name, content)

    assert counted(importer.file("dialed-numbers", path)) == (2, 0, 0, 0)
    assert counted(importer.file("dialed-numbers", path)) == (0, 0, 2, 0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("n.csv", b"dialedNumber\n\xff\n", "is not UTF-8 text: save it as UTF-8."),
        ("n.csv", NUMBERS + '"4711', "is not a CSV file"),
        ("n.csv", "dialedNumber,applicationId,companyName,companyName\n1,2,3,4\n", "has two columns of the same name."),
        ("n.json", '[{"a": 1}, {"a"', "is not JSON, or breaks off."),
        ("n.jsonl", '{"a": 1}\n{"a": \n', "is not JSON in line 2."),
        ("n.json", "hello", "is not JSON, or breaks off."),
        ("n.md", "hello", "is not JSON, or breaks off; only .csv and .tsv files are read as CSV."),
        ("n.json", "[" * 100_000, "is nested more than 20 times."),
        ("n.json", '{"a":' * 100_000, "is nested more than 20 times."),
    ],
    ids=["encoding", "open quote", "columns", "list", "line", "text", "another name", "deep list", "deep object"],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(
    importer: Importer, name: str, content: str | bytes, said: str
) -> None:
    path = written(importer.folder, name, content)

    with pytest.raises(InputError) as refused:
        importer.file("dialed-numbers", path)

    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(importer: Importer) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file or directory"):
        importer.file("wallets", importer.folder / "absent.csv")


def test_a_refusal_of_the_old_system_is_a_reject(importer: Importer) -> None:
    importer.rows("status-log", {"status": 0, "message": "ref not found", "code": 200})

    assert importer.rejects == [(1, "", "is a refusal of the old system")]


def test_a_reject_that_is_too_short_takes_no_column_from_those_after_it(importer: Importer) -> None:
    path = written(importer.folder, "n.csv", "dialedNumber,applicationId,companyName\n4713,7\nx,7,Bad\n")
    reject_file = importer.folder / "n.rejects.csv"
    importer.run(Source("dialed-numbers", path), reject_file)

    with reject_file.open(newline="") as file:
        assert [row["companyName"] for row in csv.DictReader(file)] == ["", "Bad"]


def test_rejected_rows_of_csv_can_be_mended_and_imported_themselves(importer: Importer) -> None:
    path = written(importer.folder, "n.csv", NUMBERS + "x,7,Bad\n4713,7,Too,many\n")
    reject_file = importer.folder / "n.rejects.csv"
    source = Source("dialed-numbers", path)
    importer.run(source, reject_file)

    assert stat.S_IMODE(os.stat(reject_file).st_mode) == 0o600
    with reject_file.open(newline="") as file:
        rejected = list(csv.DictReader(file))
    assert [(row["_row"], row["_field"], row["_reason"]) for row in rejected] == [
        ("4", "dialedNumber", "is not 1 to 15 digits"),
        ("5", "", "has not as many cells as the header"),
    ]
    mended = written(importer.folder, "mended.csv", reject_file.read_text().replace("x,7", "4714,7"))
    assert counted(importer.file("dialed-numbers", mended)) == (2, 0, 0, 0)
    assert importer.api.store.item("DIALED_NUMBERS_TABLE", dialedNumber="4714")["companyName"] == "Bad"


def test_rejected_rows_of_json_can_be_mended_and_imported_themselves(importer: Importer) -> None:
    importer.rows("agents", {"ref": "1", "userId": 0, "_ctbNickname": "A"}, {"ref": "9", "userId": 9})

    (row,) = [json.loads(line) for line in importer.reject_file.read_text().splitlines()]
    assert (row["_row"], row["_field"]) == (1, "userId")
    assert counted(importer.rows("agents", {**row, "userId": 1})) == (1, 0, 0, 0)


def test_the_wordpress_example_imports_callers_and_agents_and_leaves_editors_out(importer: Importer) -> None:
    wallets = mapping.read(EXAMPLES / MAPS[0], KINDS["wallets"].fields)
    agents = mapping.read(EXAMPLES / MAPS[1], KINDS["agents"].fields)
    users, meta = EXAMPLES / "wp_users.csv", EXAMPLES / "wp_usermeta.csv"

    # The first is the example data's own, but for her address.
    assert counted(importer.file("wallets", users, mapping=wallets, meta=meta)) == (1, 1, 0, 0)
    assert counted(importer.file("agents", users, mapping=agents, meta=meta)) == (0, 1, 0, 0)

    assert importer.api.store.item("WALLETS_TABLE", walletId="6255")["pin"] == "0042"
    assert importer.api.store.item("WALLETS_TABLE", walletId="6254")["phoneNumber"] == "31688006395"
    user = importer.api.request("get_status_by_ref", ref="968").json["user"]
    assert (user["dialTimeOut"], user["lineSharing"]) == ("25", "true")


def test_a_rejected_row_of_a_mapped_file_needs_no_mapping_when_it_is_mended(importer: Importer) -> None:
    users = written(importer.folder, "u.csv", "ID,user_email\n7,a@b\n")
    meta = written(importer.folder, "m.csv", "user_id,meta_key,meta_value\n7,_credSysPin,1 2\n7,_credSysTokens,5\n")
    wallets = mapping.read(EXAMPLES / MAPS[0], KINDS["wallets"].fields)
    importer.file("wallets", users, mapping=wallets, meta=meta)

    (row,) = [json.loads(line) for line in importer.reject_file.read_text().splitlines()]
    assert counted(importer.rows("wallets", {**row, "pin": "12"})) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[columns]\npin = ", "is not TOML"),
        ("[columns]\npinn = 'a'", r"maps to unknown fields \(pinn\); known are applicationId, walletId"),
        ("[colums]\npin = 'a'", "is not a mapping: colums is unknown"),
        ("columns = 3", "is not a mapping: columns is unknown or not text"),
        ("skip-without = 'x'", r"unknown fields \(x\)"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        mapping.read(written(tmp_path, "map.toml", content), KINDS["wallets"].fields)


def test_a_mapping_to_a_column_that_is_not_there_is_refused_before_anything_is_read(importer: Importer) -> None:
    wallets = mapping.read(EXAMPLES / MAPS[0], KINDS["wallets"].fields)
    users = written(importer.folder, "u.csv", "ID,mail\n")

    with pytest.raises(InputError, match="has no column user_email, which the mapping names"):
        importer.file("wallets", users, mapping=wallets)


def test_a_file_that_is_not_wp_usermeta_is_refused(importer: Importer) -> None:
    wallets = mapping.read(EXAMPLES / MAPS[0], KINDS["wallets"].fields)

    with pytest.raises(InputError, match="has no columns user_id, meta_key, meta_value"):
        importer.file("wallets", EXAMPLES / "wp_users.csv", mapping=wallets, meta=EXAMPLES / "wp_users.csv")


NAMES = sorted({name for noun in (*KINDS, STATUS_LOG) for name in fields(noun)} | {"status", "data", "user", "_row"})
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["38", "000968", "online", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=5,
)
ROWS = st.dictionaries(st.sampled_from(NAMES) | st.text(), VALUES, max_size=8)
JSON_FILES = st.lists(ROWS | VALUES, max_size=4).map(json.dumps) | st.lists(ROWS, max_size=4).map(
    lambda rows: "\n".join(map(json.dumps, rows))
)
CELLS = st.text(max_size=12) | st.sampled_from(["38", "NULL", "2024-03-31 02:30:00", "9999-12-31 23:59:59", "-1"])


@st.composite
def csv_files(draw: st.DrawFn) -> str:
    header = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
    rows = draw(st.lists(st.lists(CELLS, min_size=len(header), max_size=len(header)), max_size=4))
    return "\n".join(",".join(cells) for cells in [header, *rows])


def _reads(noun: str, name: str, content: bytes) -> None:
    """Read a file as an import does; whatever is in it, only InputError may be raised."""
    with TemporaryDirectory() as folder, closing(Staging()) as staging:
        path = written(Path(folder), name, content)
        with suppress(InputError):
            read(Source(noun, path), ZONE, staging, Progress())
        list(staging.claimed_twice())
        list(staging.repeated())
        list(staging.rejects())


ANY_NOUN = st.sampled_from([*KINDS, STATUS_LOG])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY_NOUN, st.sampled_from(["f.csv", "f.json"]), st.binary(max_size=200))
@example("wallets", "f.json", b"[" + b"9" * 5000 + b"]")
@example("agents", "f.csv", b"ref\n\x00\n")
def test_no_bytes_crash_an_import(noun: str, name: str, content: bytes) -> None:
    _reads(noun, name, content)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY_NOUN, JSON_FILES)
@example("agents", '[{"ref": "\\ud800"}]')
@example("agents", '[{"ref": 1, "lastStatusChange": "0001-01-01 00:00:00"}]')
@example("wallets", '[{"tokens": ' + "9" * 5000 + "}]")
def test_no_json_crashes_an_import(noun: str, content: str) -> None:
    _reads(noun, "f.json", content.encode("utf-8", "surrogatepass"))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY_NOUN, csv_files())
def test_no_table_crashes_an_import(noun: str, content: str) -> None:
    _reads(noun, "f.csv", content.encode("utf-8", "surrogatepass"))


def test_every_row_is_either_staged_or_rejected(tmp_path: Path) -> None:
    path = written(tmp_path, "n.csv", NUMBERS + "x,7,Bad\n")
    with closing(Staging()) as staging:
        read(Source("dialed-numbers", path), ZONE, staging, Progress())

        assert (staging.count(), staging.count_rejects()) == (2, 1)
