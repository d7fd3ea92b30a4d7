"""What makes a function an endpoint: it reads, validates and authenticates a request, responds, and logs."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from paidline import cold_start, deadline
from paidline.api import telemetry
from paidline.api.request import Event, read_headers, read_parameters
from paidline.api.response import Response, failure, to_payload
from paidline.cold_start import IN_LAMBDA
from paidline.domain.authentication import Scope, authenticate
from paidline.domain.idempotency import Key, key_for
from paidline.domain.types import IdempotencyKey, Text
from paidline.errors import ApiError, InvalidRequest, ServerError
from paidline.store.api_clients import ApiClient
from paidline.store.dynamodb import dynamodb


class Request(BaseModel):
    """What every documented request has. Fields have the document's names, in camelCase on the wire."""

    # Built by the endpoint: those that models share are never built at all.
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, defer_build=True)

    authentication_hash: Text = Field(repr=False)


class IdempotentRequest(Request):
    """A request that may carry an idempotency key, as a parameter or as a header."""

    idempotency_key: IdempotencyKey | None = None

    def contents(self) -> tuple[str, ...]:
        """List what the request asks for under the document's names, in one form however it was sent.

        The digests of used keys are made of this: another form needs another version, see `idempotency`.
        """
        own = {
            name: field for name, field in type(self).model_fields.items() if name not in IdempotentRequest.model_fields
        }
        return tuple(sorted(f"{field.alias}={getattr(self, name)}" for name, field in own.items()))


class Caller(NamedTuple):
    """Who called, authenticated: the API client and the source address, and which endpoint was asked."""

    client: ApiClient
    ip: str
    endpoint: str

    def key(self, request: IdempotentRequest) -> Key | None:
        """Return the request's idempotency key, if it carries one."""
        if request.idempotency_key is None:
            return None
        return key_for(request.idempotency_key, self.client.hash_digest, self.endpoint, request.contents())


class Context(Protocol):
    """What is used of Lambda's context object."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long it is until Lambda would end the invocation."""


R = TypeVar("R", bound=Request)


class Endpoint(Generic[R]):
    """A Lambda handler around `handle`, which sees only requests that are valid and authenticated."""

    def __init__(self, name: str, model: type[R], scope: Scope, handle: Callable[[R, Caller], Response]) -> None:
        """Prepare everything that does not depend on a request, so that the cold start pays for it."""
        self.name = name
        self.model = model
        self.scope = scope
        self.handle = handle
        self._parameter_names = [field.alias or name for name, field in model.model_fields.items()]
        model.model_rebuild()
        if IN_LAMBDA:
            dynamodb()
        cold_start.end()

    def __call__(self, event: Event, context: Context) -> dict[str, Any]:
        """Answer one event of API Gateway's HTTP API, payload 2.0, within `deadline.LAST_RESPONSE_S`. Never raises."""
        with deadline.start(context.get_remaining_time_in_millis()):
            return self._respond(event, context)

    def _respond(self, event: Event, context: Context) -> dict[str, Any]:
        accept_encoding = None
        try:
            headers = read_headers(event)
            accept_encoding = headers.get("accept-encoding")
            payload = to_payload(response := self._handle(event, headers), accept_encoding)
        except Exception as error:  # the last resort: the caller is owed the documented envelope
            failed = error if isinstance(error, ApiError) else ServerError()
            if isinstance(failed, ServerError):
                telemetry.log_fault(self.name, context.aws_request_id, error)
            response = failure(failed)
            payload = to_payload(response, None)
        telemetry.log_response(self.name, context.aws_request_id, response)
        return payload

    def _handle(self, event: Event, headers: Mapping[str, str]) -> Response:
        request = self._read(event, headers)
        caller = Caller(
            client=authenticate(request.authentication_hash, self.scope),
            ip=event["requestContext"]["http"]["sourceIp"],
            endpoint=self.name,
        )
        return self.handle(request, caller)

    def _read(self, event: Event, headers: Mapping[str, str]) -> R:
        parameters = read_parameters(event, self._parameter_names)
        if "idempotency-key" in headers:
            parameters["idempotencyKey"] = headers["idempotency-key"]
        try:
            return self.model.model_validate(parameters)
        except ValidationError as error:
            raise InvalidRequest(_error_reason(error)) from error


def _error_reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if not first["loc"]:
        return first["type"]
    return f"{'missing' if first['type'] == 'missing' else 'invalid'}:{first['loc'][0]}"


def endpoint(name: str, model: type[R], scope: Scope) -> Callable[[Callable[[R, Caller], Response]], Endpoint[R]]:
    """Make a function the endpoint `name`, which takes requests of `model` from clients whose hash opens `scope`.

    The name is the endpoint's stem; idempotency keys and the ledger hold it, so it never changes.
    """
    return lambda handle: Endpoint(name, model, scope, handle)
