"""The service on one's own machine: an embedded engine, the tables, example data and a gateway."""

import sys
from pathlib import Path

# Lambda has the layer on its path; here it gets there before any module asks for it.
_LAYER = str(Path(__file__).resolve().parent.parent / "layers" / "shared" / "src")
if _LAYER not in sys.path:
    sys.path.insert(0, _LAYER)
