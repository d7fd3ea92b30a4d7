"""People's rights: exporting what is stored of a caller, erasing it, and erasing it again after a restore."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field

from paidline import clock
from paidline.api.response import to_json
from paidline.errors import ItemNotFound, Refused
from paidline.management import wallets as named
from paidline.management.changes import Done, Invocation, Plan, carry_out
from paidline.management.values import Model
from paidline.management.walk import Key, Part, Stage, read_start, walk
from paidline.store import call_sessions, dialed_numbers, erasures, idempotency_keys, ledger, transaction, wallets
from paidline.store.call_sessions import CallSession
from paidline.store.idempotency_keys import UsedKey
from paidline.store.transaction import Backoff, TransactionCancelled
from paidline.store.wallets import Wallet

# What stands in place of what was erased.
ERASED = "erased"
_PERSONAL = ("pin", "phoneNumber", "email", "inboundNumber")
# Each erased item costs two operations: the change, and the memory of it.
_ITEMS_PER_TRANSACTION = transaction.MAX_OPERATIONS // 2
# What is walked through, in this order.
_EXPORTED = ("ledger", "callSessions", "storedAnswers")
_ERASED = ("callSessions", "storedAnswers")
_REPEATED = ("wallets", "callSessions", "storedAnswers")
# A response of Lambda has at most 6 MB, and one more page may be added.
_MAX_PART_BYTES = 2_500_000

Next = Annotated[str, Field(min_length=1, max_length=2_000)]
# The operations that erase one item and remember that.
Erasing = tuple[Any, Any]


class EraseWallet(named.ShowWallet):
    """The wallet, and where to go on."""

    next: Next | None = None


class RepeatErasure(Model):
    """Where to go on."""

    next: Next | None = None


def export(arguments: EraseWallet, invocation: Invocation) -> Done:
    """Return all that is stored of a wallet and its owner, in parts. Queries its ledger, scans calls and keys."""
    start = read_start(arguments.next, _EXPORTED)
    wallet = named.find(arguments.wallet)
    size = 0

    def counted(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        nonlocal size
        listed = list(entries)
        size += len(json.dumps(listed))
        return listed

    def entries(after: Key | None) -> tuple[list[dict[str, Any]], Key | None]:
        found, next_key = ledger.list_page(wallet.wallet_id, after)
        return counted(_plain(entry.to_item(), without="previousDigest") for entry in found), next_key

    def calls(after: Key | None) -> tuple[list[dict[str, Any]], Key | None]:
        found, next_key = _own_calls(wallet, after)
        return counted(_plain(session.to_item()) for session in found), next_key

    def answers(after: Key | None) -> tuple[list[dict[str, Any]], Key | None]:
        found, next_key = idempotency_keys.list_page(wallet.wallet_id, wallet.phone_number, after)
        own = [used for used in found if _concerns(used, wallet)]
        return counted({"answer": used.answer, "expiresAt": used.expires_at} for used in own), next_key

    stages = list(map(Stage, _EXPORTED, (entries, calls, answers)))
    part = walk(stages, start, is_full=lambda: size >= _MAX_PART_BYTES)
    listed = {name: [entry for page in pages for entry in page] for name, pages in part.found.items()}
    return Done({"wallet": None if arguments.next else named.shown(wallet), **listed, "next": part.next})


def erase(arguments: EraseWallet, invocation: Invocation) -> Done:
    """Erase a wallet's owner, in parts: first so that nobody finds the wallet, then from calls and stored answers.

    The phone number stays in the wallet until the end, so that an interrupted erasing can go on.
    Raises Refused if a call in progress holds tokens, and the errors of `find`.
    """
    start = read_start(arguments.next, _ERASED)
    wallet = named.find(arguments.wallet)
    if wallet.held and not wallet.erased:
        raise Refused("A call in progress holds tokens of this wallet.", "wallet")
    wallet = _take_out_owner(wallet, invocation)

    def calls(after: Key | None) -> tuple[int, Key | None]:
        found, next_key = _own_calls(wallet, after)
        return _erase_all(found, _erase_call), next_key

    def answers(after: Key | None) -> tuple[int, Key | None]:
        found, next_key = idempotency_keys.list_page(wallet.wallet_id, wallet.phone_number, after)
        own = [used for used in found if _concerns(used, wallet)]
        return _erase_all(own, lambda used: _erase_answer(used, _masked_for(wallet))), next_key

    part = walk(list(map(Stage, _ERASED, (calls, answers))), start)
    if part.next is None:
        _forget_phone_number(wallet, invocation)
    named_by = {"applicationId": wallet.application_id, "walletId": wallet.wallet_id}
    return Done({**named_by, **_counts(part), "next": part.next})


def repeat(arguments: RepeatErasure, invocation: Invocation) -> Done:
    """Erase again whatever was erased before and has come back by a restore, in parts. Scans four tables."""
    start = read_start(arguments.next, _REPEATED)
    remembered = erasures.list_all()

    def restored_wallets(after: Key | None) -> tuple[int, Key | None]:
        found, next_key = wallets.list_page(after)
        restored = [w for w in found if _wallet_digest(w) in remembered and not (w.erased and not w.phone_number)]
        for wallet in restored:
            _forget_phone_number(_take_out_owner(wallet, invocation), invocation)
        return len(restored), next_key

    def calls(after: Key | None) -> tuple[int, Key | None]:
        found, next_key = call_sessions.list_all_page(after)
        restored = [s for s in found if _call_digest(s) in remembered and s.inbound_number != ERASED]
        return _erase_all(restored, _erase_call), next_key

    def answers(after: Key | None) -> tuple[int, Key | None]:
        found, next_key = idempotency_keys.list_all_page(after)
        restored = [used for used in found if _key_digest(used) in remembered and _mask(used, _masked) != used.answer]
        return _erase_all(restored, lambda used: _erase_answer(used, _masked)), next_key

    part = walk(list(map(Stage, _REPEATED, (restored_wallets, calls, answers))), start)
    return Done({**_counts(part), "next": part.next})


def _counts(part: Part) -> dict[str, int]:
    return {name: sum(pages) for name, pages in part.found.items()}


def _take_out_owner(wallet: Wallet, invocation: Invocation) -> Wallet:
    """Remove PIN, address and pointer, remember that, and return the wallet as it is then."""
    return wallet if wallet.erased else _change(wallet, invocation, pin="", email="", blocked=True)


def _forget_phone_number(wallet: Wallet, invocation: Invocation) -> None:
    if wallet.phone_number:
        _change(wallet, invocation, phone_number="")


def _change(wallet: Wallet, invocation: Invocation, **changes: Any) -> Wallet:
    memory = erasures.remember(_wallet_digest(wallet), clock.to_iso(clock.now()))

    def plan() -> Plan:
        before = _reread(wallet)
        after = before._replace(**changes, version=before.version + 1)
        return Plan({**wallets.change(before, after), "memory": memory}, {})

    carry_out(invocation._replace(key=None), plan)
    return _reread(wallet)


def _reread(wallet: Wallet) -> Wallet:
    current = wallets.reread(wallet)
    if current is None:
        raise ItemNotFound("The wallet has got another PIN meanwhile.", "wallet")
    return current


def _own_calls(wallet: Wallet, after: Key | None) -> tuple[list[CallSession], Key | None]:
    if not wallet.phone_number:
        return [], None
    found, next_key = call_sessions.list_page(wallet.phone_number, after)
    numbers = dialed_numbers.list_all() if found else []
    foreign = {dialed.dialed_number for dialed in numbers if dialed.application_id != wallet.application_id}
    return [session for session in found if session.dialed_number not in foreign], next_key


def _concerns(used: UsedKey, wallet: Wallet) -> bool:
    return _mask(used, _masked_for(wallet)) != used.answer


def _mask(used: UsedKey, masked: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
    """Return an answer with what `masked` makes of each of its objects, or unchanged if it changes none."""
    answer = json.loads(used.answer, object_hook=masked)
    return used.answer if answer == json.loads(used.answer) else to_json(answer)


def _masked(content: dict[str, Any]) -> dict[str, Any]:
    return {name: ERASED if name in _PERSONAL and value else value for name, value in content.items()}


def _masked_for(wallet: Wallet) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what masks the objects of an answer that are the wallet, or a call from its phone number."""

    def masked(content: dict[str, Any]) -> dict[str, Any]:
        is_wallet = content.get("walletId") == wallet.wallet_id
        is_call = bool(wallet.phone_number) and content.get("inboundNumber") == wallet.phone_number
        return _masked(content) if is_wallet or is_call else content

    return masked


