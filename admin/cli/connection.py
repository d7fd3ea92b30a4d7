"""How a service is reached: a deployed stack, or the one that `make run` serves on this machine.

Single changes go through the admin function. Reports, imports and verification read and write its tables directly, with
the operator's own rights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from admin.cli.errors import AdminError, CommandError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The function's logical id in template.yaml, and its name on this machine.
ADMIN_FUNCTION = "Admin"
_PROTOCOL_VERSION = 1
_LOCAL_REGION = "eu-west-1"
# Longer than the function's own time limit, so that its response is always awaited.
_READ_TIMEOUT_S = 65
# What the command line calls the arguments of the admin function.
_OPTIONS = {
    "amount": "--amount",
    "applicationId": "The applicationId",
    "applicationIds": "--application",
    "billingIncrements": "--billing-increments",
    "companyName": "--company",
    "dialStatus": "--dial-status",
    "dialTimeOut": "--dial-time-out",
    "dialedNumber": "The service number",
    "digestPrefix": "The digestPrefix",
    "duration": "--seconds",
    "email": "--email",
    "key": "--key",
    "label": "The label",
    "lineSharing": "--line-sharing",
    "operator": "--operator",
    "outboundNumber": "--outbound-number",
    "pbx": "--pbx",
    "phoneNumber": "--phone",
    "pin": "--pin",
    "profile": "--set",
    "reason": "--reason",
    "ref": "The ref",
    "scope": "--scope",
    "seq": "--seq",
    "sourceCidrs": "--source",
    "status": "--status",
    "tokens": "--tokens",
    "tpm": "--tpm",
    "userId": "--user-id",
    "version": "--version",
    "walletId": "The walletId",
}
# Requests are built here and in the right form: checking them again is more than half of what an import costs, so
# no client does (`parameter_validation`).


class Target(Protocol):
    """Where a service runs."""

    def client(self, service: str) -> Any:
        """Return a client of an AWS service there."""

    def function_name(self, logical_id: str) -> str:
        """Return the name of the function that the template calls `logical_id`."""


@dataclass(frozen=True)
class Connection:
    """A service, as its operator sees it."""

    target: Target
    operator: str

    def run(self, command: str, arguments: Mapping[str, Any], *, key: str = "") -> dict[str, Any]:
        """Run a command of the admin function and return its result. One Lambda Invoke. Raises AdminError."""
        request = {
            "version": _PROTOCOL_VERSION,
            "command": command,
            "arguments": arguments,
            "operator": self.operator,
            **({"key": key} if key else {}),
        }
        response = self._lambda.invoke(FunctionName=self._admin_function, Payload=json.dumps(request).encode())
        answer = _read_answer(response["Payload"].read())
        if error := answer.get("error"):
            raise AdminError(error["code"], _sentence(error))
        result: dict[str, Any] = answer["result"]
        return result

    def parts(self, command: str, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the results of a command that is carried out in parts. One Lambda Invoke each.

        `arguments` are read again for each part.
        """
        next_part: Any = None
        while True:
            part = self.run(command, {**arguments, **({"next": next_part} if next_part is not None else {})})
            yield part
            next_part = part["next"]
            if next_part is None:
                return

    @cached_property
    def description(self) -> dict[str, Any]:
        """What the service says of itself: its tables, time zone and version. One Lambda Invoke."""
        return self.run("service.describe", {})

    @cached_property
    def tables(self) -> dict[str, str]:
        """The tables' names, by the environment variables that the functions know them by."""
        tables: dict[str, str] = self.description["tables"]
        return tables

    @cached_property
    def zone(self) -> ZoneInfo:
        """The service's time zone, in which times are shown and days begin."""
        return ZoneInfo(self.description["timeZone"])

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """A client of the service's tables."""
        made: DynamoDBClient = self.target.client("dynamodb")
        return made

    @cached_property
    def _lambda(self) -> Any:
        return self.target.client("lambda")

    @cached_property
    def _admin_function(self) -> str:
        return self.target.function_name(ADMIN_FUNCTION)


def _read_answer(payload: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not any(isinstance(answer.get(part), dict) for part in ("result", "error")):
        raise CommandError("The admin function failed; the logs of the stack's functions say why.")
    if answer.get("version") != _PROTOCOL_VERSION:
        raise CommandError("The stack and this command line are of different versions: use the one deployed with it.")
    return answer


def _sentence(error: Mapping[str, Any]) -> str:
    message, field = str(error.get("message") or error["code"]).rstrip("."), str(error.get("field"))
    # A message begins with the field's whole name if its value is malformed.
    if message.startswith(f"{field} is "):
        message = f"{_OPTIONS.get(field.rpartition('.')[2], field)}{message.removeprefix(field)}"
    return f"{message[:1].upper()}{message[1:]}."


class Stack:
    """A stack in AWS, reached with the credentials and region of the environment or of a profile."""

    def __init__(self, name: str, *, profile: str | None, region: str | None) -> None:
        self.name = name
        self._session: Any = botocore.session.Session(profile=profile)
        if region:
            self._session.set_config_variable("region", region)
        self._session.user_agent_extra = "app/paidline-cli"

    def client(self, service: str) -> Any:
        """Return a client; calls are retried and throttling is respected, as the SDK does by itself."""
        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": 8},
            read_timeout=_READ_TIMEOUT_S,
            parameter_validation=False,
        )
        return self._session.create_client(service, config=config)

    def resource(self, logical_id: str) -> str:
        """Return a resource's physical id. One DescribeStackResource. Raises CommandError where there is none."""
        try:
            found = self.client("cloudformation").describe_stack_resource(
                StackName=self.name, LogicalResourceId=logical_id
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            region = self._session.get_config_variable("region")
            raise CommandError(
                f"There is no stack {self.name} with a resource {logical_id} in {region}: check --stack, --region and "
                "--profile, or deploy the current version."
            ) from error
        physical_id: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return physical_id

    function_name = resource


class LocalService:
    """The service that `make run` serves at `url`; its engine takes any credentials."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise CommandError(f"--url is not a URL such as http://127.0.0.1:3000: {url}")
        self.url = url.rstrip("/")

    def client(self, service: str) -> Any:
        """Return a client with fake credentials, so that it can never use an AWS account."""
        endpoint = self.url if service == "lambda" else self._dynamodb_endpoint
        return local_client(service, endpoint)

    def function_name(self, logical_id: str) -> str:
        """Functions are named by their logical ids."""
        return logical_id

    @cached_property
    def _dynamodb_endpoint(self) -> str:
        endpoint: str = Connection(self, operator="paidline").description["dynamoDbEndpoint"]
        return endpoint


def local_client(service: str, endpoint: str) -> Any:
    """Return a client of a service on this machine, whose environment's proxies do not apply."""
    return _local_session().create_client(
        service,
        endpoint_url=endpoint,
        region_name=_LOCAL_REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(
            retries={"total_max_attempts": 2},
            connect_timeout=2,
            read_timeout=_READ_TIMEOUT_S,
            proxies={},
            parameter_validation=False,
        ),
    )


@cache
def _local_session() -> Any:
    # A command makes up to three clients, and each session reads the SDK's list of endpoints, which takes 0.1 s.
    return botocore.session.Session()
