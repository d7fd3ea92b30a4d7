"""A Postman collection made from the OpenAPI document; Bruno, Insomnia and Hoppscotch import it too."""

from __future__ import annotations

import json
from typing import Any

from local.template import PROJECT

FILE = PROJECT / "openapi" / "paidline.postman_collection.json"
_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_JSON = "application/json"
_HEADERS = [{"key": "Content-Type", "value": _JSON}]


def build(document: dict[str, Any], base_url: str) -> dict[str, Any]:
    """Return the collection: a folder per tag, a request per path with its success, and all answers as examples."""
    return {
        "info": {"name": document["info"]["title"], "schema": _SCHEMA},
        "variable": [{"key": "baseUrl", "value": base_url}],
        "item": [
            {
                "name": tag["name"],
                "item": [
                    _item(path, found["post"])
                    for path, found in document["paths"].items()
                    if tag["name"] in found["post"]["tags"]
                ],
            }
            for tag in document["tags"]
        ],
    }


def to_json(collection: dict[str, Any]) -> str:
    """Write a collection as the file has it."""
    return json.dumps(collection, indent=1) + "\n"


def _item(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    sent = operation["requestBody"]["content"][_JSON]["examples"]
    answered = operation["responses"]["200"]["content"][_JSON]["examples"]
    success = next(name for name in sent if name.endswith("_success"))
    return {
        "name": operation["summary"],
        "request": _request(path, sent[success]["value"]),
        "response": [
            {
                "name": answered[name]["summary"],
                "originalRequest": _request(path, example["value"]),
                "code": 200,
                "status": "OK",
                "header": _HEADERS,
                "body": json.dumps(answered[name]["value"], separators=(",", ":")),
            }
            for name, example in sent.items()
            if name in answered
        ],
    }


def _request(path: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "method": "POST",
        "header": _HEADERS,
        "url": {"raw": "{{baseUrl}}" + path, "host": ["{{baseUrl}}"], "path": path.strip("/").split("/")},
        "body": {"mode": "raw", "raw": json.dumps(body, indent=2), "options": {"raw": {"language": "json"}}},
    }
