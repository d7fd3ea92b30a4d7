"""Which engine is found on a machine, from what is named, installed and offered there; the programs here are fakes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local import engine, find_engine, tables, template
from local.find_engine import EngineError

Install = Callable[[str], Path]

# Stands in for java and docker: notes its arguments and answers on the port that they name, without being a DynamoDB.
FAKE = f"""#!{sys.executable}
import http.server, pathlib, sys
pathlib.Path(__file__).with_suffix(".arguments").write_text("\\n".join(sys.argv[1:]))
port = next(word for option, word in zip(sys.argv, sys.argv[1:]) if option in ("-port", "--publish"))
port = port.removesuffix(":8000").rpartition(":")[2]
http.server.HTTPServer(("127.0.0.1", int(port)), http.server.BaseHTTPRequestHandler).serve_forever()
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """A machine with nothing on it: no npm, no engine. Calling the fixture puts a program on its PATH."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(find_engine, "_PACKAGED", tmp_path / "packaged")
    monkeypatch.delenv("DYNAMODB_ENGINE", raising=False)
    monkeypatch.delenv("DYNAMODB_LOCAL", raising=False)

    def put(name: str) -> Path:
        program = programs / name
        program.write_text(FAKE, encoding="utf-8")
        program.chmod(0o755)
        return program

    return put


def arguments_of(program: Path) -> list[str]:
    return program.with_suffix(".arguments").read_text(encoding="utf-8").split("\n")


def started() -> str:
    """The program that would be started, by its path."""
    return find_engine.find().command("127.0.0.1", 8000, None)[0]


def test_a_program_that_is_named_comes_before_one_on_the_path(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("dynoxide")
    named = install("another")
    monkeypatch.setenv("DYNAMODB_ENGINE", str(named))

    assert started() == str(named)


def test_a_dynoxide_on_the_path_comes_before_the_package_of_npm(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = install("dynoxide")
    monkeypatch.setattr(find_engine, "_PACKAGED", install("packaged"))

    assert started() == str(on_path)


def test_the_package_of_npm_comes_before_a_dynamodb_local_that_is_named(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = install("packaged")
    install("java")
    monkeypatch.setattr(find_engine, "_PACKAGED", packaged)
    monkeypatch.setenv("DYNAMODB_LOCAL", str(install("DynamoDBLocal.jar")))

    assert started() == str(packaged)


def test_a_dynamodb_local_that_is_named_comes_before_moto(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    java = install("java")
    monkeypatch.setenv("DYNAMODB_LOCAL", str(install("DynamoDBLocal.jar")))

    assert started() == str(java)


def test_moto_stands_in_and_one_line_tells_how_to_install_a_right_engine(
    install: Install, capfd: pytest.CaptureFixture[str]
) -> None:
    service = template.read()
    with engine.start() as running:
        assert tables.create(running.client(), service.tables)
    told = capfd.readouterr().err

    assert "incorrect under concurrency" in told
    assert "brew install nubo-db/tap/dynoxide" in told
    assert told.count("\n") == 1


def test_moto_is_refused_where_the_data_is_to_be_kept(install: Install, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="moto keeps nothing on disk"), engine.start(tmp_path):
        pass


def test_the_jar_of_dynamodb_local_runs_in_memory(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    java, jar = install("java"), install("DynamoDBLocal.jar")
    monkeypatch.setenv("DYNAMODB_LOCAL", str(jar))
    with engine.start():
        arguments = arguments_of(java)

    assert arguments[arguments.index("-jar") + 1] == str(jar)
    assert "-inMemory" in arguments


def test_the_jar_of_dynamodb_local_keeps_its_data_in_the_folder(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = install("java")
    monkeypatch.setenv("DYNAMODB_LOCAL", str(install("DynamoDBLocal.jar")))
    with engine.start(tmp_path / "data"):
        arguments = arguments_of(java)

    assert arguments[arguments.index("-dbPath") + 1] == str(tmp_path / "data")
    assert "-inMemory" not in arguments


def test_an_image_of_dynamodb_local_runs_in_docker_on_the_loopback_address(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = install("docker")
    monkeypatch.setenv("DYNAMODB_LOCAL", "amazon/dynamodb-local")
    with engine.start() as running:
        arguments = arguments_of(docker)

    published = arguments[arguments.index("--publish") + 1]
    assert f"http://{published}" == f"{running.endpoint}:8000"
    assert "amazon/dynamodb-local" in arguments
    assert "-inMemory" in arguments


def test_an_image_of_dynamodb_local_gets_the_folder_and_writes_as_its_owner(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = install("docker")
    monkeypatch.setenv("DYNAMODB_LOCAL", "amazon/dynamodb-local")
    with engine.start(tmp_path / "data"):
        arguments = arguments_of(docker)

    assert arguments[arguments.index("--volume") + 1] == f"{tmp_path / 'data'}:/data"
    assert arguments[arguments.index("--user") + 1] == f"{os.getuid()}:{os.getgid()}"
    assert arguments[arguments.index("-dbPath") + 1] == "/data"


@pytest.mark.parametrize(("named", "missing"), [("DynamoDBLocal.jar", "java"), ("amazon/dynamodb-local", "docker")])
def test_a_dynamodb_local_without_the_program_that_runs_it_is_refused(
    named: str, missing: str, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = str(install(named)) if named.endswith(".jar") else named
    monkeypatch.setenv("DYNAMODB_LOCAL", named)

    with pytest.raises(EngineError, match=f"DYNAMODB_LOCAL names .*{named}, and there is no {missing} on PATH"):
        find_engine.find()


def test_a_jar_that_is_not_there_is_refused(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNAMODB_LOCAL", "/nowhere/DynamoDBLocal.jar")

    with pytest.raises(EngineError, match=r"names /nowhere/DynamoDBLocal\.jar, which is not a file"):
        find_engine.find()


def test_a_folder_that_another_engine_has_filled_is_refused_rather_than_taken_for_empty(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("java")
    monkeypatch.setenv("DYNAMODB_LOCAL", str(install("DynamoDBLocal.jar")))
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "dynamodb.sqlite").touch()

    with pytest.raises(EngineError, match="filled by another engine"), engine.start(folder):
        pass


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "linux-x64"),
        ("linux", "aarch64", "linux-arm64"),
        ("darwin", "arm64", "darwin-arm64"),
        ("darwin", "x86_64", "darwin-x64"),
    ],
)
def test_every_platform_of_the_engine_has_its_package_locked_at_one_version(
    system: str, machine: str, name: str
) -> None:
    folder = template.PROJECT / "local" / "engine"
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["optionalDependencies"]
    locked = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    assert find_engine.package(system, machine) == f"@dynoxide/{name}"
    assert locked[f"node_modules/@dynoxide/{name}"]["version"] == wanted[f"@dynoxide/{name}"]
    assert len(set(wanted.values())) == 1
