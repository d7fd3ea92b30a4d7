# The command that runs Asterisk: tests/asterisk/README.md says what it has to understand.
ASTERISK ?= tests/asterisk/local-asterisk

.PHONY: test-asterisk
test-asterisk: .venv/.installed ## Run the Asterisk kit on a real Asterisk. ASTERISK=command
	ASTERISK_COMMAND='$(ASTERISK)' .venv/bin/pytest -q tests/asterisk
