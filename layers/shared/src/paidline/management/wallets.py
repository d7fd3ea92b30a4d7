"""Wallets: their owners' PIN, phone number and address, blocking, and the operators' movements of tokens."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from paidline import clock, deadline, ids
from paidline.domain.types import MAX_TOKENS, Tokens, string_or_int
from paidline.errors import AlreadyExists, InvalidCommand, ItemNotFound, Refused
from paidline.management.changes import Done, Invocation, Plan, carry_out, check_version
from paidline.management.values import (
    Id,
    Model,
    PinText,
    Reason,
    ShownText,
    StoredPhoneNumber,
    Version,
    WalletEntry,
)
from paidline.store import ledger, wallets
from paidline.store.ledger import NO_DIGEST, LedgerEntry
from paidline.store.wallets import Wallet

_TAKEN = {
    "walletId": "Another wallet has, or had, this walletId.",
    "pin": "Another wallet of the application has this PIN.",
    "phoneNumber": "Another wallet of the application has this phone number.",
}
# How often a walletId is looked up in the index, which lags behind the table, and the longest pause in between.
_LOOK_UPS = 4
_LOOK_UP_PAUSE_S = 0.1
# A shorter PIN in a reason is more likely an amount.
_MIN_TELLING_PIN = 4


def _amount(value: Any) -> int:
    digits = string_or_int(value)
    sign, number = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    if not (number.isascii() and number.isdigit()) or not 1 <= int(number[:20]) <= MAX_TOKENS:
        raise ValueError(f"not a whole number from 1 to {MAX_TOKENS}, or its negative")
    return int(sign + number)


class WalletName(Model):
    """What names a wallet: its application, with its id, PIN or phone number."""

    application_id: Id
    wallet_id: Id | None = None
    pin: PinText | None = None
    phone_number: StoredPhoneNumber = None

    @model_validator(mode="after")
    def check_names(self) -> "WalletName":
        """Require exactly one name."""
        if [self.wallet_id, self.pin, self.phone_number].count(None) != 2:
            raise ValueError("not exactly one of walletId, pin and phoneNumber")
        return self


class CreateWallet(WalletEntry):
    """A new wallet, whose id is made up if it has none."""

    wallet_id: Id = Field(default_factory=lambda: str(ids.new_id()))


class ShowWallet(Model):
    """The wallet."""

    wallet: WalletName


class ChangeWallet(ShowWallet):
    """The wallet, and what changes."""

    pin: PinText = ""
    phone_number: StoredPhoneNumber = None
    email: ShownText | None = None
    version: Version | None = None


class BlockWallet(ShowWallet):
    """The wallet, and the version that may be blocked or unblocked."""

    version: Version | None = None


class AdjustWallet(ShowWallet):
    """The wallet, and how its balance changes; negative takes tokens."""

    amount: Annotated[int, BeforeValidator(_amount)]
    reason: Reason


class RefundEntry(ShowWallet):
    """The wallet, and the ledger entry whose tokens are given back."""

    seq: Tokens
    reason: Reason
    amount: Tokens | None = None


def create(arguments: CreateWallet, invocation: Invocation) -> Done:
    """Add a wallet with its opening ledger entry and its pointer. One Query. Raises AlreadyExists."""
    opening = opening_entry(arguments, invocation.request_id, invocation.operator)
    wallet = new_wallet(arguments, opening)

    def plan() -> Plan:
        _check_pin(wallet)
        operations = {**wallets.create(wallet), "walletId": ledger.append(opening)}
        return Plan(operations, _changed(wallet), _TAKEN, opening)

    return carry_out(invocation, plan)


def show(arguments: ShowWallet, invocation: Invocation) -> Done:
    """Return a wallet. Raises ItemNotFound."""
    return Done(shown(find(arguments.wallet)))


def change(arguments: ChangeWallet, invocation: Invocation) -> Done:
    """Change a wallet's PIN, phone number or address, with its pointer. Raises AlreadyExists and those of `find`."""
    given = arguments.given("pin", "phone_number", "email")
    for name in ("phone_number", "email"):
        if name in given:
            given[name] = given[name] or ""

    def changed(before: Wallet) -> Wallet:
        after = before._replace(**given)
        if after.pin != before.pin:
            # Calls in progress know the wallet by its PIN.
            if before.held:
                raise Refused("A call in progress holds tokens of this wallet.", "pin")
            _check_pin(after)
        return after

    return _change(arguments, arguments.version, invocation, changed)


