"""The OpenAPI file, parsed once for all tests: libyaml does it in a tenth of the time."""

from __future__ import annotations

from typing import Any

import yaml

from openapi.document import FILE

TEXT = FILE.read_text(encoding="ascii")
DOCUMENT: dict[str, Any] = yaml.load(TEXT, Loader=yaml.CSafeLoader)
