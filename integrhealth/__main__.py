"""The command ``integrhealth``: guarded against an interrupt from the start, before anything else is imported."""

from integrhealth.interrupt import guard_start


def main() -> None:
    """Run the command line."""
    guard_start()
    from integrhealth.cli import main as commands

    commands()


if __name__ == "__main__":
    main()
