"""What all commands share: the options that say which service and how to print, and how a command is declared."""

from __future__ import annotations

import functools
import getpass
import inspect
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Concatenate, ParamSpec, TextIO

import typer
from pydantic import TypeAdapter, ValidationError

from admin.cli import output
from admin.cli.connection import Connection, LocalService, Stack, Target
from admin.cli.errors import CommandError
from admin.cli.output import Format, Row
from admin.reports.tables import Tables
from paidline.domain.types import PhoneNumber

P = ParamSpec("P")

_PHONE_NUMBER: TypeAdapter[str] = TypeAdapter(PhoneNumber)
_SERVICE, _OUTPUT = "Which service", "How to print"


def _options(
    url: Annotated[
        str, typer.Option(envvar="PAIDLINE_URL", help="The URL of a service started with `make run`.", rich_help_panel=_SERVICE)
    ] = "",
    stack: Annotated[
        str, typer.Option(envvar="PAIDLINE_STACK", help="The deployed stack of this name.", rich_help_panel=_SERVICE)
    ] = "",
    profile: Annotated[
        str | None, typer.Option(envvar="AWS_PROFILE", help="The AWS profile to use.", rich_help_panel=_SERVICE)
    ] = None,
    region: Annotated[
        str | None, typer.Option(envvar="AWS_REGION", help="The stack's AWS region.", rich_help_panel=_SERVICE)
    ] = None,
    operator: Annotated[
        str,
        typer.Option(
            envvar="PAIDLINE_OPERATOR", help="Who is recorded as having made a change.", rich_help_panel=_SERVICE
        ),
    ] = "",
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line.", rich_help_panel=_OUTPUT)
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.", rich_help_panel=_OUTPUT)] = False,
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal", help="Show PINs, phone numbers and e-mail addresses in full.", rich_help_panel=_OUTPUT
        ),
    ] = False,
) -> Session:
    """Declare the options of every command."""
    if json and csv:
        raise CommandError("Choose either --json or --csv.")
    format_ = Format.JSON if json else Format.CSV if csv else Format.TABLE
    return Session(url, stack, profile, region, operator, format_, reveal)


@dataclass(frozen=True)
class Session:
    """One run of the command line: the service that it works on, and how it prints."""

    url: str
    stack: str
    profile: str | None
    region: str | None
    operator: str
    format: Format
    reveal: bool

    @cached_property
    def connection(self) -> Connection:
        """The service. Raises CommandError if none is named, or two are."""
        return Connection(self._target(), self.operator or _user_name())

    def _target(self) -> Target:
        if self.url and self.stack:
            raise CommandError("Name one service, by --stack (PAIDLINE_STACK) or by --url (PAIDLINE_URL), not two.")
        if self.url:
            return LocalService(self.url)
        if self.stack:
            return Stack(self.stack, profile=self.profile, region=self.region)
        raise CommandError("Name the service: --stack NAME for one in AWS, --url http://127.0.0.1:3000 for `make run`.")

    @cached_property
    def tables(self) -> Tables:
        """The service's tables, to read."""
        return Tables(self.connection.dynamodb, self.connection.tables)

    @property
    def remarks(self) -> TextIO:
        """Where remarks go that are not data: they must not end up in JSON or CSV."""
        return sys.stdout if self.format is Format.TABLE else sys.stderr

    def run(self, command: str, arguments: Mapping[str, Any], *, key: str = "") -> None:
        """Run a command of the admin function, without the arguments that are None, and print its result."""
        given = {name: value for name, value in arguments.items() if value is not None}
        self.show_one(self.connection.run(command, given, key=key))

    def show(self, rows: Iterable[Row], columns: Sequence[str]) -> None:
        """Print rows as they come."""
        output.show(rows, columns, self.format, reveal=self.reveal)

    def show_one(self, record: Mapping[str, Any]) -> None:
        """Print one record."""
        output.show_one(record, self.format, reveal=self.reveal)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise CommandError("This machine does not know who you are: say it with --operator.") from error


def phone_number(text: str, option: str) -> str:
    """Return a phone number's digits. Raises CommandError if it is none."""
    try:
        return _PHONE_NUMBER.validate_python(text)
    except ValidationError as error:
        raise CommandError(f"{option} is not a phone number.") from error


def new_key() -> str:
    """Return a key that makes the SDK's own retries of one command safe."""
    return f"paidline-{uuid.uuid4().hex}"


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone, unless --yes was given; a refusal ends the command with 1."""
    if not yes:
        typer.confirm(question, abort=True)


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


def command(
    app: typer.Typer, name: str | None = None
) -> Callable[[Callable[Concatenate[Session, P], None]], Callable[Concatenate[Session, P], None]]:
    """Declare a command, whose first parameter is the session; the options of every command are added to its own."""
    common = inspect.signature(_options, eval_str=True).parameters

    def declare(function: Callable[Concatenate[Session, P], None]) -> Callable[Concatenate[Session, P], None]:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]

        @functools.wraps(function)
        def run(**arguments: Any) -> None:
            session = _options(**{option: arguments.pop(option) for option in common})
            function(session, **arguments)  # type: ignore[call-arg]

        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *common.values())]
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        app.command(name)(run)
        return function

    return declare


Key = Annotated[
    str, typer.Option("--key", help="Repeat a command with the same key, and it takes effect once.", show_default=False)
]
Version = Annotated[int | None, typer.Option(help="Refuse if the item's version is no longer this one.")]
