"""The local gateway over real HTTP: what a handler gets, and what a client gets back."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from local.server import MAX_REQUEST_LINE_BYTES
from local.template import PROJECT

TEMPLATE = """
Globals:
  Function: {Handler: app.lambda_handler, MemorySize: 512, Timeout: 10}
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/echo
      Events:
        Route: {Type: HttpApi, Properties: {Method: POST, Path: /wp-json/echo}}
  Odd:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/odd
      Events:
        Route: {Type: HttpApi, Properties: {Method: POST, Path: /wp-json/odd}}
  Plain:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions/plain}
"""

ECHO = """
import json

def lambda_handler(event, context):
    context = {
        "name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
        "id": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(),
    }
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json; charset=UTF-8", "x-count": 1},
        "body": json.dumps({"event": event, "context": context}),
    }
"""

ODD = """
import base64

def lambda_handler(event, context):
    want = event["queryStringParameters"]["want"]
    if want == "exception":
        raise RuntimeError("a bug")
    if want == "nonsense":
        return {"body": "no status"}
    if want == "binary":
        return {"statusCode": 200, "body": base64.b64encode(b"\\x1f\\x8b").decode(), "isBase64Encoded": True}
    return {"statusCode": int(want), "body": "\\u00e9"}
"""

PLAIN = """
def lambda_handler(event, context):
    if event.get("raise"):
        raise RuntimeError("a bug")
    left = 0 < context.get_remaining_time_in_millis() <= 10_000
    return {"event": event, "name": context.function_name, "left": left}
"""

SERVE = """
import sys
from pathlib import Path
from local import server, template

listener = server.listen(0)
server.Server(template.read(Path(sys.argv[1])), listener, server.url(listener)).run()
"""

ECHO_PATH = "/wp-json/echo"
ODD_PATH = "/wp-json/odd"
TOO_MUCH = 10 * 1024 * 1024 + 1


class Echoed:
    """A response, read to its end."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def event(self) -> dict[str, Any]:
        """The event that the echo handler got."""
        event: dict[str, Any] = json.loads(self.body)["event"]
        return event


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a gateway with three small functions listens."""
    folder = tmp_path_factory.mktemp("service")
    for stem, code in (("echo", ECHO), ("odd", ODD), ("plain", PLAIN)):
        (folder / "functions" / stem).mkdir(parents=True)
        (folder / "functions" / stem / "app.py").write_text(code, encoding="utf-8")
    (folder / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    command = [sys.executable, "-c", SERVE, str(folder / "template.yaml")]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip().removeprefix("http://")
        process.terminate()


@pytest.fixture
def connection(address: str) -> Iterator[http.client.HTTPConnection]:
    """A connection of the test's own."""
    made = http.client.HTTPConnection(address, timeout=30)
    yield made
    made.close()


def post(
    connection: http.client.HTTPConnection,
    path: str = ECHO_PATH,
    body: bytes | Iterator[bytes] | None = None,
    headers: dict[str, str] | None = None,
) -> Echoed:
    connection.request("POST", path, body=body, headers=headers or {}, encode_chunked=isinstance(body, Iterator))
    return Echoed(connection.getresponse())


def test_an_event_has_the_fields_of_payload_2_and_no_others(connection: http.client.HTTPConnection) -> None:
    event = post(connection, body=b"{}", headers={"Content-Type": "application/json", "User-Agent": "pbx"}).event

    assert event.keys() == {
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "headers",
        "requestContext",
        "body",
        "isBase64Encoded",
    }
    assert event["version"] == "2.0"
    assert event["routeKey"] == f"POST {ECHO_PATH}"
    assert event["rawPath"] == ECHO_PATH
    assert event["rawQueryString"] == ""
    context = event["requestContext"]
    assert context.keys() == {
        "accountId",
        "apiId",
        "domainName",
        "domainPrefix",
        "http",
        "requestId",
        "routeKey",
        "stage",
        "time",
        "timeEpoch",
    }
    assert context["http"] == {
        "method": "POST",
        "path": ECHO_PATH,
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "pbx",
    }
    assert (context["stage"], context["routeKey"]) == ("$default", f"POST {ECHO_PATH}")
    assert (context["domainName"], context["domainPrefix"]) == ("127.0.0.1", "127")
    assert re.fullmatch(r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} \+0000", context["time"])
    assert isinstance(context["timeEpoch"], int)
    told = datetime.strptime(context["time"], "%d/%b/%Y:%H:%M:%S %z").timestamp()
    assert told == context["timeEpoch"] // 1000
    assert 0 <= time.time() - told < 300


