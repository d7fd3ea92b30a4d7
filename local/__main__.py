"""Runs the whole service on this machine: `python -m local`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from local import data, engine, server, tables, template
from local.gateway import set_environment

_EXAMPLE_DATA = template.PROJECT / "local" / "example_data.json"
_EXAMPLE_STEM = "get_status_by_ref"
_EXAMPLE_REQUEST = {
    "authenticationHash": "ff36f129745a122e591722d3fda495416fe05aa9586e12238ec4dad37895e069",
    "ref": "000038",
}
_LAST_PORT = 65535


class SettingError(Exception):
    """A setting cannot be used; the message says why in one sentence."""


def main() -> int:
    """Serves until it is told to stop."""
    try:
        _serve()
    except (SettingError, data.DataError, server.PortError, engine.EngineError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _serve() -> None:
    seed = Path(os.environ.get("SEED") or _EXAMPLE_DATA)
    folder = os.environ.get("DATA")
    document = _read_seed(seed)
    service = template.read()
    with server.listen(_port()) as listener, engine.start(Path(folder) if folder else None) as running:
        set_environment(service, running.endpoint)
        client = running.client()
        if tables.create(client, service.tables):
            data.load(client, document)
        announcement = _announcement(service, server.url(listener), has_example=seed == _EXAMPLE_DATA)
        server.Server(service, listener, announcement).run()


def _port() -> int:
    text = os.environ.get("PORT") or "3000"
    if not (text.isascii() and text.isdigit() and int(text) <= _LAST_PORT):
        raise SettingError(f"PORT is {text!r}, which is not a port number.")
    return int(text)


def _read_seed(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"SEED {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SettingError(f"SEED {path} is not JSON: {error}.") from error
    return document


def _announcement(service: template.Template, url: str, *, has_example: bool) -> str:
    lines = ["Serving:", *(f"  {route.method} {url}{route.path}" for route in service.routes)]
    if has_example:
        request = json.dumps(_EXAMPLE_REQUEST)
        path = next(route.path for route in service.routes if route.function.stem == _EXAMPLE_STEM)
        lines += ["Try:", f"  curl -s -H 'Content-Type: application/json' -d '{request}' {url}{path}"]
    return "\n".join([*lines, "Ctrl-C ends it."])


if __name__ == "__main__":
    sys.exit(main())
