# Scanners of code, templates and dependencies, in an environment of their own; pip-audit needs a package index.
.PHONY: scan
scan: .venv-scan/.installed ## Scan code, templates and dependencies for known weaknesses.
	.venv-scan/bin/bandit --quiet --recursive --severity-level medium layers/shared/src functions admin
	.venv-scan/bin/pip-audit --require-hashes --disable-pip --requirement layers/shared/requirements.txt
	@mkdir -p build
	.venv-scan/bin/cyclonedx-py requirements layers/shared/requirements.txt --outfile build/layer.cdx.json
