"""Serve the pages for a browser: the API's documentation and the wallboard, which are files, and nothing else."""

import base64
import functools
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
    "/docs": _FOLDER / "docs.html",
    "/docs/docs.css": _FOLDER / "docs.css",
    "/docs/docs.js": _FOLDER / "docs.js",
    "/docs/openapi.yaml": _FOLDER / "openapi.yaml",
    "/docs/swagger-ui.css": _RENDERER / "swagger-ui.css",
    "/docs/swagger-ui-bundle.js": _RENDERER / "swagger-ui-bundle.js",
    "/wallboard": _FOLDER / "wallboard.html",
    "/wallboard/wallboard.css": _FOLDER / "wallboard.css",
    "/wallboard/wallboard.js": _FOLDER / "wallboard.js",
}


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one HTTP API event (payload 2.0): a file, or a redirection of `/` to the documentation."""
    path = event["rawPath"]
    if path == "/":
        return {"statusCode": 302, "headers": {"location": "/docs", **_SECURITY}, "body": ""}
    file = _FILES.get(path)
    if file is None:
        return {"statusCode": 404, "headers": {"content-type": "text/plain", **_SECURITY}, "body": "Not Found"}
    headers = {
        "content-type": f"{_TYPES[file.suffix]}; charset=UTF-8",
        "cache-control": "no-cache",
        "vary": "accept-encoding",
        **_SECURITY,
    }
    # Every browser accepts it; curl and code generators that fetch the OpenAPI file may not.
    if "gzip" not in event["headers"].get("accept-encoding", ""):
        return {"statusCode": 200, "headers": headers, "body": file.read_text(encoding="utf-8")}
    headers["content-encoding"] = "gzip"
    return {"statusCode": 200, "headers": headers, "body": _compressed(file), "isBase64Encoded": True}


@functools.cache
def _compressed(file: Path) -> str:
    """Read a file and compress it: the renderer's 1.7 MB would otherwise take seconds on a phone."""
    return base64.b64encode(gzip.compress(file.read_bytes())).decode()
