# The SAM CLI, in its own environment and with telemetry off.
SAM = SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam
# The name of the deployed stack.
STACK ?= paidline

.PHONY: build validate deploy load sam-local test-sam

.venv-sam/.installed: requirements/sam.txt
	$(make-environment)
	@touch $@

# The build cache does not distinguish a stock layer from a trimmed one.
build: .venv-sam/.installed ## Build the functions and the layer with sam build; needs Python 3.13. TRIM=no keeps all files
	@python=$$(make/python3.13) && PATH="$$python:$$PATH" $(SAM) build $(if $(filter no,$(TRIM)),--no-cached)

validate: .venv-sam/.installed ## Check the template as the SAM CLI sees it.
	$(SAM) validate

deploy: build ## Deploy to AWS. STACK=paidline PARAMETERS="Architecture=x86_64 MemorySize=1024"
	$(SAM) deploy --stack-name $(STACK) $(if $(PARAMETERS),--parameter-overrides '$(PARAMETERS)')

load: .venv-run/.installed ## Load data into a deployed stack. STACK=paidline SEED=file.json
	@STACK=$(STACK) SEED=$(SEED) .venv-run/bin/python -m admin.load

sam-local: build .venv-run/.installed ## Serve the functions in containers with sam local. PORT=3000 SEED=file.json PULL=no
	@.venv-run/bin/python -m local.sam

test-sam: build .venv/.installed ## Test all golden answers through sam local. PULL=no
	TEST_SAM=yes .venv/bin/pytest -q tests/sam
