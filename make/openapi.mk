# The linter and the docs page's renderer, from npm. No install script runs: one of them reports to its maker.
.PHONY: openapi
openapi: .venv/.installed ## Generate the OpenAPI file from the code and the golden answers.
	.venv/bin/python -m openapi

.PHONY: lint-openapi
lint-openapi: openapi/node_modules/.installed ## Lint the OpenAPI file strictly.
	openapi/node_modules/.bin/redocly lint --config openapi/redocly.yaml openapi/site/openapi.yaml

openapi/node_modules/.installed: openapi/package-lock.json
	@cd openapi && npm ci --silent --ignore-scripts --no-audit --no-fund && touch node_modules/.installed
