"""ISO times that are all written in one width, as most logs write them: read digit by digit, a whole column at once."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

# From here on it pays; and as many at once as stay in the processor's cache.
MANY, STEP = 1_000, 30_000
SECONDS = len("2026-01-05T08:00:00")
# The width of a time by its zone and the digits of its fraction; a point or a comma stands before those.
WIDTHS = {SECONDS + (digits and digits + 1) + len(zone): (digits, zone) for zone in ("", "Z") for digits in (0, 3, 6)}
SIGNS = ((4, "-"), (7, "-"), (13, ":"), (16, ":"))
LIMITS = ((5, 1, 12), (8, 1, 31), (11, 0, 23), (14, 0, 59), (17, 0, 59))


def times_alike(text: pl.Series) -> pl.Series | None:
    """2026-01-05T08:00:00.123456Z and the like, with T or a blank, with 0, 3 or 6 digits after the second, with Z or
    without: instants, or local times. None when one value is written otherwise, or is not a time.

    Four times as fast as strptime, to which the years at the ends of time are left.
    """
    if text.dtype != pl.String or len(text) < MANY or text.null_count():
        return None
    width = text.str.len_bytes()
    digits, zone = WIDTHS.get(width[0], (0, None))
    if zone is None or not (width == width[0]).all():
        return None
    micros, mark = np.empty(len(text), np.int64), "," if text[0][SECONDS : SECONDS + 1] == "," else "."
    for start in range(0, len(text), STEP):
        read = _read(_letters(text[start : start + STEP], width[0]), digits, zone, mark)
        if read is None:
            return None
        micros[start : start + STEP] = read
    local = pl.Series(text.name, micros).cast(pl.Datetime("us"))
    return local.dt.replace_time_zone("UTC") if zone else local


def _letters(text: pl.Series, width: int) -> NDArray[np.uint8]:
    """One row per text, one column per byte."""
    plain = text.to_arrow(compat_level=pl.CompatLevel.oldest())
    start = plain.offset * width
    return np.frombuffer(plain.buffers()[2], np.uint8)[start : start + len(plain) * width].reshape(-1, width)


def _read(letters: NDArray[np.uint8], digits: int, zone: str, mark: str) -> NDArray[np.int64] | None:
    """Microseconds since 1970; None when one row is not a time."""
    between = letters[:, 10]
    written = ((between == ord("T")) | (between == ord(" "))).all()
    written &= all((letters[:, place] == ord(sign)).all() for place, sign in SIGNS)
    written &= not digits or (letters[:, SECONDS] == ord(mark)).all()
    written &= not zone or (letters[:, -1] == ord(zone)).all()
    numbers = {place: _number(letters[:, place : place + 2]) for place, *_ in LIMITS}
    numbers |= {0: _number(letters[:, :4]), SECONDS: _number(letters[:, SECONDS + 1 : SECONDS + 1 + digits])}
    if not written or any(number is None for number in numbers.values()):
        return None
    if any((numbers[place] < low).any() or (numbers[place] > high).any() for place, low, high in LIMITS):
        return None
    year, month, day, hour, minute, second = (numbers[place] for place in (0, *(place for place, *_ in LIMITS)))
    if (year < 1000).any() or (year == 9999).any():
        return None
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    date = months.astype("datetime64[D]") + (day - 1)
    if (date.astype("datetime64[M]") != months).any():
        return None
    seconds = (date.astype(np.int64) * 24 + hour) * 3600 + minute * 60 + second
    return seconds * 1_000_000 + numbers[SECONDS].astype(np.int64) * 10 ** (6 - digits)


def _number(letters: NDArray[np.uint8]) -> NDArray[np.int32] | None:
    """The numbers that the columns write; None when a letter is not a digit."""
    number, strange = np.zeros(len(letters), np.int32), False
    for column in range(letters.shape[1]):
        digit = letters[:, column] - np.uint8(ord("0"))
        strange |= bool((digit > 9).any())
        number = number * 10 + digit
    return None if strange else number