def test_header_names_are_lower_case_and_a_repeated_header_is_joined_by_commas(
    connection: http.client.HTTPConnection,
) -> None:
    connection.putrequest("POST", ECHO_PATH)
    connection.putheader("Idempotency-Key", "one")
    connection.putheader("X-Route", "a")
    connection.putheader("X-Route", "b")
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    headers = Echoed(connection.getresponse()).event["headers"]

    assert headers["idempotency-key"] == "one"
    assert headers["x-route"].replace(" ", "") == "a,b"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert all(name == name.lower() for name in headers)


def test_an_address_that_the_client_claims_is_handed_on_and_never_taken_for_its_own(
    connection: http.client.HTTPConnection,
) -> None:
    event = post(connection, headers={"X-Forwarded-For": "198.51.100.66"}).event

    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert event["headers"]["x-forwarded-for"] == "198.51.100.66, 127.0.0.1"


def test_cookies_travel_in_a_field_of_their_own(connection: http.client.HTTPConnection) -> None:
    event = post(connection, headers={"Cookie": "a=1; b=2"}).event

    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]


def test_query_parameters_are_decoded_and_repeated_ones_joined_by_commas(
    connection: http.client.HTTPConnection,
) -> None:
    event = post(connection, f"{ECHO_PATH}?ref=38&name=a%20b&ref=39&empty=").event

    assert event["rawQueryString"] == "ref=38&name=a%20b&ref=39&empty="
    assert event["queryStringParameters"] == {"ref": "38,39", "name": "a b", "empty": ""}


def test_a_request_without_a_body_has_no_body_field(connection: http.client.HTTPConnection) -> None:
    event = post(connection).event

    assert "body" not in event
    assert event["isBase64Encoded"] is False


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=utf-8", "text/plain", "application/xml", "application/javascript"],
)
def test_a_text_body_is_handed_over_as_it_is(connection: http.client.HTTPConnection, content_type: str) -> None:
    event = post(connection, body='{"name":"é"}'.encode(), headers={"Content-Type": content_type}).event

    assert event["body"] == '{"name":"é"}'
    assert event["isBase64Encoded"] is False


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "application/octet-stream"}],
    ids=["no content type", "form", "binary"],
)
def test_a_body_of_another_type_is_handed_over_in_base64(
    connection: http.client.HTTPConnection, headers: dict[str, str]
) -> None:
    event = post(connection, body=b'{"ref":"38"}', headers=headers).event

    assert base64.b64decode(event["body"]) == b'{"ref":"38"}'
    assert event["isBase64Encoded"] is True


def test_a_body_labelled_as_text_that_is_not_utf_8_is_handed_over_in_base64(
    connection: http.client.HTTPConnection,
) -> None:
    event = post(connection, body=b"\xff\x00", headers={"Content-Type": "application/json"}).event

    assert base64.b64decode(event["body"]) == b"\xff\x00"
    assert event["isBase64Encoded"] is True


def test_a_chunked_body_arrives_whole(connection: http.client.HTTPConnection) -> None:
    event = post(connection, body=iter([b'{"ref":', b'"38"}']), headers={"Content-Type": "application/json"}).event

    assert event["body"] == '{"ref":"38"}'
    assert "transfer-encoding" not in event["headers"]


