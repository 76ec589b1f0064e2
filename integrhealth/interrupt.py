"""What an interrupt (Ctrl-C) does while a command is still being imported: nothing has begun, so nothing is undone."""

import os
import signal
from types import FrameType

EXIT_CODE = 130
SAID = "integrhealth: interrupted; nothing was published"


def guard_start() -> None:
    """Until ``begun``, an interrupt ends the process with one line, not with an exception in the midst of an import.

    Where interrupts are ignored, as in a process in the background, or handled by others, that stays.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def begun() -> None:
    """From now on an interrupt is a KeyboardInterrupt again: there is something to undo."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(signum: int, frame: FrameType | None) -> None:
    os.write(2, f"{SAID}\n".encode())
    os._exit(EXIT_CODE)
