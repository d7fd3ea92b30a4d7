"""A request per path that runs as it stands: for curl, Python, PHP, and Asterisk's dialplan."""

from __future__ import annotations

import json

from tests.support import contract, golden

# Where `make run` serves, and the key of a request that may be sent again.
BASE_URL = "http://127.0.0.1:3000"
_KEY = "pbx1-1732377600.42"

_CURL = """\
curl -sS '{url}' \\
{headers}  --data '{body}'"""

_PYTHON = """\
import json
from urllib.request import Request, urlopen

body = {fields}
request = Request("{url}", json.dumps(body).encode(), {headers})
with urlopen(request, timeout=8) as response:
    print(response.read().decode())"""

_PHP = """\
<?php
$body = [
{fields}
];
$context = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => {headers},
    'content' => json_encode($body),
    'timeout' => 8,
]]);
echo file_get_contents('{url}', false, $context);"""

_ASTERISK = """\
same => n,Set(CURLOPT(conntimeout)=2)
same => n,Set(CURLOPT(failurecodes)=429,500,502,503,504)
same => n,Set(CURLOPT(httptimeout)=8)
same => n,Set(ANSWER=${{CURL({url},{body})}})
same => n,NoOp(${{JSON_DECODE(ANSWER,code)}})"""


def of(success: golden.Case, *, idempotent: bool) -> list[dict[str, str]]:
    """Return the samples of the request that gets an endpoint's success, as `x-codeSamples` has them."""
    url, fields = BASE_URL + success.path, contract.parsed(success.body)
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": _KEY} if idempotent else {})}
    keyed = {**fields, **({"idempotencyKey": _KEY} if idempotent else {})}
    made = {
        ("Shell", "curl"): _CURL.format(
            url=url,
            headers="".join(f"  -H '{name}: {value}' \\\n" for name, value in headers.items()),
            body=_json(fields),
        ),
        ("Python", "Python"): _PYTHON.format(url=url, fields=_python(fields), headers=json.dumps(headers)),
        ("PHP", "PHP"): _PHP.format(
            url=url,
            fields="\n".join(f"    '{name}' => '{value}'," for name, value in fields.items()),
            headers="[" + ", ".join(f"'{name}: {value}'" for name, value in headers.items()) + "]",
        ),
        # A comma would separate arguments of CURL().
        ("Asterisk", "Asterisk"): _ASTERISK.format(url=url, body=_json(keyed).replace(",", "\\,")),
    }
    return [{"lang": lang, "label": label, "source": f"{source}\n"} for (lang, label), source in made.items()]


def _json(fields: dict[str, str]) -> str:
    return json.dumps(fields, separators=(",", ":"))


def _python(fields: dict[str, str]) -> str:
    return "{\n" + "".join(f'    "{name}": {json.dumps(value)},\n' for name, value in fields.items()) + "}"
