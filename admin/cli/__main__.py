"""Run the command line without installing it: `python -m admin.cli`."""

from admin.cli.main import main

if __name__ == "__main__":
    main()
