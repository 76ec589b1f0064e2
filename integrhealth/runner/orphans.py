"""Child processes that end with the run that started them, however that ends."""

import ctypes
import os
import signal
import sys
import time
from threading import Thread

SIGNAL_AT_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG of prctl(2)
LOOKS_SECONDS = 0.2
# The environment variable in which a kernel is told whose child it is.
PARENT = "INTEGRHEALTH_PARENT"


def end_with_parent(parent: int) -> None:
    """Called by a child of the process `parent`: it ends when that has ended, with all it started if it leads a group.

    A child alone is ended by the system itself where that can be asked for (Linux), so even while it holds Python's
    lock; otherwise, and for a group, a thread looks whether the child was handed to another parent.
    """
    leads = hasattr(os, "getpgrp") and os.getpgrp() == os.getpid()
    if sys.platform == "linux" and not leads:
        ctypes.CDLL(None).prctl(SIGNAL_AT_PARENTS_DEATH, signal.SIGKILL)
    Thread(target=_watch, args=(parent, leads), daemon=True).start()


def _watch(parent: int, leads: bool) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKS_SECONDS)
    if leads:
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
