"""Random numbers: each mechanism draws from a stream of its own, so that a new one changes nothing in the others."""

from zlib import crc32

import numpy as np


def stream(seed: int, *names: object) -> np.random.Generator:
    """The random numbers of one purpose, named by words and numbers."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, *(crc32(str(n).encode()) for n in names)]))
    )
