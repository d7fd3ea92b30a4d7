"""What makes a function an endpoint: read, check, authenticate, answer, log, count. The only way to be one."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from paidline import cold_start, deadline
from paidline.codes import Failure, Fault, RequestInvalid
from paidline.cold_start import IN_LAMBDA
from paidline.domain import api_clients
from paidline.domain.api_clients import Scope
from paidline.domain.exactly_once import Key, key_for
from paidline.domain.types import IdempotencyKey, Text
from paidline.edge import observing, reading
from paidline.edge.answering import Answer, failure, pack
from paidline.store.api_clients import ApiClient
from paidline.store.client import client


class Request(BaseModel):
    """What every documented request has. Fields have the document's names, in camelCase on the wire."""

    # Built by the endpoint: those that models share are never built at all.
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, defer_build=True)

    authentication_hash: Text = Field(repr=False)


class OnceRequest(Request):
    """A request that may carry an idempotency key, as a parameter or as a header."""

    idempotency_key: IdempotencyKey | None = None

    def contents(self) -> tuple[str, ...]:
        """List what the request asks for under the document's names, in one form however it was sent.

        The digests of used keys are made of this: another form needs another version, see `exactly_once`.
        """
        own = {name: field for name, field in type(self).model_fields.items() if name not in OnceRequest.model_fields}
        return tuple(sorted(f"{field.alias}={getattr(self, name)}" for name, field in own.items()))


class Caller(NamedTuple):
    """Who called, authenticated: the API client and the source address, and which endpoint was asked."""

    client: ApiClient
    ip: str
    endpoint: str

    def key(self, request: OnceRequest) -> Key | None:
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

    def __init__(self, name: str, model: type[R], scope: Scope, handle: Callable[[R, Caller], Answer]) -> None:
        """Prepare everything that does not depend on a request, so that the cold start pays for it."""
        self.name = name
        self.model = model
        self.scope = scope
        self.handle = handle
        self._names = [field.alias or name for name, field in model.model_fields.items()]
        model.model_rebuild()
        if IN_LAMBDA:
            client()
        cold_start.end()

    def __call__(self, event: reading.Event, context: Context) -> dict[str, Any]:
        """Answer one event of API Gateway's HTTP API, payload 2.0, within `deadline.LAST_ANSWER_S`. Never raises."""
        with deadline.of_request(context.get_remaining_time_in_millis()):
            return self._respond(event, context)

    def _respond(self, event: reading.Event, context: Context) -> dict[str, Any]:
        accept_encoding = None
        try:
            headers = reading.headers(event)
            accept_encoding = headers.get("accept-encoding")
            response = pack(answer := self._answer(event, headers), accept_encoding)
        except Exception as error:  # the last resort: the caller is owed the documented envelope
            failed = error if isinstance(error, Failure) else Fault()
            if isinstance(failed, Fault):
                observing.faulted(self.name, context.aws_request_id, error)
            answer = failure(failed)
            response = pack(answer, None)
        observing.answered(self.name, context.aws_request_id, answer)
        return response

    def _answer(self, event: reading.Event, headers: Mapping[str, str]) -> Answer:
        request = self._read(event, headers)
        caller = Caller(
            client=api_clients.authenticate(request.authentication_hash, self.scope),
            ip=event["requestContext"]["http"]["sourceIp"],
            endpoint=self.name,
        )
        return self.handle(request, caller)

    def _read(self, event: reading.Event, headers: Mapping[str, str]) -> R:
        parameters = reading.parameters(event, self._names)
        if "idempotency-key" in headers:
            parameters["idempotencyKey"] = headers["idempotency-key"]
        try:
            return self.model.model_validate(parameters)
        except ValidationError as error:
            raise RequestInvalid(_reason(error)) from error


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if not first["loc"]:
        return first["type"]
    return f"{'missing' if first['type'] == 'missing' else 'invalid'}:{first['loc'][0]}"


def endpoint(name: str, model: type[R], scope: Scope) -> Callable[[Callable[[R, Caller], Answer]], Endpoint[R]]:
    """Make a function the endpoint `name`, which takes requests of `model` from clients whose hash opens `scope`.

    The name is the endpoint's stem; idempotency keys and the ledger hold it, so it never changes.
    """
    return lambda handle: Endpoint(name, model, scope, handle)