def test_a_handler_can_ask_its_context_what_lambda_tells(connection: http.client.HTTPConnection) -> None:
    first, second = (json.loads(post(connection).body)["context"] for _ in range(2))

    assert (first["name"], first["memory"]) == ("Echo", 512)
    assert first["arn"].endswith(":function:Echo")
    assert 0 < first["left"] <= 10_000
    assert first["id"] != second["id"]


def test_a_result_becomes_status_headers_and_body(connection: http.client.HTTPConnection) -> None:
    answer = post(connection)

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.headers["x-count"] == "1"
    assert answer.headers["apigw-requestid"] == answer.event["requestContext"]["requestId"]


def test_a_result_keeps_any_status_and_its_body_is_sent_as_utf_8(connection: http.client.HTTPConnection) -> None:
    answer = post(connection, f"{ODD_PATH}?want=503")

    assert (answer.status, answer.body) == (503, "é".encode())


def test_a_base64_result_is_sent_as_bytes(connection: http.client.HTTPConnection) -> None:
    assert post(connection, f"{ODD_PATH}?want=binary").body == b"\x1f\x8b"


@pytest.mark.parametrize("want", ["exception", "nonsense"])
def test_a_function_error_is_api_gateways_own_500(connection: http.client.HTTPConnection, want: str) -> None:
    answer = post(connection, f"{ODD_PATH}?want={want}")

    assert (answer.status, answer.body) == (500, b'{"message":"Internal Server Error"}')


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/wp-json/nothing"),
        ("POST", f"{ECHO_PATH}/"),
        ("GET", ECHO_PATH),
        ("OPTIONS", ECHO_PATH),
        ("POST", "/"),
    ],
)
def test_an_unknown_route_is_api_gateways_own_404(
    connection: http.client.HTTPConnection, method: str, path: str
) -> None:
    connection.request(method, path)
    answer = Echoed(connection.getresponse())

    assert (answer.status, answer.body) == (404, b'{"message":"Not Found"}')
    assert answer.headers["Content-Type"] == "application/json"


def test_a_body_over_10_mb_is_refused_and_the_connection_goes_on(connection: http.client.HTTPConnection) -> None:
    refused = post(connection, body=bytes(TOO_MUCH))
    accepted = post(connection, body=b"{}")

    assert (refused.status, refused.body) == (413, b'{"message":"Request Entity Too Large"}')
    assert accepted.status == 200


def test_a_chunked_body_over_10_mb_is_refused(connection: http.client.HTTPConnection) -> None:
    assert post(connection, body=iter([bytes(TOO_MUCH)])).status == 413


@pytest.mark.parametrize(("length", "status"), [(MAX_REQUEST_LINE_BYTES, 200), (MAX_REQUEST_LINE_BYTES + 1, 414)])
def test_a_request_line_of_more_than_8190_bytes_is_refused(
    connection: http.client.HTTPConnection, length: int, status: int
) -> None:
    rest = len(f"POST {ECHO_PATH}? HTTP/1.1")

    assert post(connection, f"{ECHO_PATH}?{'x' * (length - rest)}").status == status


def test_a_connection_carries_many_requests(connection: http.client.HTTPConnection) -> None:
    connection.connect()
    used = connection.sock
    answers = [post(connection, body=b"{}") for _ in range(20)]

    assert {answer.status for answer in answers} == {200}
    assert connection.sock is used


