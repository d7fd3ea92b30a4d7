"""Planted defects: what a hurried change could do to the code, each with the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass

_LAYER = "layers/shared/src/paidline"
WALLETS, ONCE, SESSIONS = (
    f"{_LAYER}/domain/wallets.py",
    f"{_LAYER}/domain/idempotency.py",
    f"{_LAYER}/domain/call_sessions.py",
)
TYPES, FAIR_LOCK, ENDPOINT = f"{_LAYER}/domain/types.py", f"{_LAYER}/domain/fair_lock.py", f"{_LAYER}/api/endpoint.py"
STORED_WALLETS, LEDGER = f"{_LAYER}/store/wallets.py", f"{_LAYER}/store/ledger.py"
KEYS, TRANSACTION, CLIENT = (
    f"{_LAYER}/store/idempotency_keys.py",
    f"{_LAYER}/store/transaction.py",
    f"{_LAYER}/store/dynamodb.py",
)
DEADLINE, CACHE, CLOCK = f"{_LAYER}/deadline.py", f"{_LAYER}/store/cache.py", f"{_LAYER}/clock.py"
STORED_SESSIONS, VERIFICATION = f"{_LAYER}/store/call_sessions.py", f"{_LAYER}/management/verification.py"
AGENTS, STORED_AGENTS, LOG = f"{_LAYER}/domain/agents.py", f"{_LAYER}/store/agents.py", f"{_LAYER}/store/status_log.py"
API_CLIENTS, IDS = f"{_LAYER}/store/api_clients.py", f"{_LAYER}/ids.py"
READING, ANSWERING, OBSERVING = (
    f"{_LAYER}/api/request.py",
    f"{_LAYER}/api/response.py",
    f"{_LAYER}/api/telemetry.py",
)
MANAGED_WALLETS, MANAGED_AGENTS, HASHES, ERASURE, FUNCTION = (
    f"{_LAYER}/management/{name}.py" for name in ("wallets", "agents", "hashes", "erasure", "function")
)
VERSIONS, AUTHENTICATING = f"{_LAYER}/store/versions.py", f"{_LAYER}/domain/authentication.py"
PROFILES, STORED_PROFILES = f"{_LAYER}/domain/profiles.py", f"{_LAYER}/store/profiles.py"
IMPORTING = "admin/importing"
LOADER, GATEWAY, TEMPLATE = "admin/data.py", "local/gateway.py", "template.yaml"

CALLS = f"{_LAYER}/domain/calls"
TERMS, PRICES, BEGINNING = f"{CALLS}/terms.py", f"{CALLS}/prices.py", f"{CALLS}/beginning.py"
ENDING, CLOSING, EXPIRY = f"{CALLS}/ending.py", f"{CALLS}/closing.py", f"{CALLS}/expiry.py"
MANAGED_CALLS, CDR = f"{_LAYER}/management/calls.py", f"{IMPORTING}/cdr.py"
PAID_REPORTS, TRACE = "admin/reports/paid_calls.py", "admin/cli/trace.py"
STORED_CALLS, STORED_PBXS = f"{_LAYER}/store/calls.py", f"{_LAYER}/store/pbxs.py"
SERIALIZERS = f"{_LAYER}/api/serializers.py"

# Quick tests come first: most defects are noticed before the simulation has to run.
KEY_TESTS = "tests/money/test_keys.py"
LOST = "tests/money/test_lost_answers.py"
REPORT_TIMES, REPORT_TIME_TESTS = "admin/reports/times.py", "tests/unit/test_report_times.py"
VERIFICATION_TESTS = "tests/money/test_verification.py"
TURN_TESTS = "tests/money/test_fair_lock.py"
GUARDS = "tests/money/test_guards.py"
SLOW = "tests/money/test_slow_commits.py"
READING_TESTS, STORED = "tests/unit/test_request.py", "tests/unit/test_stored_items.py"
DEADLINES = "tests/unit/test_deadline.py"
SIMULATION = "tests/simulation/test_simulation.py"
SCHEDULES = "tests/simulation/test_schedules.py"
SUBTRACT_TESTS = "tests/endpoints/subtract_tokens_from_wallet/test_subtract_tokens_from_wallet.py"
ADD_TESTS = "tests/endpoints/add_tokens_to_wallet/test_add_tokens_to_wallet.py"
SESSION_TESTS = "tests/endpoints/session_call_create_by_ref/test_session_call_create_by_ref.py"
PROFILE_TESTS = "tests/endpoints/get_profile_data/test_get_profile_data.py"
IDEMPOTENCY_TESTS = "tests/endpoints/test_idempotency_keys.py"
AUTHENTICATION = "tests/unit/test_authentication.py"
FAULTS = "tests/unit/test_faults.py"
TEMPLATE_TESTS = "tests/unit/test_template.py"
CLOCKS = "tests/unit/test_clock.py"
STORE_CALLS = "tests/integration/test_store_calls.py"
LOADING = "tests/integration/test_loading.py"
LONGEST = "tests/integration/test_longest_answers.py"
UPDATE_TESTS = "tests/endpoints/update_status_by_ref/test_update_status_by_ref.py"
LINE_TESTS = "tests/endpoints/update_status_by_line_sharing/test_update_status_by_line_sharing.py"
STATUS_LOG_TESTS = "tests/endpoints/get_status_log/test_get_status_log.py"
BEGIN_TESTS = "tests/endpoints/calls_begin/test_calls_begin.py"
END_TESTS = "tests/endpoints/calls_end/test_calls_end.py"
SYNC_TESTS = "tests/endpoints/calls_sync/test_calls_sync.py"
HOLD_TESTS = "tests/money/test_verified_holds.py"
CDR_TESTS, CALLS_COMMANDS = "tests/importing/test_cdr.py", "tests/cli/test_calls.py"
ADMIN_CALLS = "tests/admin/test_calls.py"
GATEWAY_TESTS = "tests/integration/test_gateway.py"
IMPORTED_WALLETS = "tests/importing/test_wallets.py"
IMPORTED_AGENTS = "tests/importing/test_agents.py"
IMPORTED_LOG = "tests/importing/test_status_log.py"
IMPORTED_FILES = "tests/importing/test_files.py"

GUESSING, WRONG_PINS = f"{_LAYER}/domain/pin_guessing.py", f"{_LAYER}/store/wrong_pins.py"
GUESSING_TESTS, PRIVACY = "tests/unit/test_pin_guessing.py", "tests/unit/test_privacy.py"
STACK_RULES = "tests/unit/test_stack_rules.py"
WALLBOARD, WALLBOARD_TESTS = f"{_LAYER}/domain/wallboard.py", "tests/endpoints/wallboard/test_wallboard.py"
REFUSALS, REFUSAL_TESTS = f"{_LAYER}/domain/refusals.py", "tests/count_refusals/test_count_refusals.py"


ADMIN_WALLETS, ADMIN_AGENTS, ADMIN_HASHES, ADMIN_ERASURE, PROTOCOL = (
    f"tests/admin/test_{name}.py" for name in ("wallets", "agents", "hashes", "erasure", "protocol")
)


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
        (SESSION_TESTS,),
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
    Defect("keys are kept for a day", KEYS, "_TTL_S = 30 * 24", "_TTL_S = 24"),
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
        "a repeat does not say so", ONCE, "return Outcome(used.answer, is_replay=True)", "return Outcome(used.answer)"
    ),
    Defect(
        "a refusal does not look whether its key was used",
        ONCE,
        "except (RequestError, KeyAlreadyUsed) as failure:",
        "except KeyAlreadyUsed as failure:",
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
        'return f"{version}:{hashlib.sha256(written.encode()).hexdigest()}"',
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
        'item = transaction.dynamodb().get_item(TableName=os.environ["WALLET_LEDGER_TABLE"], Key=key, '
        'ConsistentRead=True).get("Item")',
        (SLOW, SIMULATION),
    ),
    Defect(
        "a key is looked up by a plain read",
        KEYS,
        'item = transaction.read(os.environ["IDEMPOTENCY_KEYS_TABLE"], {"keyDigest": {"S": key_digest}})',
        'item = transaction.dynamodb().get_item(TableName=os.environ["IDEMPOTENCY_KEYS_TABLE"], '
        'Key={"keyDigest": {"S": key_digest}}, ConsistentRead=True).get("Item")',
        (SLOW, SIMULATION),
    ),
    Defect(
        "a read of one moment takes a conflict for nothing there",
        TRANSACTION,
        "            _cancellation_reasons(error)\n        backoff.wait()\n",
        "            return None\n",
        (SLOW,),
    ),
    Defect(
        "an agent's row that is being written is written again",
        AGENTS,
        "return row.undecided or (is_changed and not row.condition_failed)",
        "return is_changed and not row.condition_failed",
        (SLOW,),
    ),
    Defect(
        "an agent who has the row's id already is changed again",
        AGENTS,
        "return row.undecided or (is_changed and not row.condition_failed)",
        "return row.undecided",
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
        "body = render(found._replace(wallet=updated))",
        "body = render(found)",
    ),
    Defect(
        "a balance may be one below zero",
        WALLETS,
        "if wallet.available + movement.amount < 0:",
        "if wallet.available + movement.amount < -1:",
        (SIMULATION, SUBTRACT_TESTS),
    ),
    Defect(
        "the last token cannot be spent",
        WALLETS,
        "if wallet.available + movement.amount < 0:",
        "if wallet.available + movement.amount <= 0:",
    ),
    Defect(
        "a balance may be one above the maximum",
        WALLETS,
        "if wallet.tokens + movement.amount > MAX_TOKENS:",
        "if wallet.tokens + movement.amount > MAX_TOKENS + 1:",
        (ADD_TESTS, SIMULATION),
    ),
    Defect(
        "a balance may not reach the maximum",
        WALLETS,
        "if wallet.tokens + movement.amount > MAX_TOKENS:",
        "if wallet.tokens + movement.amount >= MAX_TOKENS:",
        (ADD_TESTS, SIMULATION),
    ),
    Defect(
        "the maximum is not checked",
        WALLETS,
        "        raise TooManyTokens",
        "        pass",
        (ADD_TESTS, SIMULATION),
    ),
    Defect(
        "an earlier delivery of the same movement is not recognized",
        WALLETS,
        "                if _was_already_written(entry, cancelled):",
        "                if False and _was_already_written(entry, cancelled):",
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
        "            entry = _next_entry(found.wallet, movement, key, request_id)",
        "            entry = _next_entry(found.wallet, movement, key, ids.new_request_id())",
        ("tests/money/test_half_told.py", SIMULATION),
    ),
    Defect(
        "the wallet is read again after a mere conflict",
        WALLETS,
        "            if lost_race:\n",
        "            if lost_race or True:\n",
        ("tests/money/test_half_told.py", SIMULATION),
    ),
    Defect(
        "the wallet is not read again after a lost race",
        WALLETS,
        "            if lost_race:\n",
        "            if False and lost_race:\n",
        (TURN_TESTS, SCHEDULES),
    ),
    Defect(
        "the wallet is not read again after a turn was waited for",
        WALLETS,
        "        if lock.acquire(deadline.remaining_s()):\n",
        "        if lock.acquire(deadline.remaining_s()) and False:\n",
        (TURN_TESTS,),
    ),
    Defect("a turn is never given back", FAIR_LOCK, "            lock.release()", "            pass", (TURN_TESTS,)),
    Defect(
        "a session that an earlier delivery wrote is written again",
        SESSIONS,
        "if transaction.was_already_written(cancelled, session.request_id):",
        "if False:",
        (LOST,),
    ),
    Defect(
        "a conflict is an error",
        TRANSACTION,
        'frozenset({"TransactionConflict", ',
        "frozenset({",
        (SIMULATION, "tests/money/test_half_told.py"),
    ),
    Defect(
        "a chain without the digest before",
        LEDGER,
        '"previousDigest": self.previous_digest,',
        '"previousDigest": "",',
        (VERIFICATION_TESTS,),
    ),
    Defect(
        "a digest without the amount",
        LEDGER,
        '            "amount": self.amount,\n            "balance": self.balance,\n',
        "",
        (VERIFICATION_TESTS,),
    ),
    Defect(
        "entries are not linked",
        WALLETS,
        "previous_digest=wallet.digest,\n        held",
        'previous_digest="",\n        held',
        (VERIFICATION_TESTS,),
    ),
    Defect(
        "verification accepts a gap",
        VERIFICATION,
        "    if entry.seq != last.seq + 1:\n        yield",
        "    if entry.seq <= last.seq:\n        yield",
        (VERIFICATION_TESTS,),
    ),
    Defect(
        "verification does not compare the last digest",
        VERIFICATION,
        "        elif digest != wallet.digest:",
        "        elif digest != wallet.digest and False:",
        (VERIFICATION_TESTS,),
    ),
    Defect(
        "verification does not look at phone numbers",
        VERIFICATION,
        "        if wallet.phone_number and not self._is_pointed_to(wallet):",
        "        if False:",
        (VERIFICATION_TESTS,),
    ),
    Defect(
        "verification does not compare what calls hold",
        VERIFICATION,
        "        elif last.held != wallet.held:",
        "        elif False:",
        (VERIFICATION_TESTS,),
    ),
    Defect(
        "a day always has 24 hours",
        REPORT_TIMES,
        "return start_of(self.last + timedelta(days=1), self.zone) if self.last else _LAST",
        "return self.start + timedelta(days=1) if self.last else _LAST",
        (REPORT_TIME_TESTS,),
    ),
    Defect(
        "the two hours of one name are one",
        REPORT_TIMES,
        "    return second if first < second <= not_after else first",
        "    return first",
        (REPORT_TIME_TESTS,),
    ),
    Defect(
        "a status counts on the day on which it began only",
        REPORT_TIMES,
        "        until = min(end, start_of(day + timedelta(days=1), zone))",
        "        until = end",
        (REPORT_TIME_TESTS,),
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
        "    attempts = 0\n    usage = _usage.get()\n    while True:\n",
        "    attempts = 0\n    usage = _usage.get()\n"
        "    deadline._end.set(deadline.time.monotonic() + deadline.LAST_ATTEMPT_S)\n"
        "    while True:\n",
        (DEADLINES, SIMULATION),
    ),
    Defect(
        "a deadline that is not told what Lambda leaves",
        DEADLINE,
        "    budget_s = min(budget_s, remaining_ms / 1000 - (LAST_RESPONSE_S - LAST_ATTEMPT_S))\n",
        "",
        (DEADLINES,),
    ),
    Defect(
        "an invalid request that stays in memory",
        ENDPOINT,
        "            response = self._failure(error, context)\n",
        "            failed = error\n            response = self._failure(failed, context)\n",
        ("tests/endpoints/test_every_endpoint.py",),
    ),
    Defect(
        "a malformed command that stays in memory",
        FUNCTION,
        '            response = {"version": _VERSION, "error": _failure(error, context.aws_request_id, line)}\n',
        "            failed = error\n"
        '            response = {"version": _VERSION, "error": _failure(failed, context.aws_request_id, line)}\n',
        ("tests/admin/test_protocol.py",),
    ),
    Defect(
        "a deadline that starts when the request is authenticated",
        ENDPOINT,
        "            payload = to_payload(response := self.handle(request, caller), accept_encoding)\n",
        "            with deadline.start(10_000):\n"
        "                payload = to_payload(response := self.handle(request, caller), accept_encoding)\n",
        (DEADLINES, SIMULATION),
    ),
    Defect(
        "a lost race that is forgotten before the next call",
        DEADLINE,
        "        raise _error.get()\n",
        "        raise DeadlineExceeded\n",
        (DEADLINES,),
    ),
    Defect(
        "a lost race that the next request inherits",
        DEADLINE,
        "    _error.set(DeadlineExceeded)\n",
        "",
        (DEADLINES,),
    ),
    Defect(
        "pauses that go on past the deadline",
        DEADLINE,
        "    max_s = min(remaining, max(",
        "    max_s = max(max_pause_s, max(",
        ("tests/unit/test_backoff.py",),
    ),
    Defect(
        "a store that is asked for ever while there is time",
        CLIENT,
        "            if attempts == MAX_ATTEMPTS:",
        "            if attempts == 1_000 * MAX_ATTEMPTS:",
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
        "            if lost_race:\n                agent = find(ref)\n",
        "",
        (UPDATE_TESTS,),
    ),
    Defect(
        "a status is not read again after a turn was waited for",
        AGENTS,
        "        if lock.acquire(deadline.remaining_s()):\n            agent = find(ref)\n",
        "        lock.acquire(deadline.remaining_s())\n",
        (TURN_TESTS,),
    ),
    Defect(
        "too few tokens take what is there",
        WALLETS,
        "        raise InsufficientTokens",
        "        balance = 0",
        (KEY_TESTS, SIMULATION),
    ),
    Defect(
        "an agent is read from a copy that lags",
        STORED_AGENTS,
        "Key=key(ref),\n        ConsistentRead=True",
        "Key=key(ref),\n        ConsistentRead=False",
        (STORE_CALLS,),
    ),
    Defect(
        "the log is read from a copy that lags",
        LOG,
        '"ConsistentRead": True',
        '"ConsistentRead": False',
        (STORE_CALLS,),
    ),
    Defect(
        "a try at the store may take a minute", CLIENT, "read_timeout=deadline.READ_S,", "read_timeout=60,", (FAULTS,)
    ),
    Defect(
        "a client's claim of its address is believed",
        ENDPOINT,
        'self._authenticate(request, event["requestContext"]["http"]["sourceIp"])',
        'self._authenticate(request, headers.get("x-forwarded-for", "127.0.0.1").partition(",")[0])',
        (STATUS_LOG_TESTS,),
    ),
    Defect(
        "the local gateway believes a client's claim of its address",
        GATEWAY,
        '"sourceIp": environ["REMOTE_ADDR"]',
        '"sourceIp": headers["x-forwarded-for"].partition(",")[0]',
        (GATEWAY_TESTS,),
    ),
    Defect(
        "a hash without applications opens all",
        API_CLIENTS,
        "== ALL_APPLICATIONS or application_id in",
        "== ALL_APPLICATIONS or not self.application_ids or application_id in",
        (AUTHENTICATION,),
    ),
    Defect(
        "an application that is called all opens all",
        API_CLIENTS,
        'if stored.get("S") == ALL_APPLICATIONS',
        'if ALL_APPLICATIONS in (*stored.get("SS", ()), stored.get("S"))',
        (AUTHENTICATION,),
    ),
    Defect(
        "a hash opens applications that are not its own",
        API_CLIENTS,
        " or application_id in self.application_ids",
        " or bool(self.application_ids)",
        (AUTHENTICATION,),
    ),
    Defect(
        "an agents' hash is loaded with applications",
        LOADER,
        "if api_client.scope in WITHOUT_WALLETS and",
        "if False and",
        (LOADING,),
    ),
    Defect(
        "a hash that is loaded as revoked is active",
        LOADER,
        "entry.scope, entry.active,",
        "entry.scope, True,",
        (LOADING,),
    ),
    Defect("a loaded time needs no offset", LOADER, "if moment.tzinfo is None:", "if False:", (LOADING,)),
    Defect(
        "agents on a line are counted by a read that lags",
        LOADER,
        "ConsistentRead=True",
        "ConsistentRead=False",
        (LOADING,),
    ),
    Defect(
        "a line may have one agent more than a transaction holds",
        AGENTS,
        "if len(sharing) > MAX_AGENTS_PER_LINE:",
        "if len(sharing) > MAX_AGENTS_PER_LINE + 1:",
        (LINE_TESTS,),
    ),
    Defect(
        "a line may have one agent less than a transaction holds",
        AGENTS,
        "MAX_OPERATIONS // 2",
        "MAX_OPERATIONS // 2 - 1",
        (LINE_TESTS,),
    ),
    Defect(
        "a company's name may be as long as it likes",
        f"{_LAYER}/management/values.py",
        "    company_name: ShownText\n",
        "    company_name: str\n",
        (LONGEST,),
    ),
    Defect("a loaded row of the log may have any id", LOADER, "Field(ge=1, le=ids.LAST_ID)", "Field(ge=1)", (LOADING,)),
    Defect(
        "an unknown parameter in Latin-1 is refused",
        READING,
        'errors="surrogateescape", max_num_fields',
        'errors="strict", max_num_fields',
        ("tests/unit/test_request.py",),
    ),
    Defect(
        "a known parameter may be no UTF-8", READING, "not _is_utf8(value)", "False", ("tests/unit/test_request.py",)
    ),
    Defect(
        "a proxy's page is taken for an empty answer",
        CLIENT,
        'if body.startswith(b"{"):',
        "if True:",
        (FAULTS,),
    ),
    Defect(
        "a proxy's status says nothing of the store",
        CLIENT,
        " or status >= _SERVER_ERROR",
        "",
        (FAULTS,),
    ),
    Defect("DEL is escaped", ANSWERING, 'if "\\\\u007f" in text:', "if False:", ("tests/unit/test_response.py",)),
    Defect(
        "what looks like an escaped DEL becomes one",
        ANSWERING,
        'r"(?<!\\\\)((?:\\\\\\\\)*)\\\\u007f"',
        'r"()\\\\u007f"',
        ("tests/unit/test_response.py",),
    ),
    Defect("ids count from another year", IDS, "1_577_836_800_000", "1_609_459_200_000", (CLOCKS,)),
    Defect(
        "times are shown in the machine's zone",
        f"{_LAYER}/clock.py",
        ".astimezone(_zone())",
        ".astimezone()",
        (CLOCKS,),
    ),
    Defect(
        "a process remembers ten times as many hashes",
        CACHE,
        "_MAX_ENTRIES = 1024",
        "_MAX_ENTRIES = 10_240",
        (AUTHENTICATION,),
    ),
    Defect("a revoked hash works for more than a minute", CACHE, "_TTL_S = 30.0", "_TTL_S = 90.0", (AUTHENTICATION,)),
    Defect(
        "profiles' texts are remembered for ten minutes",
        STORED_PROFILES,
        "ttl_s=60",
        "ttl_s=600",
        (PROFILE_TESTS,),
    ),
    Defect(
        "profiles are ordered by the text of their userId",
        PROFILES,
        "key=lambda agent: agent.user_id",
        "key=lambda agent: str(agent.user_id)",
        (PROFILE_TESTS,),
    ),
    Defect(
        "a page of the log begins with the row that it goes on from",
        LOG,
        "else before - 1",
        "else before",
        (STATUS_LOG_TESTS,),
    ),
    Defect(
        "a short answer is compressed",
        ANSWERING,
        "_MIN_COMPRESSED_CHARS = 1_024",
        "_MIN_COMPRESSED_CHARS = 512",
        ("tests/unit/test_response.py",),
    ),
    Defect(
        "a repeat says so in another word",
        ANSWERING,
        '"idempotency-hit": "true"',
        '"idempotency-hit": "1"',
        (IDEMPOTENCY_TESTS,),
    ),
    Defect(
        "a fault counts only where the store is to blame",
        OBSERVING,
        "response.http_status >= ServerError.http_status",
        "response.http_status > ServerError.http_status",
        ("tests/unit/test_privacy.py",),
    ),
    Defect(
        "the record of a call has another caller",
        STORED_SESSIONS,
        '"inboundNumber": {"S": self.inbound_number}',
        '"inboundNumber": {"S": self.outbound_number}',
        (SESSION_TESTS,),
    ),
    Defect(
        "a used key expires in milliseconds",
        KEYS,
        "now + _TTL_S).to_item()",
        "(now + _TTL_S) * 1000).to_item()",
        (IDEMPOTENCY_TESTS,),
    ),
    Defect(
        "the store removes no used keys",
        TEMPLATE,
        "keyDigest, KeyType: HASH}]\n      TimeToLiveSpecification: {AttributeName: expiresAt",
        "keyDigest, KeyType: HASH}]\n      TimeToLiveSpecification: {AttributeName: expires",
        (TEMPLATE_TESTS,),
    ),
    Defect(
        "the access log has what a client wrote into the path",
        TEMPLATE,
        '"routeKey":"$context.routeKey"',
        '"routeKey":"$context.path"',
        (TEMPLATE_TESTS,),
    ),
    Defect(
        "logs are kept for a week",
        TEMPLATE,
        "  LogRetentionDays:\n    Type: Number\n    Default: 30\n",
        "  LogRetentionDays:\n    Type: Number\n    Default: 7\n",
        (TEMPLATE_TESTS,),
    ),
    Defect(
        "a function may delete agents",
        TEMPLATE,
        "Action: [dynamodb:GetItem, dynamodb:UpdateItem], Resource: !GetAtt AgentsTable.Arn",
        "Action: [dynamodb:GetItem, dynamodb:UpdateItem, dynamodb:DeleteItem], Resource: !GetAtt AgentsTable.Arn",
        (STORE_CALLS,),
    ),
    Defect(
        "the credit system's domain has the agents' certificate",
        TEMPLATE,
        "CertificateArn: !Ref CreditCertificateArn",
        "CertificateArn: !Ref AgentsCertificateArn",
        (TEMPLATE_TESTS,),
    ),
    Defect(
        "functions get the other processor's layer",
        TEMPLATE,
        "[IsArm64, !Ref SharedLayerArm64, !Ref SharedLayerX8664]",
        "[IsArm64, !Ref SharedLayerX8664, !Ref SharedLayerArm64]",
        (TEMPLATE_TESTS,),
    ),
    Defect(
        "garbage is never looked for again after a start",
        f"{_LAYER}/cold_start.py",
        "        gc.enable()\n",
        "",
        ("tests/integration/test_layer.py",),
    ),
    Defect(
        "the local service listens for everybody",
        "local/server.py",
        'HOST = "127.0.0.1"',
        'HOST = "0.0.0.0"',
        ("tests/integration/test_local_service.py",),
    ),
    Defect(
        "an entry may be refunded again",
        MANAGED_WALLETS,
        "if ledger.find_refund_of(wallet.wallet_id, taking.seq):",
        "if ledger.find_refund_of(wallet.wallet_id, taking.seq + 1):",
        (ADMIN_WALLETS,),
    ),
    Defect(
        "a refund may be more than was taken",
        MANAGED_WALLETS,
        "if amount > -taking.amount:",
        "if amount > MAX_TOKENS:",
        (ADMIN_WALLETS,),
    ),
    Defect(
        "an adjustment takes what calls in progress hold",
        MANAGED_WALLETS,
        "if amount < 0 and balance < wallet.held:",
        "if amount < 0 and balance < 0:",
        (ADMIN_WALLETS,),
    ),
    Defect(
        "a change of PIN overwrites a debit",
        STORED_WALLETS,
        'versions.unchanged("walletKey", before.version, seq={"N": str(before.seq)})',
        'versions.unchanged("walletKey", before.version)',
        (ADMIN_WALLETS,),
    ),
    Defect(
        "a phone number leads to the old PIN",
        STORED_WALLETS,
        "        if is_moved:\n            operations",
        "        if not is_moved:\n            operations",
        (ADMIN_WALLETS,),
    ),
    Defect(
        "a blocked wallet is debited",
        WALLETS,
        "if wallet.blocked and movement.amount < 0:",
        "if wallet.blocked and movement.amount < -wallet.tokens:",
        (ADMIN_WALLETS,),
    ),
    Defect(
        "an item that was never changed is changed by whoever comes last",
        VERSIONS,
        "    if not version:\n        conditions",
        "    if version < 0:\n        conditions",
        (ADMIN_WALLETS,),
    ),
    Defect(
        "an agent who was just called is removed",
        STORED_AGENTS,
        'versions.unchanged("refKey", before.version, lastLogId=item["lastLogId"])',
        'versions.unchanged("refKey", before.version)',
        (ADMIN_AGENTS,),
    ),
    Defect(
        "the audit line names what was mistyped",
        FUNCTION,
        "if not isinstance(error, _OF_A_FOUND_ITEM):",
        "if isinstance(error, UnknownCommand):",
        (PROTOCOL,),
    ),
    Defect(
        "a key of a command is not bound to its arguments",
        FUNCTION,
        "(json.dumps(request.arguments, sort_keys=True),)",
        "(request.command,)",
        (PROTOCOL,),
    ),
    Defect(
        "a hash is stored with its key",
        HASHES,
        '{"hash": None, **_changed(client)}',
        '{"hash": issued, **_changed(client)}',
        (ADMIN_HASHES,),
    ),
    Defect(
        "an IPv4 client is taken for an IPv6 one",
        AUTHENTICATING,
        "(mapped or address) in network",
        "address in network",
        (AUTHENTICATION,),
    ),
    Defect(
        "an erased wallet is not remembered",
        ERASURE,
        '{**wallets.change(before, after), "memory": memory}',
        "wallets.change(before, after)",
        (ADMIN_ERASURE,),
    ),
    Defect("the local gateway tells the time in seconds", GATEWAY, "int(now * 1000)", "int(now)", (GATEWAY_TESTS,)),
    Defect(
        "an import takes the first of two rows that clash",
        f"{IMPORTING}/staging.py",
        'SELECT row, field, CASE row WHEN first THEN last ELSE first END"\n            " FROM several JOIN claims USING'
        ' (field, value) ORDER BY row"',
        'SELECT row, field, first"\n            " FROM several JOIN claims USING (field, value) WHERE row > first"',
        (IMPORTED_WALLETS,),
    ),
    Defect(
        "an import ignores whose PIN and phone number are stored",
        f"{IMPORTING}/staging.py",
        "WHERE taken.identity <> claims.identity",
        "WHERE taken.identity <> claims.identity AND taken.field = 'userId'",
        (IMPORTED_WALLETS,),
    ),
    Defect(
        "a second import writes what is stored already",
        f"{IMPORTING}/wallets.py",
        "        if not new:\n            return None\n",
        "",
        (IMPORTED_WALLETS,),
    ),
    Defect(
        "an import overwrites the balance of a wallet that callers have used",
        f"{IMPORTING}/wallets.py",
        "(SOURCE, _OPENING) for page in found",
        '(SOURCE, _OPENING, "subtract_tokens_from_wallet") for page in found',
        (IMPORTED_WALLETS,),
    ),
    Defect(
        "an import forgets the pointer of a new wallet's phone number",
        f"{IMPORTING}/wallets.py",
        "[*wallets.create(wallet).values(), ledger.append(opening)]",
        '[wallets.create(wallet)["pin"], ledger.append(opening)]',
        (IMPORTED_WALLETS,),
    ),
    Defect(
        "an import adjusts a balance without a ledger entry",
        f"{IMPORTING}/wallets.py",
        "        return [wallets.set_balance(before, after), *operations]\n",
        "        return [wallets.set_balance(before, after)]\n",
        (IMPORTED_WALLETS,),
    ),
    Defect(
        "an import that goes on takes every later row of an agent for stored",
        f"{IMPORTING}/status_log.py",
        "if present is None or present.id != wanted.id:",
        "if present is None:",
        (IMPORTED_LOG,),
    ),
    Defect(
        "an import skips the last rows of a file",
        f"{IMPORTING}/writer.py",
        "    if group:\n        yield group\n",
        "    if size == MAX_OPERATIONS:\n        yield group\n",
        (IMPORTED_WALLETS,),
    ),
    Defect(
        "an import overwrites a status that is set meanwhile",
        STORED_AGENTS,
        'if sets.keys() & {"lastLogId", "status"} else',
        'if "lastLogId" in sets else',
        (IMPORTED_AGENTS,),
    ),
    Defect(
        "an import lets any number of agents join a line",
        f"{IMPORTING}/agents.py",
        "if sharing[line] > MAX_AGENTS_PER_LINE:",
        "if sharing[line] > 2 * MAX_AGENTS_PER_LINE:",
        (IMPORTED_AGENTS,),
    ),
    Defect(
        "others may read the file of rejects",
        f"{IMPORTING}/rejects.py",
        "_OWNER_ONLY = 0o600",
        "_OWNER_ONLY = 0o644",
        (IMPORTED_FILES,),
    ),
    Defect(
        "a call's id may be used again",
        STORED_CALLS,
        '"attribute_not_exists(callId)"',
        '"attribute_not_exists(callId) OR attribute_exists(callId)"',
        (BEGIN_TESTS,),
    ),
    Defect(
        "a call is replaced in whatever state it is",
        STORED_CALLS,
        '"#state = :seen"',
        '"attribute_exists(#state) OR #state = :seen"',
        (END_TESTS,),
    ),
    Defect(
        "a closed call stays in the index",
        STORED_CALLS,
        '"deadline" if self.state is CallState.OPEN else "wasDeadline"',
        '"deadline"',
        (SYNC_TESTS,),
    ),
    Defect(
        "the sweep sees calls whose time is not over",
        STORED_CALLS,
        '" AND deadline <= :until"',
        '" AND deadline >= :until"',
        (SYNC_TESTS,),
    ),
    Defect(
        "a call of another PBX has the same key",
        STORED_CALLS,
        'return {"callId": {"S": call_id}, "pbx": {"S": pbx}}',
        'return {"callId": {"S": call_id}, "pbx": {"S": "pbx1"}}',
        (BEGIN_TESTS,),
    ),
    Defect(
        "a debit spends what is held",
        WALLETS,
        "if wallet.available + movement.amount < 0:",
        "if wallet.tokens + movement.amount < 0:",
        (BEGIN_TESTS,),
    ),
    Defect(
        "a movement forgets what is held",
        WALLETS,
        "        previous_digest=wallet.digest,\n        held=wallet.held,\n",
        "        previous_digest=wallet.digest,\n",
        (BEGIN_TESTS,),
    ),
    Defect(
        "a wallet shows its balance instead of what is available",
        SERIALIZERS,
        '        "pin": found.wallet.pin,\n        "tokens": str(found.wallet.available),\n        "dialedNumber"',
        '        "pin": found.wallet.pin,\n        "tokens": str(found.wallet.tokens),\n        "dialedNumber"',
        (BEGIN_TESTS,),
    ),
    Defect(
        "what is held is not written to the wallet",
        STORED_WALLETS,
        "    if after.held != before.held:\n",
        "    if after.held < before.held:\n",
        (BEGIN_TESTS,),
    ),
    Defect(
        "a hold is not in the ledger",
        WALLETS,
        "        held=wallet.held + held,\n",
        "        held=wallet.held,\n",
        (BEGIN_TESTS,),
    ),
    Defect(
        "more is held than is available",
        TERMS,
        "return min(wallet.available, price(",
        "return max(wallet.available, price(",
        (BEGIN_TESTS,),
    ),
    Defect(
        "the talk is longer than what is held",
        TERMS,
        "min(wanted.max_seconds, seconds)",
        "wanted.max_seconds",
        (BEGIN_TESTS,),
    ),
    Defect(
        "a blocked wallet can call",
        TERMS,
        "    if wallet.blocked:\n",
        "    if wallet.blocked and not tpm:\n",
        (BEGIN_TESTS,),
    ),
    Defect(
        "an agent who is not online is taken",
        TERMS,
        "if parties.agent.status != AgentStatus.ONLINE:",
        "if parties.agent.status == AgentStatus.IN_CONVERSATION:",
        (BEGIN_TESTS,),
    ),
    Defect(
        "a busy line takes another call",
        TERMS,
        "        raise LineBusy\n",
        "        return now\n",
        (BEGIN_TESTS,),
    ),
    Defect(
        "agents on a break are taken with their line",
        TERMS,
        "if other.status == AgentStatus.ONLINE]",
        "if other.status != AgentStatus.IN_CONVERSATION]",
        (BEGIN_TESTS,),
    ),
    Defect(
        "agents who do not share the line are taken with it",
        TERMS,
        "if other.line_sharing and other.user_id",
        "if other.user_id",
        (BEGIN_TESTS,),
    ),
    Defect(
        "the others on a line are not compared",
        BEGINNING,
        "for other in agreed.others",
        "for other in agreed.others[:0]",
        (BEGIN_TESTS,),
    ),
    Defect(
        "an agent on a line may start to talk unnoticed",
        STORED_AGENTS,
        '"attribute_not_exists(refKey) OR #status <> :status"',
        '"attribute_not_exists(refKey) OR #status <> :status OR #status = :status"',
        (BEGIN_TESTS,),
    ),
    Defect(
        "a repeated begin is refused",
        BEGINNING,
        "        stored = calls.get_isolated(new.call_id, new.pbx)\n",
        "        stored = None\n",
        (BEGIN_TESTS,),
    ),
    Defect(
        "other contents get the first answer",
        BEGINNING,
        "if stored.request_digest != new.request_digest:",
        "if not stored.request_digest:",
        (BEGIN_TESTS,),
    ),
    Defect(
        "an own begin counts as repeated",
        BEGINNING,
        "is_replay=stored.request_id != change.request_id",
        "is_replay=False",
        (BEGIN_TESTS,),
    ),
    Defect(
        "a new PBX is out of the sweep's sight",
        BEGINNING,
        "            pbxs.register(new.pbx)\n",
        "",
        (BEGIN_TESTS,),
    ),
    Defect(
        "a started increment is not billed",
        PRICES,
        "return self.first - (-more // self.following) * self.following",
        "return self.first + more // self.following * self.following",
        (END_TESTS,),
    ),
    Defect(
        "the first increment counts twice",
        PRICES,
        "more = max(0, seconds - self.first)",
        "more = seconds",
        (END_TESTS,),
    ),
    Defect(
        "a price is rounded down",
        PRICES,
        "return -(-increments.billed(seconds) * tpm // _MINUTE_S)",
        "return increments.billed(seconds) * tpm // _MINUTE_S",
        (END_TESTS,),
    ),
    Defect(
        "more is charged than was held",
        ENDING,
        "(call.held if is_open else free)",
        "free + call.held",
        (END_TESTS,),
    ),
    Defect(
        "an end takes no notice of an expiry",
        ENDING,
        "is_open = call.state is CallState.OPEN",
        "is_open = True",
        (END_TESTS,),
    ),
    Defect(
        "an end after the expiry releases once more",
        ENDING,
        "held = -call.held if call.state is CallState.OPEN else 0",
        "held = -call.held",
        (END_TESTS,),
    ),
    Defect(
        "an ended call is charged again",
        ENDING,
        "        if call.ending:\n",
        "        if call.ending and not wallets:\n",
        (END_TESTS,),
    ),
    Defect(
        "another end gets the first one's answer",
        ENDING,
        "if ending.request_digest != report.request_digest:",
        "if not ending.request_digest:",
        (END_TESTS,),
    ),
    Defect(
        "an agent who left keeps the call open",
        ENDING,
        "            taken = closing.still_taken(taken, list(cancelled.reasons[2 : 2 + 2 * len(taken)]))\n",
        "            del cancelled\n",
        (END_TESTS,),
    ),
    Defect(
        "any hash ends any call",
        ENDING,
        "    if not client.may_use(call.application_id):\n        raise Unauthorized\n",
        "",
        (END_TESTS,),
    ),
    Defect(
        "an agent who chose a status is set online",
        STORED_AGENTS,
        '"ConditionExpression": "lastLogId = :seen"',
        '"ConditionExpression": "lastLogId >= :seen"',
        (END_TESTS,),
    ),
    Defect(
        "a moved wallet is charged in another's place",
        CLOSING,
        "return wallet if wallet and wallet.wallet_id == call.wallet_id else None",
        "return wallet",
        (END_TESTS,),
    ),
    Defect(
        "an expiry keeps the tokens",
        EXPIRY,
        "wallet = closing.find_wallet(call) if call.held else None",
        "wallet = None",
        (SYNC_TESTS,),
    ),
    Defect(
        "an expiry keeps the agents",
        EXPIRY,
        "        *closing.give_back(taken, request),\n",
        "",
        (SYNC_TESTS,),
    ),
    Defect(
        "a call expires however young it is",
        EXPIRY,
        "if found.call_id not in live and found.opened < old:",
        "if found.call_id not in live:",
        (SYNC_TESTS,),
    ),
    Defect(
        "a call expires though it is named",
        EXPIRY,
        "if found.call_id not in live and found.opened < old:",
        "if found.opened < old:",
        (SYNC_TESTS,),
    ),
    Defect(
        "a synchronisation is not noted",
        STORED_PBXS,
        '"SET lastSync = :now"',
        '"SET firstSeen = :now"',
        (SYNC_TESTS,),
    ),
    Defect(
        "a PBX that has never synchronised is silent",
        EXPIRY,
        "pbx.last_sync is not None and time.time() - max(pbx.last_sync, sweeping_since)",
        "time.time() - max(pbx.last_sync or 0, sweeping_since)",
        (SYNC_TESTS,),
    ),
    Defect(
        "the first calls of a PBX that comes back expire",
        EXPIRY,
        "for found in calls.list_open(pbx.name) if found.opened < old)",
        "for found in calls.list_open(pbx.name) if old)",
        (SYNC_TESTS,),
    ),
    Defect(
        "one call that cannot expire keeps the others open",
        EXPIRY,
        "            failures.append(failure)\n",
        "            failures.append(failure)\n            break\n",
        (SYNC_TESTS,),
    ),
    Defect(
        "a sweep takes longer than it has",
        EXPIRY,
        "        if remaining_ms() < deadline.LAST_RESPONSE_S * 1000:\n            break\n",
        "",
        (SYNC_TESTS,),
    ),
    Defect(
        "an expired call is not told from an ended one",
        EXPIRY,
        "if call is None or call.state is not CallState.OPEN:",
        "if call is None:",
        (SYNC_TESTS,),
    ),
    Defect(
        "an operator settles a call in which somebody talks",
        MANAGED_CALLS,
        "if call.state is CallState.OPEN and not arguments.open:",
        "if call.state is CallState.OPEN and arguments.open:",
        (ADMIN_CALLS,),
    ),
    Defect(
        "a reason may name the caller of a call",
        MANAGED_CALLS,
        "    _check_reason(arguments.reason, call)\n",
        "",
        (ADMIN_CALLS,),
    ),
    Defect(
        "a call that is settled again otherwise gets the first answer",
        MANAGED_CALLS,
        'exclude={"open"}',
        'exclude={"open", "duration", "reason", "dial_status"}',
        (ADMIN_CALLS,),
    ),
    Defect(
        "what a settled call leaves unpaid is counted at each repetition",
        MANAGED_CALLS,
        "    if not ended.is_replay:\n",
        "    if ended:\n",
        (ADMIN_CALLS,),
    ),
    Defect(
        "who settled a call is not in the ledger",
        ENDING,
        "return entry._replace(operator=request.operator, reason=request.reason)",
        "return entry",
        (ADMIN_CALLS,),
    ),
    Defect(
        "a synchronisation expires calls until it has no time left",
        EXPIRY,
        "        if deadline.remaining_s() <= _ENOUGH_S:\n            break\n",
        "",
        (SYNC_TESTS,),
    ),
    Defect(
        "an outage of the service makes PBXs silent",
        EXPIRY,
        "max(pbx.last_sync, sweeping_since)",
        "pbx.last_sync",
        (SYNC_TESTS,),
    ),
    Defect(
        "a gap between sweeps is forgotten",
        STORED_PBXS,
        '"lastSweep >= :earliest"',
        '"attribute_exists(lastSweep) OR lastSweep >= :earliest"',
        (SYNC_TESTS,),
    ),
    Defect(
        "the sweep's own item is taken for a PBX",
        STORED_PBXS,
        ' if item["pbx"]["S"] != _SWEEP)',
        ")",
        (SYNC_TESTS,),
    ),
    Defect(
        "calls that expire are not counted",
        "functions/calls_sweep/app.py",
        '    telemetry.count("ExpiredCalls", swept.expired)\n',
        "",
        (SYNC_TESTS,),
    ),
    Defect(
        "tokens that nobody paid are counted again at a repetition",
        "functions/calls_end/app.py",
        "    if not ended.is_replay:\n",
        "    if ended:\n",
        (END_TESTS,),
    ),
    Defect(
        "a closed call counts among those that hold",
        VERIFICATION,
        "            if call.state is CallState.OPEN:\n",
        "            if call.state:\n",
        (HOLD_TESTS,),
    ),
    Defect(
        "what moves during verification is taken for a difference",
        VERIFICATION,
        "            if seqs == {holds.last.seq}:\n",
        "            if seqs:\n",
        (HOLD_TESTS,),
    ),
    Defect(
        "a call without an entry holds unnoticed",
        VERIFICATION,
        "for name in open_.keys() | self.tokens.keys() if",
        "for name in self.tokens.keys() if",
        (HOLD_TESTS,),
    ),
    Defect(
        "holds are verified of the first hundred calls only",
        VERIFICATION,
        "range(0, max(len(keys), 1), _CALLS_PER_READ)",
        "range(0, 1, _CALLS_PER_READ)",
        (HOLD_TESTS,),
    ),
    Defect(
        "an entry that is not visible yet is missing",
        VERIFICATION,
        "        while seq < newest:\n",
        "        while seq > newest:\n",
        (HOLD_TESTS,),
    ),
    Defect(
        "a caller pays for typing the PIN",
        CDR,
        '    if answered > int(datetime.fromisoformat(call["opened"]).timestamp()):\n',
        "    if answered:\n",
        (CDR_TESTS,),
    ),
    Defect(
        "a caller pays for a voicemail",
        CDR,
        "called = [record for record in records if record.dstchannel]",
        "called = list(records)",
        (CDR_TESTS,),
    ),
    Defect(
        "of two talks of a call one is charged",
        CDR,
        "    if len(talks) > 1:\n",
        "    if len(talks) > 2:\n",
        (CDR_TESTS,),
    ),
    Defect(
        "a call of another PBX is settled",
        PAID_REPORTS,
        '"pbx = :pbx AND #state <> :ended"',
        '"pbx <> :pbx AND #state <> :ended"',
        (CALLS_COMMANDS,),
    ),
    Defect(
        "a trace of an expiry does not show its call",
        TRACE,
        "    paid = list(_paid_calls(tables, identifier, _call_ids(entries)))\n",
        "    paid = list(_paid_calls(tables, identifier, set()))\n",
        (CALLS_COMMANDS,),
    ),
    Defect(
        "a closed number is closed to right PINs too",
        GUESSING,
        "if right is None or not",
        "if right is None or True or not",
        (GUESSING_TESTS,),
    ),
    Defect(
        "a closed number never opens again",
        GUESSING,
        "_closed.get(attempt.place) != _minute()",
        "attempt.place not in _closed",
        (GUESSING_TESTS,),
    ),
    Defect(
        "guesses by phone close the PBX's debits",
        GUESSING,
        'self.source if self.moves_tokens else ""',
        '""',
        (GUESSING_TESTS,),
    ),
    Defect(
        "wrong PINs are never counted together",
        WRONG_PINS,
        '"minute": {"N": str(minute)}',
        '"minute": {"N": str(minute + id(source) % 1000)}',
        (GUESSING_TESTS,),
    ),
    Defect(
        "wrong PINs of paid calls come from nowhere",
        TERMS,
        "wanted.pin, ip).wallet",
        'wanted.pin, "").wallet',
        (GUESSING_TESTS,),
    ),
    Defect(
        "paid calls are not restored with the money",
        TEMPLATE,
        'CALLS_TABLE: !If [UsesRestoredTables, !Sub "${RestoredTables}-CallsTable", !Ref CallsTable]',
        "CALLS_TABLE: !Ref CallsTable",
        (TEMPLATE_TESTS,),
    ),
    Defect(
        "the whole digest of a hash is logged",
        ENDPOINT,
        "caller.client.digest_prefix",
        "caller.client.hash_digest",
        (PRIVACY,),
    ),
    Defect(
        "a whole key is logged",
        OBSERVING,
        "_digest_prefix(self.idempotency_key)",
        "self.idempotency_key",
        (PRIVACY,),
    ),
    Defect("retries are not counted", CLIENT, "usage.retries += 1", "usage.retries += 0", (PRIVACY,)),
    Defect(
        "functions may write to every log group",
        TEMPLATE,
        "    PermissionsBoundary: !Ref FunctionBoundary\n",
        "",
        (STACK_RULES,),
    ),
    Defect(
        "a log line does not lead to its ledger entry",
        ENDPOINT,
        "context.aws_request_id, stored_id)\n        accept",
        "context.aws_request_id, ids.new_request_id())\n        accept",
        (PRIVACY,),
    ),
    Defect(
        "a process counts the whole day again after each request",
        WALLBOARD,
        "        _settled = settled\n",
        "",
        (WALLBOARD_TESTS,),
    ),
    Defect(
        "a process counts the day's calls until its request is too late",
        WALLBOARD,
        "if deadline.remaining_s() < deadline.READ_S:",
        "if deadline.remaining_s() < -deadline.READ_S:",
        (WALLBOARD_TESTS,),
    ),
    Defect(
        "the board shows totals that are still being counted as numbers",
        "functions/pages/wallboard.js",
        'board[name] || "…"',
        "Number(board[name])",
        ("tests/pages/test_wallboard.py",),
    ),
    Defect(
        "faults count as refusals",
        REFUSALS,
        'line.get("Faults") == [0]',
        '"Faults" in line',
        (REFUSAL_TESTS,),
    ),
    Defect(
        "refusals count for the day in UTC",
        REFUSALS,
        "clock.local_day(clock.to_iso(written))",
        "clock.to_iso(written)[:10]",
        (REFUSAL_TESTS,),
    ),
    Defect(
        "a batch of refusals replaces what was counted before",
        f"{_LAYER}/store/refusals.py",
        "SET #expires = :expires ADD {', '.join(f'#{n} :{n}'",
        "SET #expires = :expires, {', '.join(f'#{n} = :{n}'",
        (REFUSAL_TESTS,),
    ),
    Defect(
        "successes are delivered as refusals, too",
        TEMPLATE,
        "($.reason = %[a-z]%)",
        "($.endpoint = %[a-z]%)",
        (REFUSAL_TESTS,),
    ),
)
