"""What makes a process of the runner start quickly. Called by the runner and its kernels, never by a user's import."""

import sys

GRAMMAR = "rfc3987_syntax"


def spare_grammar() -> None:
    """Import jsonschema without the grammar of international addresses, which takes 0.8 s to compile.

    notebook formats check no such addresses. The module stays importable afterwards for everyone else; where it or
    jsonschema is loaded already, nothing happens.
    """
    if GRAMMAR in sys.modules or "jsonschema" in sys.modules:
        return
    sys.modules[GRAMMAR] = None  # type: ignore[assignment]  # an import of it fails, which jsonschema allows for
    try:
        import jsonschema  # noqa: F401
    finally:
        del sys.modules[GRAMMAR]
