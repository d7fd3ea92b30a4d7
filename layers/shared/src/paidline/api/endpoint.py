"""The Lambda handler of an endpoint: parse, validate, authenticate, handle, respond and log."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from paidline import cold_start, deadline, ids
from paidline.api import telemetry
from paidline.api.request import Event, read_headers, read_parameters
from paidline.api.response import Response, failure, to_payload
from paidline.domain.authentication import Scope, authenticate
from paidline.domain.idempotency import Key, key_for
from paidline.domain.types import IdempotencyKey, Text
from paidline.errors import ApiError, InvalidRequest, ServerError
from paidline.store.api_clients import ApiClient
from paidline.store.dynamodb import prepare


class Request(BaseModel):
    """The base of every request model. Parameter names are the contract's, in camelCase."""

    # Only Endpoint builds a model, so shared base models are never built.
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, defer_build=True)

    authentication_hash: Text = Field(repr=False)

    def contents(self) -> tuple[str, ...]:
        """Return the parameters as normalized `name=value` strings with the contract's names.

        Stored request digests are computed from this, so changing the format requires a new digest version; see
        `idempotency`.
        """
        own = {
            name: field for name, field in type(self).model_fields.items() if name not in IdempotentRequest.model_fields
        }
        return tuple(sorted(f"{field.alias}={getattr(self, name)}" for name, field in own.items()))


class IdempotentRequest(Request):
    """A request that may carry an idempotency key, as a parameter or a header."""

    idempotency_key: IdempotencyKey | None = None


class Caller(NamedTuple):
    """The authenticated caller: API client and source IP address, with the name of the endpoint called."""

    client: ApiClient
    ip: str
    endpoint: str

    def key(self, request: IdempotentRequest) -> Key | None:
        """Return the request's idempotency key, if it carries one."""
        if request.idempotency_key is None:
            return None
        return key_for(request.idempotency_key, self.client.hash_digest, self.endpoint, request.contents())


class Context(Protocol):
    """The part of Lambda's context object that is used here."""

    aws_request_id: str
    function_version: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before Lambda times out."""


R = TypeVar("R", bound=Request)


class Endpoint(Generic[R]):
    """A Lambda handler that passes only valid, authenticated requests on to `handle`."""

    def __init__(self, name: str, model: type[R], scope: Scope, handle: Callable[[R, Caller], Response]) -> None:
        """Do everything that does not depend on a request, so that it happens once, at cold start."""
        self.name = name
        self.model = model
        self.scope = scope
        self.handle = handle
        self._parameter_names = [field.alias or name for name, field in model.model_fields.items()]
        model.model_rebuild()
        prepare()
        cold_start.end()

    def __call__(self, event: Event, context: Context) -> dict[str, Any]:
        """Handle one HTTP API event (payload 2.0) within `deadline.LAST_RESPONSE_S`. Never raises an Exception."""
        with deadline.start(context.get_remaining_time_in_millis()), ids.request() as stored_id:
            return self._respond(event, context, stored_id)

    def _respond(self, event: Event, context: Context, stored_id: str) -> dict[str, Any]:
        log = telemetry.RequestLog(self.name, context.function_version, context.aws_request_id, stored_id)
        accept_encoding = None
        try:
            headers = read_headers(event)
            accept_encoding = headers.get("accept-encoding")
            request = self._read(event, headers)
            if isinstance(request, IdempotentRequest):
                log.idempotency_key = request.idempotency_key
            caller = self._authenticate(request, event["requestContext"]["http"]["sourceIp"])
            log.client = caller.client.digest_prefix
            payload = to_payload(response := self.handle(request, caller), accept_encoding)
        except Exception as error:  # the last resort: every response has the documented envelope
            response = self._failure(error, context)
            payload = to_payload(response, None)
        log.write(response)
        return payload

    # Apart from `_respond`, whose frame is in the error's traceback: as a variable there, the error would hold itself,
    # and the garbage collector cannot see into pydantic's errors. Every invalid request would stay in memory.
    def _failure(self, error: Exception, context: Context) -> Response:
        failed = error if isinstance(error, ApiError) else ServerError()
        if isinstance(failed, ServerError):
            telemetry.log_fault(self.name, context.aws_request_id, error)
        return failure(failed, shows_reason=self.scope is Scope.CALLS)

    def _authenticate(self, request: R, source_ip: str) -> Caller:
        client = authenticate(request.authentication_hash, self.scope, source_ip)
        return Caller(client, source_ip, self.name)

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
    """Turn a function into the endpoint `name`, which accepts `model` requests from clients with access to `scope`.

    The name is the endpoint's stem. It is stored in the ledger and hashed into idempotency keys, so never change it.
    """
    return lambda handle: Endpoint(name, model, scope, handle)
