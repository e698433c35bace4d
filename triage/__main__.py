"""`python -m triage` is the same as the installed command."""

from triage.cli import run

if __name__ == "__main__":
    run()
