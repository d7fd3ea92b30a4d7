"""What all commands share: the options that say which service and how to print, and how a command is declared."""

from __future__ import annotations

import functools
import inspect
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, TextIO

import typer

from admin.cli import output
from admin.cli.errors import CommandError
from admin.cli.options import number_option
from admin.cli.output import Format, Row

if TYPE_CHECKING:
    from admin.cli.connection import Connection, Target
    from admin.reports.tables import Tables

P = ParamSpec("P")


def _options(
    url: Annotated[str, typer.Option(envvar="PAIDLINE_URL", help="The URL of a service started with `make run`.")] = "",
    stack: Annotated[str, typer.Option(envvar="PAIDLINE_STACK", help="The deployed stack of this name.")] = "",
    profile: Annotated[str | None, typer.Option(envvar="AWS_PROFILE", help="The AWS profile to use.")] = None,
    region: Annotated[str | None, typer.Option(envvar="AWS_REGION", help="The stack's AWS region.")] = None,
    operator: Annotated[
        str, typer.Option(envvar="PAIDLINE_OPERATOR", help="Who is recorded as having made a change.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
    field: Annotated[str, typer.Option("--field", help="Print only this field's value, for a script.")] = "",
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show PINs, phone numbers and e-mail addresses in full.")
    ] = False,
) -> Session:
    """Declare the options of every command."""
    chosen = [form for form, given in ((Format.JSON, json), (Format.CSV, csv), (Format.FIELD, field)) if given]
    if len(chosen) > 1:
        raise CommandError("Choose one of --json, --csv and --field.")
    form = chosen[0] if chosen else Format.TABLE
    return Session(url, stack, profile, region, operator, form, field, reveal)


@dataclass(frozen=True)
class Session:
    """One run of the command line: the service that it works on, and how it prints."""

    url: str
    stack: str
    profile: str | None
    region: str | None
    operator: str
    format: Format
    field: str
    reveal: bool

    @cached_property
    def connection(self) -> Connection:
        """The service. Raises CommandError if none is named, or two are."""
        from admin.cli.connection import Connection

        return Connection(self._target(), self.operator or _user_name())

    def _target(self) -> Target:
        from admin.cli.connection import LocalService, Stack

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
        from admin.reports.tables import Tables

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
        output.show(rows, columns, self.format, field=self.field, reveal=self.reveal)

    def show_one(self, record: Mapping[str, Any]) -> None:
        """Print one record."""
        output.show_one(record, self.format, field=self.field, reveal=self.reveal)

    def local_time(self, stored: str) -> datetime | None:
        """Return a stored time in the service's time zone; None for none."""
        return datetime.fromisoformat(stored).astimezone(self.connection.zone) if stored else None


def _user_name() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise CommandError("This machine does not know who you are: say it with --operator.") from error


def phone_number(text: str, option: str) -> str:
    """Return a phone number's digits. Raises CommandError if it is none."""
    from pydantic import TypeAdapter, ValidationError

    from paidline.domain.types import PhoneNumber

    adapter: TypeAdapter[str] = TypeAdapter(PhoneNumber)
    try:
        return adapter.validate_python(text)
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
        # \b keeps an example on one line, to be copied.
        described = (inspect.getdoc(function) or "").replace("\n\nExample:", "\n\n\b\nExample:")
        app.command(name, help=described)(run)
        return function

    return declare


Key = Annotated[
    str, typer.Option("--key", help="Repeat a command with the same key, and it takes effect once.", show_default=False)
]
Version = Annotated[int | None, number_option(help="Refuse if the item's version is no longer this one.")]
