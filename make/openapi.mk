# The linter and the docs page's renderer, from npm. No install script runs: one of them reports to its maker.
.PHONY: openapi
openapi: .venv/.installed ## Generate the OpenAPI file from the code and the golden answers.
	.venv/bin/python -m openapi

.PHONY: lint-openapi
lint-openapi: openapi/node_modules/.installed ## Lint the OpenAPI file strictly.
	openapi/node_modules/.bin/redocly lint --config openapi/redocly.yaml functions/pages/openapi.yaml

openapi/node_modules/.installed functions/pages/node_modules/.installed: %/node_modules/.installed: %/package-lock.json
	@cd $* && npm ci --silent --ignore-scripts --no-audit --no-fund && touch node_modules/.installed

# The docs page of the local gateway.
run test: functions/pages/node_modules/.installed

.PHONY: fuzz
fuzz: .venv/.installed ## Send random requests made from the OpenAPI file to a local gateway. REQUESTS=1000000 SEED=1 CASES=30 MINUTES=60
	@.venv/bin/python -m tests.contract.fuzz

.PHONY: test-browser
test-browser: .venv/.installed functions/pages/node_modules/.installed ## Test the pages in headless Chromium. CHROMIUM=program SCREENSHOTS=folder
	.venv/bin/pytest -q -rs tests/pages