def block(arguments: BlockWallet, invocation: Invocation) -> Done:
    """Block a wallet, so that nothing can be taken from it."""
    return _change(arguments, arguments.version, invocation, lambda before: before._replace(blocked=True))


def unblock(arguments: BlockWallet, invocation: Invocation) -> Done:
    """Unblock a wallet."""
    return _change(arguments, arguments.version, invocation, lambda before: before._replace(blocked=False))


def adjust(arguments: AdjustWallet, invocation: Invocation) -> Done:
    """Change a balance, with a ledger entry that says who and why. Raises Refused and those of `find`."""
    if invocation.key is None:
        raise InvalidCommand("Adjusting a balance needs an idempotency key.", "key")

    def plan() -> Plan:
        wallet = _find_living(arguments.wallet)
        entry = _next_entry(wallet, arguments.amount, "wallet.adjust", arguments.reason, invocation)
        return _movement(wallet, entry)

    return carry_out(invocation, plan)


def refund(arguments: RefundEntry, invocation: Invocation) -> Done:
    """Give back what a ledger entry took, once. Raises Refused and those of `find`.

    One TransactGetItems and one Query of the entries after it, to see whether it was refunded. If it is at the same
    moment, this movement loses the race for the balance and looks again.
    """

    def plan() -> Plan:
        wallet = _find_living(arguments.wallet)
        taking = ledger.get(wallet.wallet_id, arguments.seq)
        if taking is None:
            raise ItemNotFound("The wallet has no ledger entry with this number.", "seq")
        if taking.amount >= 0:
            raise Refused("This entry took no tokens.", "seq")
        if ledger.find_refund_of(wallet.wallet_id, taking.seq):
            raise Refused("This entry has been refunded; adjust the wallet for more.", "seq")
        amount = arguments.amount or -taking.amount
        if amount > -taking.amount:
            raise Refused("This entry took fewer tokens.", "amount")
        entry = _next_entry(wallet, amount, "wallet.refund", arguments.reason, invocation)
        plan = _movement(wallet, entry._replace(refund_of=taking.seq))
        return plan._replace(result={**plan.result, "amount": amount})

    return carry_out(invocation, plan)


def find(name: WalletName) -> Wallet:
    """Find a wallet: one GetItem by PIN, two by phone number, one Query and one GetItem by id. Raises ItemNotFound."""
    if name.pin is not None:
        found, field = wallets.get_by_pin(name.application_id, name.pin), "pin"
    elif name.phone_number is not None:
        found, field = wallets.get_by_phone_number(name.application_id, name.phone_number), "phoneNumber"
    else:
        found, field = _find_by_id(name.wallet_id or ""), "walletId"
    if found is None or found.application_id != name.application_id:
        raise ItemNotFound(f"No wallet of the application has this {field}.", f"wallet.{field}")
    return found


def shown(wallet: Wallet) -> dict[str, Any]:
    """Return a wallet as an operator sees it."""
    return {
        "applicationId": wallet.application_id,
        "walletId": wallet.wallet_id,
        "pin": wallet.pin,
        "phoneNumber": wallet.phone_number,
        "email": wallet.email,
        "tokens": wallet.tokens,
        "held": wallet.held,
        "blocked": wallet.blocked,
        "erased": wallet.erased,
        "seq": wallet.seq,
        "version": wallet.version,
    }


