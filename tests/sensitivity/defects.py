"""Planted defects: what a hurried change could do to the code, each with the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass

_LAYER = "layers/shared/src/paidline"
WALLETS, ONCE, SESSIONS = (
    f"{_LAYER}/domain/wallets.py",
    f"{_LAYER}/domain/exactly_once.py",
    f"{_LAYER}/domain/call_sessions.py",
)
TYPES, TURNS, ENDPOINT = f"{_LAYER}/domain/types.py", f"{_LAYER}/domain/turns.py", f"{_LAYER}/edge/endpoint.py"
STORED_WALLETS, LEDGER = f"{_LAYER}/store/wallets.py", f"{_LAYER}/store/ledger.py"
KEYS, TRANSACTION, CLIENT = (
    f"{_LAYER}/store/idempotency_keys.py",
    f"{_LAYER}/store/transaction.py",
    f"{_LAYER}/store/client.py",
)
DEADLINE, CACHE, CLOCK = f"{_LAYER}/deadline.py", f"{_LAYER}/store/cache.py", f"{_LAYER}/clock.py"
STORED_SESSIONS, AUDIT = f"{_LAYER}/store/call_sessions.py", "local/audit.py"
READING, AGENTS = f"{_LAYER}/edge/reading.py", f"{_LAYER}/domain/agents.py"

# Quick tests come first: most defects are noticed before the simulation has to run.
KEY_TESTS = "tests/money/test_keys.py"
LOST = "tests/money/test_lost_answers.py"
AUDITS = "tests/money/test_audit.py"
TURN_TESTS = "tests/money/test_turns.py"
GUARDS = "tests/money/test_guards.py"
SLOW = "tests/money/test_slow_commits.py"
READING_TESTS, STORED = "tests/unit/test_reading.py", "tests/unit/test_stored_items.py"
DEADLINES = "tests/unit/test_deadline.py"
SIMULATION = "tests/simulation/test_simulation.py"
SCHEDULES = "tests/simulation/test_schedules.py"


@dataclass(frozen=True)
class Defect:
    """One change to one file, and where it must be noticed."""

    name: str
    path: str
    code: str
    defect: str
    tests: tuple[str, ...] = (KEY_TESTS, LOST, SIMULATION)

    def plant(self, code: str) -> str:
        """The file with the defect in it. Raises ValueError where the code has moved on."""
        if code.count(self.code) != 1:
            raise ValueError(f"{self.name}: what it changes is {code.count(self.code)} times in {self.path}")
        return code.replace(self.code, self.defect)


DEFECTS = (
    Defect(
        "the wallet's sequence number is not checked",
        STORED_WALLETS,
        '"seq = :seen"',
        '"attribute_exists(seq) OR seq = :seen"',
        (GUARDS,),
    ),
    Defect(
        "the wallet is written without regard to what was read",
        STORED_WALLETS,
        '            "ConditionExpression": "seq = :seen",\n',
        '            "ConditionExpression": "seq >= :seen",\n',
        (GUARDS,),
    ),
    Defect(
        "an entry may replace another",
        LEDGER,
        '"attribute_not_exists(seq)"',
        '"attribute_not_exists(seq) OR attribute_exists(seq)"',
        (GUARDS,),
    ),
    Defect(
        "a session may replace another",
        STORED_SESSIONS,
        '"attribute_not_exists(id)"',
        '"attribute_not_exists(id) OR attribute_exists(id)"',
        ("tests/money/test_sessions.py",),
    ),
    Defect(
        "a used key may be used again",
        KEYS,
        '"attribute_not_exists(keyDigest) OR expiresAt <= :now"',
        '"attribute_not_exists(keyDigest) OR expiresAt > :now OR expiresAt <= :now"',
        (GUARDS,),
    ),
    Defect(
        "an expired key is never new again",
        KEYS,
        '"attribute_not_exists(keyDigest) OR expiresAt <= :now"',
        '"attribute_not_exists(keyDigest) OR expiresAt < :now AND expiresAt > :now"',
    ),
    Defect("keys are kept for a day", KEYS, "_KEPT_S = 30 * 24", "_KEPT_S = 24"),
    Defect(
        "a key's expiry is left to the store",
        KEYS,
        "return used if used and used.expires_at > time.time() else None",
        "return used",
    ),
    Defect(
        "the key is written outside the transaction",
        WALLETS,
        "                transaction.write(operations)\n                return body\n",
        "                transaction.write(operations[:2])\n"
        "                if key:\n"
        "                    transaction.write(operations[2:])\n"
        "                return body\n",
    ),
    Defect(
        "the key of a movement is not written",
        WALLETS,
        "            if key:\n                operations.append",
        "            if False:\n                operations.append",
    ),
    Defect(
        "the key of a session is not written",
        SESSIONS,
        "        if key:\n            operations.append",
        "        if False:\n            operations.append",
    ),
    Defect(
        "a key is not scoped to the hash", ONCE, "_digest(client_digest, endpoint, text)", "_digest(endpoint, text)"
    ),
    Defect(
        "a key is not scoped to the endpoint",
        ONCE,
        "_digest(client_digest, endpoint, text)",
        "_digest(client_digest, text)",
    ),
    Defect(
        "a reused key's contents are not compared",
        ONCE,
        "if used.request_digest != key.request_digest:",
        "if not used.request_digest:",
    ),
    Defect("contents leave the PIN out", ENDPOINT, "in own.items()))", 'in own.items() if name != "pin"))'),
    Defect(
        "contents leave the amount out",
        ENDPOINT,
        "in own.items()))",
        'in own.items() if name != "tokens"))',
    ),
    Defect(
        "a repeat does not say so", ONCE, "return Outcome(used.answer, is_repeat=True)", "return Outcome(used.answer)"
    ),
    Defect(
        "a refusal does not look whether its key was used",
        ONCE,
        "except (Refusal, KeyInUse) as failure:",
        "except KeyInUse as failure:",
    ),
    Defect(
        "a blank value hides one further down",
        READING,
        "for name, value in pairs if not _is_blank(value)}",
        "for name, value in pairs}",
        (KEY_TESTS, READING_TESTS),
    ),
    Defect(
        "a value of blanks only is filled",
        READING,
        "isinstance(value, str) and not value.strip()",
        "isinstance(value, str) and not value",
        (KEY_TESTS, READING_TESTS),
    ),
    Defect(
        "the parameter's key counts before the header's",
        ENDPOINT,
        'parameters["idempotencyKey"] = headers["idempotency-key"]',
        'parameters.setdefault("idempotencyKey", headers["idempotency-key"])',
        (KEY_TESTS,),
    ),
    Defect(
        "a key may hold anything",
        TYPES,
        'if not re.fullmatch(r"[A-Za-z0-9_.:@/+-]{1,255}", value):',
        "if len(value) > 255:",
        (KEY_TESTS, "tests/unit/test_types.py"),
    ),
    Defect(
        "a PIN's kind is not part of the contents",
        TYPES,
        """return self.digits if self.is_integer else f'"{self.digits}"'""",
        "return self.digits",
        (KEY_TESTS,),
    ),
    Defect(
        "contents have the fields' names",
        ENDPOINT,
        'f"{field.alias}={getattr(self, name)}"',
        'f"{name}={getattr(self, name)}"',
        (STORED,),
    ),
    Defect(
        "the digests of keys have no version",
        ONCE,
        'return f"{_DIGEST_VERSION}:{hashlib.sha256(written.encode()).hexdigest()}"',
        "return hashlib.sha256(written.encode()).hexdigest()",
        (STORED,),
    ),
    Defect(
        "the digests of ledger entries have no version",
        LEDGER,
        'return f"{_DIGEST_VERSION}:{hashlib.sha256(written.encode()).hexdigest()}"',
        "return hashlib.sha256(written.encode()).hexdigest()",
        (STORED,),
    ),
    Defect(
        "the digest of an entry has the fields' names",
        LEDGER,
        "written = json.dumps(content, ",
        "written = json.dumps(self._asdict(), ",
        (STORED,),
    ),
    Defect(
        "the digest of an entry has another order of keys",
        LEDGER,
        "written = json.dumps(content, ",
        "written = json.dumps(content, sort_keys=True, ",
        (STORED,),
    ),
    Defect(
        "an entry's balance is stored under another name",
        LEDGER,
        '"balance": {"N": str(self.balance)},',
        '"tokens": {"N": str(self.balance)}, "balance": {"N": str(self.balance)},',
        (STORED,),
    ),
    Defect(
        "an entry is looked up by a plain read",
        LEDGER,
        'item = transaction.read(os.environ["WALLET_LEDGER_TABLE"], key)',
        'item = transaction.client().get_item(TableName=os.environ["WALLET_LEDGER_TABLE"], Key=key, '
        'ConsistentRead=True).get("Item")',
        (SLOW, SIMULATION),
    ),
    Defect(
        "a key is looked up by a plain read",
        KEYS,
        'item = transaction.read(os.environ["IDEMPOTENCY_KEYS_TABLE"], {"keyDigest": {"S": key_digest}})',
        'item = transaction.client().get_item(TableName=os.environ["IDEMPOTENCY_KEYS_TABLE"], '
        'Key={"keyDigest": {"S": key_digest}}, ConsistentRead=True).get("Item")',
        (SLOW, SIMULATION),
    ),
    Defect(
        "a read of one moment takes a conflict for nothing there",
        TRANSACTION,
        "            _clauses(error)\n        patience.wait()\n",
        "            return None\n",
        (SLOW,),
    ),
    Defect(
        "an agent's row that is being written is written again",
        AGENTS,
        "return row.in_conflict or (is_changed and not row.failed)",
        "return is_changed and not row.failed",
        (SLOW,),
    ),
    Defect(
        "an agent who has the row's id already is changed again",
        AGENTS,
        "return row.in_conflict or (is_changed and not row.failed)",
        "return row.in_conflict",
        (SLOW,),
    ),
    Defect(
        "the balance is read again for the answer",
        WALLETS,
        "                transaction.write(operations)\n                return body\n",
        "                transaction.write(operations)\n                return answer(find())\n",
        (KEY_TESTS, SIMULATION, SCHEDULES),
    ),
    Defect(
        "the answer has the balance before the movement",
        WALLETS,
        "body = answer(found._replace(wallet=moved))",
        "body = answer(found)",
    ),
    Defect(
        "a balance may be one below zero",
        WALLETS,
        "if balance < 0:",
        "if balance < -1:",
        (SIMULATION, "tests/money/test_bounds.py"),
    ),
    Defect("the last token cannot be spent", WALLETS, "if balance < 0:", "if balance <= 0:"),
    Defect(
        "a balance may be one above the maximum",
        WALLETS,
        "if balance > MOST_TOKENS:",
        "if balance > MOST_TOKENS + 1:",
        ("tests/money/test_bounds.py", SIMULATION),
    ),
    Defect(
        "a balance may not reach the maximum",
        WALLETS,
        "if balance > MOST_TOKENS:",
        "if balance >= MOST_TOKENS:",
        ("tests/money/test_bounds.py", SIMULATION),
    ),
    Defect(
        "the maximum is not checked",
        WALLETS,
        '        raise Refused("too_many_tokens")',
        "        pass",
        ("tests/money/test_bounds.py", SIMULATION),
    ),
    Defect(
        "an earlier delivery of the same movement is not recognized",
        WALLETS,
        "                if _was_written(entry, cancelled):",
        "                if False and _was_written(entry, cancelled):",
        (LOST, SIMULATION),
    ),
    Defect(
        "any taken number counts as an earlier delivery",
        WALLETS,
        "return LedgerEntry.from_item(appended.item).request_id == entry.request_id",
        "return True",
        (SIMULATION, SCHEDULES),
    ),
    Defect(
        "where the entry is not shown it is not looked up",
        WALLETS,
        "    return written is not None and written.request_id == entry.request_id",
        "    return False",
        (SIMULATION, "tests/money/test_half_told.py"),
    ),
    Defect(
        "each attempt has an id of its own",
        WALLETS,
        "            entry = _entry(found.wallet, amount, source, key, request_id)",
        "            entry = _entry(found.wallet, amount, source, key, ids.new_token())",
        ("tests/money/test_half_told.py", SIMULATION),
    ),
    Defect(
        "the wallet is read again after a mere conflict",
        WALLETS,
        "            if was_overtaken:\n",
        "            if was_overtaken or True:\n",
        ("tests/money/test_half_told.py", SIMULATION),
    ),
    Defect(
        "the wallet is not read again after a lost race",
        WALLETS,
        "            if was_overtaken:\n",
        "            if False and was_overtaken:\n",
        (TURN_TESTS, SCHEDULES),
    ),
    Defect(
        "the wallet is not read again after a turn was waited for",
        WALLETS,
        "        if turn.wait(deadline.left_s()):\n",
        "        if turn.wait(deadline.left_s()) and False:\n",
        (TURN_TESTS,),
    ),
    Defect("a turn is never given back", TURNS, "            self._queue.leave()", "            pass", (TURN_TESTS,)),
    Defect(
        "a session that an earlier delivery wrote is written again",
        SESSIONS,
        "if transaction.was_ours(cancelled, session.request_id):",
        "if False:",
        (LOST,),
    ),
    Defect(
        "a conflict is an error",
        TRANSACTION,
        '{"None", _CONFLICT, ',
        '{"None", ',
        (SIMULATION, "tests/money/test_half_told.py"),
    ),
    Defect(
        "a chain without the digest before",
        LEDGER,
        '"previousDigest": self.previous_digest,',
        '"previousDigest": "",',
        (AUDITS,),
    ),
    Defect(
        "a digest without the amount",
        LEDGER,
        '            "amount": self.amount,\n            "balance": self.balance,\n',
        "",
        (AUDITS,),
    ),
    Defect("entries are not linked", WALLETS, "previous_digest=wallet.digest,", 'previous_digest="",', (AUDITS,)),
    Defect(
        "the audit accepts a gap",
        AUDIT,
        "        if entry.seq != seq + 1:\n",
        "        if entry.seq <= seq:\n",
        (AUDITS,),
    ),
    Defect(
        "the audit does not compare the last digest",
        AUDIT,
        "    elif digest != wallet.digest:",
        "    elif digest != wallet.digest and False:",
        (AUDITS,),
    ),
    Defect(
        "a PIN is compared as a number",
        TYPES,
        'return pin == (self.digits.rjust(len(pin), "0") if self.is_integer else self.digits)',
        'return pin.lstrip("0") == self.digits.lstrip("0")',
    ),
    Defect(
        "a death is swallowed",
        ENDPOINT,
        "        except Exception as error:",
        "        except BaseException as error:",
        (SIMULATION, SCHEDULES),
    ),
    Defect(
        "a deadline that is not looked at before a try",
        CLIENT,
        "        deadline.check()\n",
        "",
        (DEADLINES,),
    ),
    Defect(
        "a deadline that each call starts anew",
        CLIENT,
        "    tries = 0\n    while True:\n",
        "    tries = 0\n    deadline._end.set(deadline.time.monotonic() + deadline.LAST_TRY_S)\n    while True:\n",
        (DEADLINES, SIMULATION),
    ),
    Defect(
        "a deadline that is not told what Lambda leaves",
        DEADLINE,
        "    budget_s = min(LAST_TRY_S, remaining_ms / 1000 - (LAST_ANSWER_S - LAST_TRY_S))\n",
        "    budget_s = LAST_TRY_S\n",
        (DEADLINES,),
    ),
    Defect(
        "a deadline that starts when the request is authenticated",
        ENDPOINT,
        "        return self.handle(request, caller)\n",
        "        with deadline.of_request(10_000):\n            return self.handle(request, caller)\n",
        (DEADLINES, SIMULATION),
    ),
    Defect(
        "pauses that go on past the deadline",
        DEADLINE,
        "    longest = min(left, max(",
        "    longest = max(longest_s, max(",
        ("tests/unit/test_patience.py",),
    ),
    Defect(
        "a store that is asked for ever while there is time",
        CLIENT,
        "            if tries == _MOST_TRIES:",
        "            if tries == 1_000 * _MOST_TRIES:",
        (DEADLINES,),
    ),
    Defect(
        "a read time-out of a minute",
        CLIENT,
        "read_timeout=deadline.READ_S",
        "read_timeout=60",
        (DEADLINES,),
    ),
    Defect(
        "the SDK tries again too",
        CLIENT,
        '"total_max_attempts": 1}',
        '"total_max_attempts": 3}',
        (DEADLINES,),
    ),
    Defect(
        "an answer that broke off counts",
        CLIENT,
        '    if len(body) != int(headers.get("content-length", len(body))):',
        "    if False:",
        ("tests/unit/test_faults.py",),
    ),
    Defect(
        "an answer's checksum is not compared",
        CLIENT,
        '    if "x-amz-crc32" in headers and crc32(body)',
        '    if "x-amz-crc32" in headers and False and crc32(body)',
        ("tests/unit/test_faults.py",),
    ),
    Defect(
        "an age by the clock that stands still",
        CLOCK,
        " and 0 <= time.time() - since.wall < seconds",
        "",
        ("tests/unit/test_cache.py",),
    ),
    Defect(
        "an age by the clock that is set",
        CLOCK,
        "time.monotonic() - since.monotonic < seconds and ",
        "",
        ("tests/unit/test_cache.py",),
    ),
    Defect(
        "a status is not read again after a lost race",
        AGENTS,
        "            if was_overtaken:\n                agent = find(ref)\n",
        "",
        ("tests/integration/test_agents.py",),
    ),
    Defect(
        "a status is not read again after a turn was waited for",
        AGENTS,
        "        if turn.wait(deadline.left_s()):\n            agent = find(ref)\n",
        "        turn.wait(deadline.left_s())\n",
        (TURN_TESTS,),
    ),
    Defect(
        "too few tokens take what is there",
        WALLETS,
        '        raise Refused("insufficient_tokens")',
        "        balance = 0",
        (KEY_TESTS, SIMULATION),
    ),
)
