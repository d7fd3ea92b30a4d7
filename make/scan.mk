# Scanners of code, templates and dependencies, in an environment of their own; pip-audit needs a package index.
.PHONY: scan bill-of-materials

scan: .venv-scan/.installed ## Scan code, templates and dependencies for known weaknesses.
	.venv-scan/bin/bandit --quiet --recursive --severity-level medium layers/shared/src functions admin
	LOG_LEVEL=CRITICAL .venv-scan/bin/checkov --config-file .checkov.yaml
	.venv-scan/bin/pip-audit --strict --require-hashes --disable-pip --requirement layers/shared/requirements.txt

# An environment of its own without pip, so that nothing but the layer is in it.
BOM = build/bom

bill-of-materials: .venv-scan/.installed .venv-run/.installed ## Build the layer, and list what is in it with licences (CycloneDX).
	@rm -rf $(BOM) && mkdir -p $(BOM)
	@export PATH="$$(make/python3.13):$$PATH" \
		&& $(MAKE) --silent -C layers/shared ARTIFACTS_DIR=$(CURDIR)/$(BOM)/layer build-SharedLayerX8664 \
		&& python3.13 -m venv --without-pip $(BOM)/environment
	@echo '$(CURDIR)/$(BOM)/layer/python' > $(BOM)/environment/lib/python3.13/site-packages/layer.pth
	@.venv-scan/bin/cyclonedx-py environment $(BOM)/environment --PEP-639 --sv 1.6 --output-reproducible \
		--pyproject layers/shared/pyproject.toml --outfile build/layer.cdx.json 2> $(BOM)/log || { cat $(BOM)/log; exit 1; }
	@.venv-run/bin/python -m admin.bill_of_materials build/layer.cdx.json