def opening_entry(entry: WalletEntry, request_id: str, operator: str = "") -> LedgerEntry:
    """Return the first ledger entry of a new wallet."""
    return LedgerEntry(
        wallet_id=entry.wallet_id,
        seq=1,
        amount=entry.tokens,
        balance=entry.tokens,
        time=clock.to_iso(clock.now()),
        source="opening",
        key="",
        request_id=request_id,
        previous_digest=NO_DIGEST,
        operator=operator,
    )


def new_wallet(entry: WalletEntry, opening: LedgerEntry) -> Wallet:
    """Return a new wallet with its opening entry's balance."""
    return Wallet(
        application_id=entry.application_id,
        wallet_id=entry.wallet_id,
        pin=entry.pin,
        tokens=opening.balance,
        seq=opening.seq,
        digest=opening.digest(),
        phone_number=entry.phone_number or "",
        email=entry.email,
    )


def _find_by_id(wallet_id: str) -> Wallet | None:
    for _ in range(_LOOK_UPS - 1):
        if found := wallets.get_by_wallet_id(wallet_id):
            return found
        deadline.pause(_LOOK_UP_PAUSE_S)
    return wallets.get_by_wallet_id(wallet_id)


def _find_living(name: WalletName) -> Wallet:
    wallet = find(name)
    if wallet.erased:
        raise Refused("The wallet's owner has been erased.", "wallet")
    return wallet


def _check_pin(wallet: Wallet) -> None:
    """Raise AlreadyExists if a PIN of the application differs in leading zeros only: as numbers they would be equal."""
    same = wallets.find_by_pin_ignoring_zeros(wallet.application_id, wallet.pin)
    if any(other.wallet_id != wallet.wallet_id for other in same):
        raise AlreadyExists(_TAKEN["pin"], "pin")


def _change(
    arguments: ShowWallet, version: int | None, invocation: Invocation, changed: Callable[[Wallet], Wallet]
) -> Done:
    def plan() -> Plan:
        before = _find_living(arguments.wallet)
        check_version(before.version, version)
        after = changed(before)._replace(version=before.version + 1)
        return Plan(wallets.change(before, after), _changed(after), _TAKEN)

    return carry_out(invocation, plan)


def _next_entry(wallet: Wallet, amount: int, source: str, reason: str, invocation: Invocation) -> LedgerEntry:
    personal = (wallet.phone_number, wallet.email, wallet.pin if len(wallet.pin) >= _MIN_TELLING_PIN else "")
    if any(text and text in reason for text in personal):
        raise Refused("The reason names the wallet's phone number, e-mail address or PIN.", "reason")
    balance = wallet.tokens + amount
    if amount < 0 and balance < wallet.held:
        raise Refused("The wallet holds fewer tokens, or calls in progress need them.", "amount")
    if balance > MAX_TOKENS:
        raise Refused(f"The balance would exceed {MAX_TOKENS}.", "amount")
    return LedgerEntry(
        wallet_id=wallet.wallet_id,
        seq=wallet.seq + 1,
        amount=amount,
        balance=balance,
        time=clock.to_iso(clock.now()),
        source=source,
        key=invocation.key.text if invocation.key else "",
        request_id=invocation.request_id,
        previous_digest=wallet.digest,
        held=wallet.held,
        operator=invocation.operator,
        reason=reason,
    )


def _movement(wallet: Wallet, entry: LedgerEntry) -> Plan:
    updated = wallet._replace(tokens=entry.balance, seq=entry.seq, digest=entry.digest())
    operations = {"balance": wallets.set_balance(wallet, updated), "entry": ledger.append(entry)}
    return Plan(operations, {**_changed(updated), "seq": entry.seq}, entry=entry)


def _changed(wallet: Wallet) -> dict[str, Any]:
    return {
        "applicationId": wallet.application_id,
        "walletId": wallet.wallet_id,
        "tokens": wallet.tokens,
        "version": wallet.version,
    }
