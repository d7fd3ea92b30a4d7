"""Print the parameters of a deployment for `sam deploy`, with the digest of the release: `python -m admin.release`.

Settings: ENVIRONMENT, a section of samconfig.toml; PARAMETERS, such as `Architecture=x86_64 MemorySize=1024`.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local import settings
from local.template import PROJECT

BUILT = PROJECT / ".aws-sam" / "build"
_DIGEST = "ReleaseDigest"


def main() -> int:
    """Print the parameters on one line, and return the exit code."""
    try:
        environment = settings.required("ENVIRONMENT", "a section of samconfig.toml, such as prod")
        chosen = parameters(environment, os.environ.get("PARAMETERS", ""))
    except settings.SettingError as error:
        print(error, file=sys.stderr)
        return 2
    chosen[_DIGEST] = digest(BUILT, chosen)
    print(" ".join(f"{name}={shlex.quote(value)}" for name, value in chosen.items()))
    return 0


def parameters(environment: str, overrides: str) -> dict[str, str]:
    """Return the environment's parameters in samconfig.toml, with `overrides` in their place."""
    config: dict[str, Any] = tomllib.loads((PROJECT / "samconfig.toml").read_text(encoding="utf-8"))
    if "deploy" not in config.get(environment, {}):
        raise settings.SettingError(f"samconfig.toml has no section {environment}.deploy.parameters.")
    configured: list[str] = config[environment]["deploy"]["parameters"]["parameter_overrides"]
    pairs = [text.partition("=") for text in (*configured, *shlex.split(overrides))]
    if malformed := [name for name, equals, _ in pairs if not equals]:
        raise settings.SettingError(f"PARAMETERS: {malformed[0]} has no value: write it as {malformed[0]}=value.")
    return {name: value for name, _, value in pairs}


def digest(built: Path, chosen: Mapping[str, str]) -> str:
    """Return the SHA-256 digest, in hex, of everything that makes a version: built files, template and parameters."""
    whole = hashlib.sha256()
    for path in sorted(path for path in built.rglob("*") if path.is_file()):
        whole.update(
            f"{path.relative_to(built).as_posix()}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode()
        )
    for name, value in sorted(chosen.items()):
        if name != _DIGEST:
            whole.update(f"{name}={value}\n".encode())
    return whole.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
