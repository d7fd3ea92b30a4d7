# The proof that tokens are neither lost nor doubled: docs/reliability.md says what each of these shows.
.PHONY: contention audit

contention: .venv/.installed ## Many clients on one wallet against one alone. CLIENTS=64 REQUESTS=50 ENGINE=url
	@.venv/bin/python -m tests.contention

audit: .venv-run/.installed ## Check every wallet against its ledger, reading only. WALLETS_TABLE= WALLET_LEDGER_TABLE= DYNAMODB_ENDPOINT=
	@.venv-run/bin/python -m admin.audit

.PHONY: simulate
simulate: .venv/.installed ## Random requests and faults, checked at every step. OPS=20000 SEED=1 JOBS=1 ENGINE=url
	@.venv/bin/python -m tests.simulation

.PHONY: sensitivity
sensitivity: .venv/.installed ## Plant defects in a copy of the code and see that the tests notice. ONLY=part-of-a-name
	@.venv/bin/python -m tests.sensitivity
