# The layer as deployed, and the baselines' packages as pip installs them, byte-compiled the same way.
BENCH = build/bench

.PHONY: bench
bench: $(BENCH)/plain.installed $(BENCH)/layer.installed .venv-run/.installed .venv-sam/.installed ## Compare the functions with common ways of writing them. ROUNDS=15
	@export PATH="$$(make/python3.13):$$PATH" \
		&& .venv-run/bin/python -m benchmarks.handlers $(if $(ROUNDS),--rounds $(ROUNDS)) \
		&& .venv-run/bin/python -m benchmarks.runtime

.PHONY: instructions
instructions: $(BENCH)/plain.installed $(BENCH)/layer.installed .venv-run/.installed ## Count the CPU instructions of a cold start and a request; needs valgrind.
	@export PATH="$$(make/python3.13):$$PATH" && .venv-run/bin/python -m benchmarks.instructions

$(BENCH)/plain.installed: requirements/bench.txt
	@rm -rf $(BENCH)/plain $(BENCH)/runtime && mkdir -p $(BENCH)
	@export PATH="$$(make/python3.13):$$PATH" \
		&& python3.13 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes \
			--requirement requirements/bench.txt --target $(BENCH)/plain \
		&& python3.13 -m compileall -q --invalidation-mode unchecked-hash $(BENCH)/plain
	@touch $@

# Built by the same commands as for deployment.
$(BENCH)/layer.installed: layers/shared/Makefile layers/shared/requirements.txt $(shell find layers/shared -name '*.py')
	@rm -rf $(BENCH)/layer && mkdir -p $(BENCH)
	@export PATH="$$(make/python3.13):$$PATH" \
		&& $(MAKE) --silent -C layers/shared ARTIFACTS_DIR=$(CURDIR)/$(BENCH)/layer \
			build-SharedLayer$(if $(filter aarch64 arm64,$(shell uname -m)),Arm64,X8664)
	@touch $@

.PHONY: store-calls
store-calls: .venv-run/.installed ## Update the table of DynamoDB calls and capacity units in docs.
	@.venv-run/bin/python -m benchmarks.store_calls >/dev/null

.PHONY: scale throughput cost month
scale: .venv-run/.installed ## Compare latencies with a thousand and a million of everything, list ten thousand profiles, count a long day.
	@.venv-run/bin/python -m benchmarks.scale
	@.venv-run/bin/python -m benchmarks.profile_list
	@.venv-run/bin/python -m benchmarks.wallboard

throughput: .venv-run/.installed ## Load-test the local gateway; needs wrk.
	@.venv-run/bin/python -m benchmarks.throughput

cost: .venv-run/.installed ## Calculate the list price of a million requests from the results of make bench.
	@.venv-run/bin/python -m benchmarks.cost

.PHONY: paid-calls
paid-calls: .venv-run/.installed ## Measure sweep and sync with ten thousand open calls. COUNT=10000
	@.venv-run/bin/python -m benchmarks.paid_calls $(if $(COUNT),--count $(COUNT))

month: .venv-run/.installed ## Calculate what a month costs, CloudWatch included.
	@.venv-run/bin/python -m benchmarks.month

.PHONY: import-speed
import-speed: .venv-cli/.installed .venv-run/.installed ## Measure how fast a service's data is imported into the local engine. SCALE=0.05
	@.venv-cli/bin/python -m benchmarks.import_speed $(if $(SCALE),--scale $(SCALE))
