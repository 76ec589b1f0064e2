"""Times as programs and people write them besides ISO 8601: with names of months, with named zones, in odd orders.

Each form is one pattern with named groups; whatever the groups hold goes together in one way. Only what can be one
time and no other is read: the rest stays null.
"""

from typing import NamedTuple

import polars as pl

MONTH_NUMBERS = {
    written: place
    for place, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sep", "sept"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for written in names
}
WEEKDAY_NUMBERS = {
    written: place
    for place, names in enumerate(
        (
            ("monday", "mon"),
            ("tuesday", "tue", "tues"),
            ("wednesday", "wed"),
            ("thursday", "thu", "thur", "thurs"),
            ("friday", "fri"),
            ("saturday", "sat"),
            ("sunday", "sun"),
        ),
        start=1,
    )
    for written in names
}
# Zones that are one thing everywhere, in hours; those of North America are the ones that RFC 2822 defines.
ZONE_HOURS = (
    {"Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3}
    | {"EST": -5, "EDT": -4, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
    | {"JST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13}
)
# Zones of several countries under one name: China or Chicago, India, Ireland or Israel, Bangladesh or Britain.
DOUBTFUL_ZONES = ("CST", "CDT", "IST", "BST", "AST", "ADT", "GST", "MSK", "SST", "WST", "PKT", "PHT", "KST", "ECT")
# Two digits of a year, as Oracle reads them.
CENTURY_TURNS = 50
LARGEST_OFFSET = 14 * 60
# Where fewer than this share of the values are different, each is read once.
REPEATED = 0.7
# The groups that a form may not have.
OPTIONAL = ("weekday", "mark", "again", "half", "hour", "minute", "second", "fraction", "name", "offset", "after")

DAY_OF_WEEK = r"(?:(?P<weekday>[a-z]{3,9}),?\s+)?"
HALF = r"(?:\s?(?P<half>[ap])\.?m\.?)?"
FRACTION = r"(?:[.,](?P<fraction>[0-9]{1,9}))?"
HOUR, MINUTE, SECOND = r"(?P<hour>[0-9]{1,2})", r"(?P<minute>[0-9]{2})", r"(?P<second>[0-9]{2})"
CLOCK = rf"{HOUR}:{MINUTE}(?::{SECOND}{FRACTION})?{HALF}"
DOTTED = rf"{HOUR}\.{MINUTE}\.{SECOND}{FRACTION}{HALF}"
PACKED = rf"(?P<hour>[0-9]{{2}}){MINUTE}(?:{SECOND}{FRACTION})?"
NAME = r"(?:\s*(?P<name>[a-z]{1,5}))?"
OFFSET = r"(?:\s*(?P<offset>[+-](?:[0-9]{2}(?::?[0-9]{2})?|[0-9])))?"
# What only repeats the zone: its name, as Go and Java add it, or a reading of the clock of the machine.
AGAIN = r"(?:\s+[a-z]{1,5}|\s+[+-][0-9]{2,4}|\s+\([^()]{1,60}\)|\[[^\[\]]{1,60}\])?(?:\s+m=[+-][0-9.]+)?"
ZONE = NAME + OFFSET + AGAIN
YEAR_MONTH_DAY = r"(?P<year>[0-9]{4})(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P<again>[-/.])(?P<day>[0-9]{1,2})"
DAY_MONTH_YEAR = r"(?P<day>[0-9]{1,2})(?P<mark>[\s/.-])(?P<month>[a-z]{3,9})\.?(?P<again>[\s/.-])(?P<year>[0-9]{4})"
DAY_MONTH_SHORT = r"(?P<day>[0-9]{1,2})-(?P<month>[a-z]{3})-(?P<year>[0-9]{2})"
MONTH_DAY = r"(?P<month>[a-z]{3,9})\.?\s+(?P<day>[0-9]{1,2})"
PACKED_DATE = r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
FORMS = tuple(
    rf"(?i)^\[?{form}\]?$"
    for form in (
        # 2024-04-16 06:21:39,123 +0200 CEST m=+0.01: Python, Go, Java, PostgreSQL
        rf"{DAY_OF_WEEK}{YEAR_MONTH_DAY}(?:[T_]|,?\s+(?:at\s+|@\s+)?){CLOCK}{ZONE}",
        # 21/Jan/2019:08:59:54 +0100, Tue, 16 Apr 2024 06:21:39 GMT: access logs, mail and HTTP, Redis
        rf"{DAY_OF_WEEK}{DAY_MONTH_YEAR}(?:(?::|T|,?\s+(?:at\s+|@\s+)?){CLOCK}{ZONE})?",
        # Feb 14, 2012 @ 17:47:08.000, Mar 8, 2024, 2:21:50 PM: Kibana, browsers, exports for people
        rf"{DAY_OF_WEEK}{MONTH_DAY},?\s+(?P<year>[0-9]{{4}})(?:,?\s+(?:at\s+|@\s+)?{CLOCK}{ZONE})?",
        # Tue Apr 16 06:21:39 CEST 2024: ctime, Java, date, Apache's error log, git
        rf"{DAY_OF_WEEK}{MONTH_DAY}\s+{CLOCK}{NAME}{OFFSET}\s+(?P<year>[0-9]{{4}})(?:\s+(?P<after>[+-][0-9]{{4}}))?",
        # 20260131T120000.123+0100, and with colons: compact ISO 8601, FIX
        rf"{PACKED_DATE}T{PACKED}{ZONE}",
        rf"{PACKED_DATE}(?:[T-]|\s+){CLOCK}{ZONE}",
        # 08-MAR-24 02.21.50.123 PM: Oracle; with colons: HTTP of old
        rf"{DAY_OF_WEEK}{DAY_MONTH_SHORT}(?:\s+{CLOCK}{ZONE})?",
        rf"{DAY_MONTH_SHORT}\s+{DOTTED}{ZONE}",
        # 2024-04-16-06.21.39.123456: DB2
        rf"{YEAR_MONTH_DAY}[-\s]{DOTTED}{ZONE}",
    )
)
# Which of the two comes first is decided on the whole column.
DAY_FIRST, MONTH_FIRST = (
    rf"(?i)^\[?(?P<{first}>[0-9]{{1,2}})(?P<mark>[./-])(?P<{other}>[0-9]{{1,2}})(?P<again>[./-])(?P<year>[0-9]{{4}})"
    rf"(?:[T,\s]+{CLOCK}{ZONE})?\]?$"
    for first, other in (("day", "month"), ("month", "day"))
)


class Written(NamedTuple):
    """What a form reads: instants where a zone is written, else local times; and the names of zones that tell none."""

    instants: pl.Series
    local: pl.Series
    doubtful: tuple[str, ...] = ()


def read_form(text: pl.Series, form: str) -> Written:
    """The values that are written in `form`; null where one is not, or is not a time."""
    fitting = text.set(~text.str.contains(form), None)
    if fitting.null_count() == len(fitting):
        nothing = pl.Series(text.name, [None], dtype=pl.Datetime("us")).new_from_index(0, len(text))
        return Written(nothing.dt.replace_time_zone("UTC"), nothing)
    # Logs without fractions repeat each second many times over.
    different = fitting.unique()
    if len(different) < REPEATED * len(fitting):
        read = _read(different, form).with_columns(text=different)
        read = fitting.to_frame("text").join(read, on="text", how="left", maintain_order="left")
    else:
        read = _read(fitting, form)
    doubtful = read.filter(pl.col("doubtful") & pl.col("local").is_not_null())["name"].unique().sort()
    return Written(read["instant"].alias(text.name), read["local"].alias(text.name), tuple(doubtful))


def _read(text: pl.Series, form: str) -> pl.DataFrame:
    """``instant`` or ``local``, the ``name`` of the zone, and whether that is ``doubtful``: it tells no offset."""
    parts = text.str.extract_groups(form).struct.unnest()
    parts = parts.with_columns(pl.lit(None, pl.String).alias(name) for name in OPTIONAL if name not in parts.columns)
    parts = parts.with_columns(pl.col("name").str.to_uppercase(), offset=pl.coalesce("offset", "after"))
    offsets = {offset: _offset_minutes(offset) for offset in parts["offset"].unique().drop_nulls()}
    written = parts.select(
        "name",
        "offset",
        local=_local(parts),
        minutes=pl.col("offset").replace_strict(offsets, default=None, return_dtype=pl.Int64),
        hours=pl.col("name").replace_strict(ZONE_HOURS, default=None, return_dtype=pl.Int64),
        doubtful=pl.col("name").is_in(DOUBTFUL_ZONES) & pl.col("offset").is_null(),
    )
    # GMT+2 and UTC+02:00 are offsets; CET+2 is nothing, nor is +2 alone.
    universal, alone = pl.col("name").is_in(["UTC", "GMT"]), pl.col("name").is_null()
    minutes = (
        pl.when(pl.col("offset").is_null())
        .then(pl.col("hours") * 60)
        .when(universal | (alone & (pl.col("offset").str.len_bytes() > 2)))
        .then("minutes")
    )
    naive = pl.col("offset").is_null() & (alone | pl.col("doubtful"))
    instant = (pl.col("local") - pl.duration(minutes=minutes)).dt.replace_time_zone("UTC")
    return written.select("name", "doubtful", instant=instant, local=pl.when(naive).then("local"))


def _local(parts: pl.DataFrame) -> pl.Series:
    """Date and clock as one time; null where they are none, or where the day is not the weekday it is said to be."""
    century = pl.when(pl.col("year").str.len_bytes() == 4).then(0).when(_number("year") < CENTURY_TURNS).then(2000)
    by_name = pl.col("month").str.to_lowercase().replace_strict(MONTH_NUMBERS, default=None, return_dtype=pl.Int32)
    weekday = pl.col("weekday").str.to_lowercase().replace_strict(WEEKDAY_NUMBERS, default=0, return_dtype=pl.Int8)
    # One step after the other: in one expression polars makes the same part several times.
    numbers = parts.select(
        year=_number("year") + century.otherwise(1900),
        month=pl.coalesce(_number("month"), by_name),
        day=_number("day"),
        micros=_clock(),
        weekday=pl.when(pl.col("weekday").is_not_null()).then(weekday),
        one_mark=pl.col("mark").is_null() | (pl.col("mark") == pl.col("again")),
    )
    sound = (pl.col("year") >= 1000) & pl.col("month").is_between(1, 12) & (pl.col("day") > 0) & pl.col("one_mark")
    first = pl.date(pl.when(sound).then("year"), pl.when(sound).then("month"), 1)
    days = numbers.with_columns(date=first + pl.duration(days=pl.col("day") - 1))
    same_month = pl.col("date").dt.month() == pl.col("month")
    as_said = pl.col("weekday").is_null() | (pl.col("weekday") == pl.col("date").dt.weekday())
    time = pl.col("date").cast(pl.Datetime("us")) + pl.duration(microseconds="micros")
    return days.select(pl.when(same_month & as_said).then(time)).to_series()


def _clock() -> pl.Expr:
    """Microseconds since midnight; null where the clock has no such time."""
    hour, half = _number("hour").fill_null(0), pl.col("half").str.to_lowercase()
    twelve = pl.when(hour.is_between(1, 12)).then(hour % 12 + pl.when(half == "p").then(12).otherwise(0))
    hour = pl.when(half.is_null()).then(hour).otherwise(twelve)
    minute, second = _number("minute").fill_null(0), _number("second").fill_null(0)
    # The digits after the sixth are less than a microsecond.
    micros = pl.col("fraction").str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    seconds = pl.when((hour < 24) & (minute < 60) & (second < 60)).then((hour * 60 + minute) * 60 + second)
    return seconds.cast(pl.Int64) * 1_000_000 + micros


def _number(group: str) -> pl.Expr:
    return pl.col(group).cast(pl.Int32, strict=False)


def _offset_minutes(offset: str) -> int | None:
    """+0530, +05:30, +05 or +5 in minutes."""
    digits = offset[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if minutes >= 60 or hours * 60 + minutes > LARGEST_OFFSET:
        return None
    return (hours * 60 + minutes) * (-1 if offset.startswith("-") else 1)
