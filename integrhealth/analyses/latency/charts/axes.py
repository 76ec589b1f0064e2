"""Axes that people read: times in the units that they count in, and large numbers with a letter."""

UNITS = ((86_400_000, "days"), (3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms"))
# Where a logarithmic time axis may be labelled, in the units that people use; the coarse ones where there is room.
COARSE = (0.01, 0.1, 1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000, 864_000_000)
FINE = tuple(
    sorted({size * step for size in (0.01, 0.1, 1, 10, 100, 1000, 10_000) for step in (1, 2, 5)} | set(COARSE))
)
TIME_LABEL = " : ".join(
    ["datum.value == 86400000 ? '1 day'"]
    + [f"datum.value >= {size} ? format(datum.value / {size}, '.3~r') + ' {unit}'" for size, unit in UNITS[:-1]]
    + ["format(datum.value, '.3~r') + ' ms'"]
)
# Large numbers with a letter for their size; small ones as they are, since "600m" would be read as millions.
NUMBER_LABEL = "abs(datum.value) >= 1000 ? format(datum.value, '.4~s') : format(datum.value, '.4~g')"


def ticks(least: float, most: float) -> list[float]:
    """The times to label on a logarithmic axis: the coarse ones if at least three fit, else the fine ones."""
    coarse = [value for value in COARSE if least <= value <= most]
    return coarse if len(coarse) >= 3 else [value for value in FINE if least <= value <= most]


def even_ticks(end: float) -> list[float]:
    """From zero to `end` at most eight steps of a length that people count in: 1, 2, 5 ms and so on, hours, days."""
    steps = [
        *FINE,
        *(3_600_000 * hours for hours in (2, 3, 6, 12)),
        *(86_400_000 * days for days in (2, 5, 10, 30, 90)),
    ]
    step = next((step for step in sorted(steps) if end / step <= 8), end)
    return [step * number for number in range(int(end / step) + 1)]
