"""Run the whole service on this machine: `python -m local`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from admin import data
from local import engine, schedules, server, settings, tables, template
from local.find_engine import EngineError
from local.gateway import set_environment

_EXAMPLE_STEM = "get_status_by_ref"
_EXAMPLE_REQUEST = {
    "authenticationHash": "ff36f129745a122e591722d3fda495416fe05aa9586e12238ec4dad37895e069",
    "ref": "000038",
}


def main() -> int:
    """Serve until interrupted, and return the exit code."""
    try:
        _serve()
    except (settings.SettingError, data.DataError, server.PortError, EngineError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _serve() -> None:
    seed = settings.seed_path()
    folder = os.environ.get("DATA")
    document = settings.read_seed(seed)
    service = template.read()
    with server.listen(settings.port()) as listener, engine.start(Path(folder) if folder else None) as running:
        set_environment(service, running.endpoint)
        client = running.client()
        # Existing data is left alone, even if a newer template has added a table.
        if len(tables.create(client, service.tables)) == len(service.tables):
            try:
                data.load(client, document)
            except BaseException:
                # Otherwise the next start with the same DATA would find half of the seed data.
                tables.delete(client, service.tables)
                raise
        announcement = _announcement(service, server.url(listener), has_example=seed == settings.EXAMPLE_DATA)
        with schedules.running():
            server.Server(service, listener, announcement).run()


def _announcement(service: template.Template, url: str, *, has_example: bool) -> str:
    lines = ["Serving:", *(f"  {route.method} {url}{route.path}" for route in service.routes)]
    lines += ["For Lambda's Invoke call:", *(f"  {function.name} at {url}" for function in service.invoked_functions)]
    lines.append(f"For a browser: {url}/docs and {url}/wallboard")
    if has_example:
        request = json.dumps(_EXAMPLE_REQUEST)
        path = next(route.path for route in service.routes if route.function.stem == _EXAMPLE_STEM)
        lines += ["Try:", f"  curl -s -H 'Content-Type: application/json' -d '{request}' {url}{path}"]
    return "\n".join([*lines, "Ctrl-C ends it."])


if __name__ == "__main__":
    sys.exit(main())
