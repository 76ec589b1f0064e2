"""Lines of logs: which of them report an error, and which errors are of one kind."""

import polars as pl

from integrhealth.language.masking import cut

# The words and short forms that loggers, syslog and databases use for an error and for what is worse.
ERROR_LEVELS = (
    *("error", "err", "fail", "severe", "critical", "crit", "fatal", "alert", "emergency", "emerg", "panic", "dpanic"),
)
# Letters of a text that are looked at, and of a kind that are shown.
LOOKED_AT, LONGEST_KIND = 400, 120
# What differs between two errors of one kind, and what stands in its place; each in Rust's syntax, which has no
# backtracking, and for ASCII, which is five times as fast. Quotes and slashes count where a word may begin: an
# apostrophe begins none, nor does "and/or".
BEGINNING = r"(^|[ \t(=:,;\[{<>|])"
EDGE = r"(?-u:\b)"
SHAPES = (
    # A whole text in quotes is no value in it.
    (r'^"([^"]*)"$', "${1}"),
    (r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s\"'<>)\]]+", "${1}…"),
    (r'"[^"]*"', '"…"'),
    (BEGINNING + r"'[^']*'", "${1}'…'"),
    (BEGINNING + r"`[^`]*`", "${1}`…`"),
    (BEGINNING + r"(?:[A-Za-z]:)?(?:[/\\][A-Za-z0-9_.@~%+$-]+)+[/\\]?", "${1}/…"),
    # Identifiers: hexadecimal with a digit, or letters between digits; then numbers wherever they stand.
    (EDGE + r"(?:0[xX])?[0-9a-fA-F][0-9a-fA-F-]*[0-9][0-9a-fA-F-]*" + EDGE, "#"),
    (EDGE + r"(?-u:\w)*[0-9][A-Za-z_]+[0-9](?-u:\w)*" + EDGE, "#"),
    (r"[0-9]+", "#"),
    (r"#(?:[ .,:;/+-]*#)+", "#"),
)


def is_error(level: pl.Expr) -> pl.Expr:
    """The line reports an error or what is worse, in any case; a line without a level does not."""
    return level.str.strip_chars().str.to_lowercase().is_in(ERROR_LEVELS).fill_null(False)


def kinds(texts: pl.Series) -> pl.Series:
    """The kind of error that each text tells: its first line, with what differs from case to case cut to a shape.

    Values in quotes, addresses, paths, ids and numbers give way to ``…`` and ``#``; blanks count once. An empty text
    has no kind. Each different beginning of a text is looked at once.
    """
    begun = texts.str.strip_chars().str.splitn("\n", 2).struct.field("field_0").str.head(LOOKED_AT)
    # Most texts differ in their numbers alone: with those out of the way few are left to look at.
    begun = begun.str.replace_all(r"[0-9]+", "0")
    different = begun.drop_nulls().unique()
    shaped = different
    for pattern, shape in SHAPES:
        shaped = shaped.str.replace_all(pattern, shape)
    shaped = shaped.str.replace_all(r"\s+", " ").str.strip_chars()
    shortened = pl.DataFrame({"begun": different, "kind": shaped}).select("begun", cut(pl.col("kind"), LONGEST_KIND))
    kind = pl.DataFrame({"begun": begun}).join(shortened, on="begun", how="left", maintain_order="left")["kind"]
    return kind.replace("", None).alias(texts.name)


def errors(logs: pl.DataFrame) -> pl.DataFrame:
    """One row per log line that reports an error: system, text (its kind), level in capitals, time, trace_id.

    A line without text is known by its site.
    """
    lines = logs.filter(is_error(pl.col("level")))
    kind = pl.coalesce(pl.col("text").map_batches(kinds, return_dtype=pl.String, is_elementwise=True), "site")
    level = pl.col("level").str.strip_chars().str.to_uppercase()
    return lines.select("system", kind.alias("text"), level, "time", "trace_id")
