# Checks that tokens are never lost or counted twice; docs/reliability.md explains what each of them shows.
.PHONY: contention audit

contention: .venv/.installed ## Compare many clients on one wallet with a single one. CLIENTS=64 REQUESTS=50 ENGINE=url
	@.venv/bin/python -m tests.contention

audit: .venv-run/.installed ## Check every wallet against its ledger, read-only. WALLETS_TABLE= WALLET_LEDGER_TABLE= DYNAMODB_ENDPOINT=
	@.venv-run/bin/python -m admin.audit

.PHONY: simulate
simulate: .venv/.installed ## Simulate random requests and faults, checking every step. OPS=20000 SEED=1 JOBS=1 ENGINE=url
	@.venv/bin/python -m tests.simulation

.PHONY: sensitivity
sensitivity: .venv/.installed ## Plant defects in a copy of the code and check that the tests notice. ONLY=part-of-a-name
	@.venv/bin/python -m tests.sensitivity

.PHONY: leak-scan
leak-scan: .venv/.installed ## Look for secrets in everything that is written about generated requests. REQUESTS=100000 SEED=1
	@.venv/bin/python -m tests.leaks
