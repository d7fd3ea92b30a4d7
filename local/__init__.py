"""The service on a developer's machine: a DynamoDB engine, the tables, example data and a gateway."""

import sys
from pathlib import Path

# Lambda puts the layer on the path. Here it must be there before any module imports it.
_LAYER = str(Path(__file__).resolve().parent.parent / "layers" / "shared" / "src")
if _LAYER not in sys.path:
    sys.path.insert(0, _LAYER)
