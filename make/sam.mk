# The SAM CLI, in its own environment and with telemetry off.
SAM = SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam
# A section of samconfig.toml, and the name of its stack.
ENVIRONMENT ?= dev
STACK ?= paidline-$(ENVIRONMENT)

.PHONY: build validate deploy protect restore alarms load sam-local test-sam

.venv-sam/.installed: requirements/sam.txt
	$(make-environment)
	@touch $@

# The build cache does not distinguish a stock layer from a trimmed one.
build: .venv-sam/.installed ## Build the functions and the layer with sam build; needs Python 3.13. TRIM=no keeps all files
	@python=$$(make/python3.13) && PATH="$$python:$$PATH" $(SAM) build $(if $(filter no,$(TRIM)),--no-cached)

validate: .venv-sam/.installed ## Check the template as the SAM CLI sees it.
	$(SAM) validate

deploy: build .venv-run/.installed ## Deploy to AWS. ENVIRONMENT=dev STACK=paidline-dev PARAMETERS="Architecture=x86_64"
	@parameters=$$(ENVIRONMENT=$(ENVIRONMENT) PARAMETERS='$(PARAMETERS)' .venv-run/bin/python -m admin.release) \
		&& $(SAM) deploy --config-env $(ENVIRONMENT) --stack-name $(STACK) --no-fail-on-empty-changeset \
			$(if $(filter no,$(CONFIRM)),--no-confirm-changeset) --parameter-overrides "$$parameters"

restore: .venv-run/.installed ## Restore the money tables to one second, into new tables. STACK=paidline-prod AT=2026-11-25T14:00:00Z
	@STACK=$(STACK) AT=$(AT) .venv-run/bin/python -m admin.restore

alarms: .venv-sam/.installed ## Deploy the alarms of a stack. STACK=paidline-prod EMAIL=address
	$(SAM) deploy --template alarms.yaml --stack-name $(STACK)-alarms --region $(AWS_REGION) \
		--parameter-overrides 'ServiceStack=$(STACK) Email=$(EMAIL) $(PARAMETERS)'

protect: .venv-run/.installed ## Protect a stack from deletion and its tables from replacement. STACK=paidline-dev
	@STACK=$(STACK) .venv-run/bin/python -m admin.protect

load: .venv-run/.installed ## Load data into a deployed stack. STACK=paidline-dev SEED=file.json
	@STACK=$(STACK) SEED=$(SEED) .venv-run/bin/python -m admin.load

sam-local: build .venv-run/.installed ## Serve the functions in containers with sam local. PORT=3000 SEED=file.json PULL=no
	@.venv-run/bin/python -m local.sam

test-sam: build .venv/.installed ## Test all golden answers through sam local. PULL=no
	TEST_SAM=yes .venv/bin/pytest -q tests/sam
