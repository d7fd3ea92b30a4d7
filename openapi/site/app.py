"""Serve the docs page: the OpenAPI file, the renderer, and nothing else."""

import base64
import gzip
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_RENDERER = _FOLDER / "node_modules" / "swagger-ui-dist"
_SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".yaml": "application/yaml"}
_FILES = {
    "/docs": _FOLDER / "index.html",
    "/docs/page.css": _FOLDER / "page.css",
    "/docs/page.js": _FOLDER / "page.js",
    "/docs/openapi.yaml": _FOLDER / "openapi.yaml",
    "/docs/swagger-ui.css": _RENDERER / "swagger-ui.css",
    "/docs/swagger-ui-bundle.js": _RENDERER / "swagger-ui-bundle.js",
}


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one HTTP API event (payload 2.0): a file, or a redirection of `/` to the page."""
    path = event["rawPath"]
    if path == "/":
        return {"statusCode": 302, "headers": {"location": "/docs", **_SECURITY}, "body": ""}
    file = _FILES.get(path)
    if file is None:
        return {"statusCode": 404, "headers": {"content-type": "text/plain", **_SECURITY}, "body": "Not Found"}
    # Compressed for every browser, as the renderer's 1.7 MB would otherwise take seconds on a phone.
    body = base64.b64encode(gzip.compress(file.read_bytes())).decode()
    headers = {
        "content-type": f"{_TYPES[file.suffix]}; charset=UTF-8",
        "content-encoding": "gzip",
        "cache-control": "no-cache",
        **_SECURITY,
    }
    return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": True}
