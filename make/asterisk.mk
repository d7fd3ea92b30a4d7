# The command that runs Asterisk; tests/asterisk/README.md describes its interface.
ASTERISK ?= tests/asterisk/local-asterisk

.PHONY: test-asterisk
test-asterisk: .venv/.installed ## Test the Asterisk dialplan on a real Asterisk. ASTERISK=command
	ASTERISK_COMMAND='$(ASTERISK)' .venv/bin/pytest -q tests/asterisk