def test_a_client_of_http_1_0_is_answered_and_its_connection_closed(address: str) -> None:
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        raw.sendall(f"POST {ECHO_PATH} HTTP/1.0\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        received = b"".join(iter(lambda: raw.recv(65536), b""))

    assert received.startswith(b"HTTP/1.1 200 ") or received.startswith(b"HTTP/1.0 200 ")
    event = json.loads(received.partition(b"\r\n\r\n")[2])["event"]
    assert event["requestContext"]["http"]["protocol"] == "HTTP/1.0"
    assert event["requestContext"]["http"]["userAgent"] == ""


def test_many_clients_are_served_while_other_connections_stay_open(address: str) -> None:
    idle = [http.client.HTTPConnection(address, timeout=30) for _ in range(100)]
    for connection in idle:
        post(connection)

    def one(number: int) -> str:
        connection = http.client.HTTPConnection(address, timeout=30)
        try:
            event = post(connection, body=str(number).encode(), headers={"Content-Type": "text/plain"}).event
        finally:
            connection.close()
        return str(event["body"])

    with ThreadPoolExecutor(32) as pool:
        echoed = list(pool.map(one, range(200)))
    for connection in idle:
        connection.close()

    assert echoed == [str(number) for number in range(200)]


def test_nothing_but_the_listening_process_is_left_when_it_is_told_to_stop(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources: {}", encoding="utf-8")
    command = [sys.executable, "-c", SERVE, str(tmp_path / "template.yaml")]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()

    assert process.returncode == 0
    assert _ends_within_seconds(process.pid)


def _ends_within_seconds(process_group: int) -> bool:
    """Whether all processes of a group come to their end, which may be a moment after that of their parent."""
    for _ in range(100):
        try:
            os.killpg(process_group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def invoke(connection: http.client.HTTPConnection, name: str, payload: bytes, **headers: str) -> Echoed:
    connection.request("POST", f"/2015-03-31/functions/{name}/invocations", payload, headers)
    return Echoed(connection.getresponse())


@pytest.mark.parametrize("name", ["Plain", "arn:aws:lambda:eu-west-1:000000000000:function:Plain"])
def test_a_function_without_a_route_is_invoked_as_by_lambda(connection: http.client.HTTPConnection, name: str) -> None:
    got = invoke(connection, name, b'{"number": 7}')

    assert (got.status, got.headers["x-amz-function-error"]) == (200, None)
    assert json.loads(got.body) == {"event": {"number": 7}, "name": "Plain", "left": True}


def test_an_invocation_without_a_payload_gets_an_empty_event(connection: http.client.HTTPConnection) -> None:
    assert json.loads(invoke(connection, "Plain", b"").body)["event"] == {}


def test_a_function_that_raises_is_reported_as_lambda_reports_it(connection: http.client.HTTPConnection) -> None:
    got = invoke(connection, "Plain", b'{"raise": true}')

    assert (got.status, got.headers["x-amz-function-error"]) == (200, "Unhandled")
    assert json.loads(got.body) == {"errorMessage": "a bug", "errorType": "RuntimeError"}


@pytest.mark.parametrize(
    ("name", "payload", "headers", "status", "error"),
    [
        ("Nobody", b"{}", {}, 404, "ResourceNotFoundException"),
        ("Echo", b"{}", {}, 404, "ResourceNotFoundException"),
        ("Plain", b"{", {}, 400, "InvalidRequestContentException"),
        ("Plain", b"\xff", {}, 400, "InvalidRequestContentException"),
        ("Plain", b"{}", {"X-Amz-Invocation-Type": "Event"}, 400, "InvalidParameterValueException"),
        ("Plain", b" " * TOO_MUCH, {}, 413, "RequestTooLargeException"),
    ],
)
def test_an_invocation_that_lambda_would_refuse_is_refused(
    connection: http.client.HTTPConnection, name: str, payload: bytes, headers: dict[str, str], status: int, error: str
) -> None:
    got = invoke(connection, name, payload, **headers)

    assert (got.status, got.headers["x-amzn-errortype"]) == (status, error)
    assert json.loads(got.body)["Type"] == "User"


def test_the_sdk_invokes_a_function_and_understands_its_errors(address: str) -> None:
    client: Any = botocore.session.Session().create_client(
        "lambda",
        region_name="eu-west-1",
        endpoint_url=f"http://{address}",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    answer = client.invoke(FunctionName="Plain", Payload=b'{"number": 7}')

    assert json.load(answer["Payload"])["event"] == {"number": 7}
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="Nobody")
