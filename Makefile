# `make run` and `make test` need Python 3.11 or later and npm; they install everything else themselves.
PYTHON ?= python3
COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(UPGRADE)

# Without byte code, every process that the tests start, hundreds in all, would compile its modules anew.
unexport PYTHONDONTWRITEBYTECODE

TEMPLATES = template.yaml alarms.yaml deploy-role.yaml backups.yaml

.DEFAULT_GOAL := help
.PHONY: help run install lint check test lock clean

help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-19s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv-run/.installed ## Serve all endpoints on this machine. PORT=3000 SEED=file.json|none DATA=folder
	@.venv-run/bin/python -m local

install: .venv-cli/.installed ## Install the command line `paidline` into .venv-cli.
	@echo 'Put it on your PATH, and let it complete your commands:'
	@echo '  export PATH="$(CURDIR)/.venv-cli/bin:$$PATH"'
	@echo '  paidline --install-completion'

lint: .venv/.installed ## Check style, types and template.
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/cfn-lint $(TEMPLATES)

check: lint ## Run the fast checks, in under a minute: style, types, template, unit tests.
	.venv/bin/pytest -q tests/unit tests/endpoints -m "not engine"

test: lint lint-openapi .venv-translator/.installed ## Run all checks: style, types, template, tests with coverage.
	@.venv/bin/coverage erase
	.venv/bin/coverage run -m pytest --numprocesses auto --dist worksteal
	@.venv/bin/coverage combine --quiet
	.venv/bin/coverage report

lock: .venv-lock/.installed ## Update the requirement locks. UPGRADE=--upgrade allows newer versions.
	$(COMPILE) layers/shared/requirements.in --output-file layers/shared/requirements.txt
	$(COMPILE) requirements/run.in --output-file requirements/run.txt
	$(COMPILE) requirements/fallback.in --output-file requirements/fallback.txt
	$(COMPILE) requirements/cli.in --output-file requirements/cli.txt
	$(COMPILE) requirements/dev.in --output-file requirements/dev.txt
	$(COMPILE) requirements/sam.in --output-file requirements/sam.txt
	$(COMPILE) requirements/translator.in --output-file requirements/translator.txt
	$(COMPILE) requirements/scan.in --output-file requirements/scan.txt
	$(COMPILE) requirements/bench.in --output-file requirements/bench.txt
	$(COMPILE) requirements/lock.in --output-file requirements/lock.txt

clean: ## Remove everything that the other targets created.
	rm -rf .venv .venv-run .venv-cli .venv-lock .venv-sam .venv-translator .venv-scan
	rm -rf .aws-sam .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis
	rm -rf local/engine/node_modules openapi/node_modules functions/pages/node_modules layers/shared/src/*.egg-info *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment per purpose, so that `make run` does not install the test tools.
.venv-run/.installed: requirements/run.txt
.venv/.installed: requirements/dev.txt
.venv-lock/.installed: requirements/lock.txt
.venv-cli/.installed: requirements/cli.txt
.venv-translator/.installed: requirements/translator.txt
.venv-scan/.installed: requirements/scan.txt

.venv-run/.installed .venv-lock/.installed .venv-translator/.installed .venv-scan/.installed:
	$(make-environment)
	@touch $@

.venv-cli/.installed: pyproject.toml layers/shared/pyproject.toml
	$(make-environment)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--editable layers/shared --editable .
	@touch $@

.venv/.installed: layers/shared/pyproject.toml
	$(make-environment)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable layers/shared
	@touch $@

define make-environment
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| { echo '$(PYTHON) is not Python 3.11 or later: choose another, as in make $(MAKECMDGOALS) PYTHON=python3.13'; exit 1; }
@echo 'Installing $(filter requirements/%,$^) into $(@D)'
@$(PYTHON) -m venv --clear $(@D)
@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes --requirement $(filter requirements/%,$^)
endef

include $(wildcard make/*.mk)
