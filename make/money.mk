# Checks that tokens are never lost or counted twice; docs/reliability.md explains what each of them shows.
.PHONY: contention contention-calls

contention: .venv/.installed ## Compare many clients on one wallet with a single one. CLIENTS=64 REQUESTS=50 ENGINE=url
	@.venv/bin/python -m tests.contention

contention-calls: .venv/.installed ## Begin many paid calls at one moment, for one agent and on one wallet. PROCESSES=64 CALLS=100
	@.venv/bin/python -m tests.contention.calls

.PHONY: simulate
simulate: .venv/.installed ## Simulate random requests and faults, checking every step. OPS=20000 SEED=1 JOBS=1 PAID=yes ENGINE=url
	@.venv/bin/python -m tests.simulation

.PHONY: sensitivity
sensitivity: .venv/.installed ## Plant defects in a copy of the code and check that the tests notice. ONLY=part-of-a-name
	@.venv/bin/python -m tests.sensitivity

.PHONY: leak-scan
leak-scan: .venv/.installed ## Look for secrets in everything that is written about generated requests. REQUESTS=100000 SEED=1
	@.venv/bin/python -m tests.leaks
