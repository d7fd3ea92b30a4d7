"""Write the OpenAPI file: `python -m openapi`."""

from __future__ import annotations

from openapi import document

if __name__ == "__main__":
    document.FILE.write_text(document.to_yaml(document.build()), encoding="ascii")
