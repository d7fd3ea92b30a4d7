"""The operator's command line, `paidline`: one module per noun.

Modules of commands import at their top only what `--help` and completion need. What a command needs to do its work,
such as the SDK, is imported by the function that does it.
"""