def _wallet_digest(wallet: Wallet) -> str:
    return erasures.digest("wallet", wallet.wallet_id)


def _call_digest(session: CallSession) -> str:
    return erasures.digest("callSession", str(session.id))


def _key_digest(used: UsedKey) -> str:
    return erasures.digest("key", used.key_digest)


def _erase_call(session: CallSession) -> Erasing:
    memory = erasures.remember(_call_digest(session), clock.to_iso(clock.now()))
    return call_sessions.set_inbound_number(session, ERASED), memory


def _erase_answer(used: UsedKey, masked: Callable[[dict[str, Any]], dict[str, Any]]) -> Erasing:
    memory = erasures.remember(_key_digest(used), clock.to_iso(clock.now()))
    return idempotency_keys.set_answer(used, _mask(used, masked)), memory


def _erase_all(items: Sequence[Any], erasing: Callable[[Any], Erasing]) -> int:
    """Erase items, fifty in a transaction, and return how many. Those that have changed meanwhile are left out."""
    count = 0
    for start in range(0, len(items), _ITEMS_PER_TRANSACTION):
        pairs = [erasing(item) for item in items[start : start + _ITEMS_PER_TRANSACTION]]
        backoff = Backoff()
        while pairs:
            try:
                transaction.write([operation for pair in pairs for operation in pair])
                break
            except TransactionCancelled as cancelled:
                failed = [reason.condition_failed for reason in cancelled.reasons[::2]]
            pairs = [pair for pair, has_failed in zip(pairs, failed, strict=True) if not has_failed]
            backoff.wait()
        count += len(pairs)
    return count


def _plain(item: dict[str, Any], without: str = "") -> dict[str, Any]:
    """Return an item with JSON's values: numbers as numbers."""
    plain = {name: int(value["N"]) if "N" in value else value["S"] for name, value in item.items()}
    return {name: value for name, value in plain.items() if name not in ("walletId", without)}
