"""`paidline wallet`: callers' wallets."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from admin.cli.command import Key, Session, Version, Yes, command, confirm, new_key
from admin.cli.errors import CommandError
from admin.cli.options import number_option
from admin.cli.output import to_json

app = typer.Typer(help="Create, show, change, block, correct, refund and erase wallets.", no_args_is_help=True)

Application = Annotated[str, typer.Argument(help="The applicationId.", show_default=False)]
WalletId = Annotated[str | None, typer.Argument(help="The walletId; or use --pin or --phone.", show_default=False)]
Pin = Annotated[str | None, typer.Option(help="Find the wallet by this PIN.")]
Phone = Annotated[str | None, typer.Option(help="Find the wallet by this phone number.")]
Reason = Annotated[str, typer.Option(help="Why. It stays in the ledger for good: name no person.", show_default=False)]


def _named(application_id: str, wallet_id: str | None, pin: str | None, phone: str | None) -> dict[str, str]:
    """Return the argument `wallet` of the admin function."""
    names = {"walletId": wallet_id, "pin": pin, "phoneNumber": phone}
    given = {name: value for name, value in names.items() if value is not None}
    if len(given) != 1:
        raise CommandError("Name the wallet by one of its walletId, --pin and --phone.")
    return {"applicationId": application_id, **given}


@command(app)
def create(
    session: Session,
    application_id: Application,
    pin: Annotated[str, typer.Option(help="The PIN.", show_default=False)],
    wallet_id: Annotated[str | None, typer.Option(help="The walletId; a new one if absent.")] = None,
    phone: Annotated[str | None, typer.Option(help="The caller's phone number.")] = None,
    email: Annotated[str | None, typer.Option(help="The caller's e-mail address.")] = None,
    tokens: Annotated[int, number_option(help="The opening balance.")] = 0,
    key: Key = "",
) -> None:
    """Create a wallet.

    Example: `paidline wallet create 1288 --pin 4711 --phone +31612345678 --tokens 1000`
    """
    arguments = {"applicationId": application_id, "pin": pin, "walletId": wallet_id, "tokens": tokens}
    contact = {"phoneNumber": phone, "email": email}
    session.run("wallet.create", {**arguments, **contact}, key=key or new_key())


@command(app)
def show(
    session: Session, application_id: Application, wallet_id: WalletId = None, pin: Pin = None, phone: Phone = None
) -> None:
    """Show a wallet.

    Example: `paidline wallet show 1288 6254` or `paidline wallet show 1288 --phone +31612345678 --reveal`
    """
    session.run("wallet.show", {"wallet": _named(application_id, wallet_id, pin, phone)})


@command(app)
def change(
    session: Session,
    application_id: Application,
    wallet_id: Annotated[str, typer.Argument(help="The walletId.", show_default=False)],
    pin: Annotated[str | None, typer.Option(help="The new PIN.")] = None,
    phone: Annotated[str | None, typer.Option(help="The new phone number; empty to remove it.")] = None,
    email: Annotated[str | None, typer.Option(help="The new e-mail address; empty to remove it.")] = None,
    version: Version = None,
) -> None:
    """Change a wallet's PIN, phone number or e-mail address.

    Example: `paidline wallet change 1288 6254 --phone +31612345678`
    """
    wallet = _named(application_id, wallet_id, None, None)
    changes = {"pin": pin, "phoneNumber": phone, "email": email, "version": version}
    session.run("wallet.change", {"wallet": wallet, **changes}, key=new_key())


@command(app)
def block(
    session: Session,
    application_id: Application,
    wallet_id: WalletId = None,
    pin: Pin = None,
    phone: Phone = None,
    version: Version = None,
) -> None:
    """Block a wallet: it is found, but nothing can be taken from it.

    Example: `paidline wallet block 1288 6254`
    """
    wallet = _named(application_id, wallet_id, pin, phone)
    session.run("wallet.block", {"wallet": wallet, "version": version}, key=new_key())


@command(app)
def unblock(
    session: Session,
    application_id: Application,
    wallet_id: WalletId = None,
    pin: Pin = None,
    phone: Phone = None,
    version: Version = None,
) -> None:
    """Unblock a wallet.

    Example: `paidline wallet unblock 1288 6254`
    """
    wallet = _named(application_id, wallet_id, pin, phone)
    session.run("wallet.unblock", {"wallet": wallet, "version": version}, key=new_key())


@command(app)
def adjust(
    session: Session,
    application_id: Application,
    reason: Reason,
    amount: Annotated[int, number_option(help="The tokens to add; negative to take.", show_default=False)],
    wallet_id: WalletId = None,
    pin: Pin = None,
    phone: Phone = None,
    key: Key = "",
) -> None:
    """Add tokens to a wallet, or take them, with a reason.

    Example: `paidline wallet adjust 1288 6254 --amount 500 --reason "goodwill"`
    """
    wallet = _named(application_id, wallet_id, pin, phone)
    arguments = {"wallet": wallet, "amount": amount, "reason": reason}
    session.run("wallet.adjust", arguments, key=key or new_key())


@command(app)
def refund(
    session: Session,
    application_id: Application,
    seq: Annotated[int, number_option(help="The number of the ledger entry.", show_default=False)],
    reason: Reason,
    wallet_id: WalletId = None,
    pin: Pin = None,
    phone: Phone = None,
    amount: Annotated[int | None, number_option(help="The tokens to give back; all that it took if absent.")] = None,
    key: Key = "",
) -> None:
    """Give back what a ledger entry took, once.

    Example: `paidline wallet refund 1288 6254 --seq 12 --reason "line was dead"`
    """
    wallet = _named(application_id, wallet_id, pin, phone)
    arguments = {"wallet": wallet, "seq": seq, "reason": reason, "amount": amount}
    session.run("wallet.refund", arguments, key=key or new_key())


@command(app)
def erase(
    session: Session,
    application_id: Application,
    wallet_id: WalletId = None,
    pin: Pin = None,
    phone: Phone = None,
    yes: Yes = False,
) -> None:
    """Erase a caller: PIN, phone number and e-mail address, wherever they are stored.

    The ledger stays, and verifies as before. Tokens that are left are lost: pay them out first, with `wallet adjust`.
    Interrupted, it can be repeated by the walletId.

    Example: `paidline wallet erase 1288 6254`
    """
    wallet = _named(application_id, wallet_id, pin, phone)
    found = session.connection.run("wallet.show", {"wallet": wallet})
    if found["held"] and not found["erased"]:
        raise CommandError(
            f"Calls in progress hold {found['held']:,} tokens of this wallet: erase it when they have ended."
        )
    lost = 0 if found["erased"] else found["tokens"]
    confirm(f"Erase this caller{f' and the {lost:,} tokens left' if lost else ''}? It cannot be undone.", yes=yes)
    total = {"callSessions": 0, "paidCalls": 0, "storedAnswers": 0}
    erased: dict[str, Any] = {}
    for part in session.connection.parts("wallet.erase", {"wallet": wallet}):
        erased = {name: part[name] for name in ("applicationId", "walletId")}
        # What named it before finds it no longer.
        wallet.clear()
        wallet.update(erased)
        total = {name: count + part[name] for name, count in total.items()}
    session.show_one({**erased, "tokensLost": lost, **total})


@command(app)
def export(
    session: Session, application_id: Application, wallet_id: WalletId = None, pin: Pin = None, phone: Phone = None
) -> None:
    """Print all that is stored of a caller, as one JSON object and unmasked.

    Example: `paidline wallet export 1288 6254 > caller.json`
    """
    named = _named(application_id, wallet_id, pin, phone)
    lists = ("ledger", "callSessions", "paidCalls", "storedAnswers")
    whole: dict[str, Any] = {"wallet": None, **{name: [] for name in lists}}
    for part in session.connection.parts("wallet.export", {"wallet": named}):
        whole["wallet"] = whole["wallet"] or part["wallet"]
        for name in lists:
            whole[name] += part[name]
    print(to_json(whole))


erasures = typer.Typer(help="Erase again what was erased, after tables were restored.", no_args_is_help=True)


@command(erasures)
def repeat(session: Session) -> None:
    """Erase again every caller who was erased. Reads whole tables.

    Example: `paidline erasure repeat`
    """
    total = dict.fromkeys(("wallets", "callSessions", "paidCalls", "storedAnswers"), 0)
    for part in session.connection.parts("erasure.repeat", {}):
        total = {name: count + part[name] for name, count in total.items()}
    session.show_one(total)
