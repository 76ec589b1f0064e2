"""XES (IEEE 1849), event logs of process mining: a trace is an incident, each of its events a step.

No event becomes a Python object: the file is checked by a parser that hands nothing out, then its tags are taken
apart as a column of text. ``log_line`` is the line an event begins on, or its ordinal where lines hold several.
"""

import re
from pathlib import Path

import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.files.lines import RAW_BYTES, refusals
from integrhealth.reading.mapping.framing import Table, framed
from integrhealth.reading.mapping.sources import names_in
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.nested import fills
from integrhealth.reading.xml.documents import RefusedXml, root_name
from integrhealth.reading.xml.tags import XmlTags, xml_tags

# Attributes of a trace stand in the columns of its events under this prefix.
OF_TRACE = "trace."
PLAIN_BEFORE, PLAIN_BETWEEN = r"^\S+\s+key=$", r"^\s+value=$"
ATTRIBUTE = r"""\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*')"""
ANY_ORDER = rf"""(?s)^\S+(?:{ATTRIBUTE})*?\s+NAME\s*=\s*(?:"([^"]*)"|'([^']*)')"""
REFERENCE = re.compile(r"&(#x[0-9a-fA-F]+|#[0-9]+|amp|lt|gt|quot|apos);")
NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
# Who acts for more than half of so many teams or more is a machine that routes: no person works for them all.
TEAMS_OF_A_MACHINE = 10


def recognises(head: Head) -> bool:
    """A log element with the marks of XES, or with traces whose attributes have keys."""
    start = head.start
    marked = re.search(rb"xes\.version|xes-standard|\.xesext|<[^\s<>/:]*:?trace[\s>]", start)
    return root_name(start) == "log" and marked is not None and b"key" in start


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The events of one file; of one that breaks off those before the fault, which is one record."""
    sources = preset_sources(FORMAT.name)
    tags = xml_tags(path)
    names = names_in(sources)
    tokens = _tokens(tags, [name.removeprefix(OF_TRACE) for name in names])
    events, notes = _without_machines(_events(tokens, names))
    refused = [_refusal(tags)] if tags.fault is not None else []

    def raw(later: pl.DataFrame) -> pl.DataFrame:
        numbers = later.join(events.select("log_line", "event_no"), on="log_line", how="left", maintain_order="left")
        return refusals(
            (line, reason, _shown(tokens, number))
            for line, reason, number in numbers.select("log_line", "reason", "event_no").rows()
        )

    table = Table(events.drop("event_no"), refusals(refused), names, raw, notes, again=None)
    return framed(table, sources, format=FORMAT.name, log_file=log_file, strict=strict)


def _refusal(tags: XmlTags) -> tuple[int, str, bytes]:
    fault, last = tags.fault or RefusedXml(0, ""), tags.tags["tag"].tail(1).to_list()
    return fault.line, fault.reason, "".join(f"<{tag}" for tag in last).encode()[:RAW_BYTES]


def _tokens(read: XmlTags, keys: list[str]) -> pl.DataFrame:
    """One row per opening tag that may tell of an event, its attributes with these `keys`: the tag, its line and depth
    (0 is the log), the ordinals of its event and trace, and whether it opens one or belongs to one. An event that the
    file does not close is left out.
    """
    tags = read.tags.with_row_index("tag_no")
    depth = pl.col("depth")

    def below(most: int, fits: pl.Expr) -> pl.Expr:
        return pl.when(depth <= most).then((depth == most) & fits).forward_fill()

    asked = (depth <= 2) | ((depth == 3) & pl.col("tag").str.contains_any(keys))
    opened = (
        tags.filter(~pl.col("closes") & asked)
        .with_columns(in_trace=below(1, _named("trace")), in_log=below(1, _named("event")))
        .with_columns(in_event=below(2, pl.col("in_trace") & _named("event")))
        .with_columns(
            opens_event=((depth == 2) & pl.col("in_event")) | ((depth == 1) & pl.col("in_log")),
            of_event=((depth == 3) & pl.col("in_event")) | ((depth == 2) & pl.col("in_log")),
            of_trace=(depth == 2) & pl.col("in_trace") & ~pl.col("in_event"),
        )
        .with_columns(
            event_no=pl.col("opens_event").cum_sum().cast(pl.Int64),
            trace_no=((depth == 1) & pl.col("in_trace")).cum_sum().cast(pl.Int64),
        )
    )
    return opened if read.fault is None else opened.filter(pl.col("tag_no") < _broken_from(tags, opened))


def _broken_from(tags: pl.DataFrame, opened: pl.DataFrame) -> int:
    """The tag from which on a damaged file is not whole: that of its last event, if nothing closes it."""
    last = opened.filter("opens_event").tail(1)
    if last.is_empty():
        return tags.height
    number, depth = last.select("tag_no", "depth").row(0)
    later = tags.filter(pl.col("tag_no") >= number)
    closed = (later["closes"] | later["empty"]) & (later["depth"] <= depth)
    return tags.height if closed.any() else number


def _named(name: str) -> pl.Expr:
    return pl.col("tag").str.contains(rf"^(?:[^\s:/>=]+:)?{name}(?:[\s/>]|$)")


def _events(opened: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """One row per event: its attributes and those of its trace that are asked for, and where it stands."""
    events = opened.filter("opens_event").select("event_no", "line", trace=pl.when("in_trace").then("trace_no"))
    attributes = _attributes(opened.filter(pl.col("of_event") | pl.col("of_trace")))
    for name in names:
        of_trace = name.startswith(OF_TRACE)
        mine = attributes.filter((pl.col("key") == name.removeprefix(OF_TRACE)) & (pl.col("of_trace") == of_trace))
        on, number = ("trace", "trace_no") if of_trace else ("event_no", "event_no")
        values = mine.select(pl.col(number).alias(on), pl.col("value").alias(name)).unique(on, keep="first")
        events = events.join(values, on=on, how="left", maintain_order="left")
    apart = events["line"].n_unique() == events.height
    return events.with_columns(log_line=pl.col("line" if apart else "event_no")).drop("line", "trace")


def _attributes(tags: pl.DataFrame) -> pl.DataFrame:
    """The key and the value of each attribute."""
    parts = tags["tag"].str.splitn('"', 5).struct.unnest()
    attributes = tags.select("event_no", "trace_no", "of_trace", key=parts["field_1"], value=parts["field_3"])
    odd = ~(parts["field_0"].str.contains(PLAIN_BEFORE) & parts["field_2"].str.contains(PLAIN_BETWEEN).fill_null(False))
    if odd.any():
        places = odd.arg_true()
        for name in ("key", "value"):
            quoted = tags["tag"].gather(places).str.extract_groups(ANY_ORDER.replace("NAME", name)).struct.unnest()
            attributes = attributes.with_columns(
                attributes[name].scatter(places, quoted.select(pl.coalesce("1", "2")).to_series())
            )
    return attributes.with_columns(_plain(attributes["key"]), _plain(attributes["value"]))


def _plain(values: pl.Series) -> pl.Series:
    """Attribute values as a parser would give them: white space is blank, references are characters."""
    odd = values.str.contains(r"[&\t\r\n]").fill_null(False)
    if not odd.any():
        return values
    written = values.filter(odd).unique().to_list()
    meant = [REFERENCE.sub(_character, re.sub(r"\r\n|[\t\r\n]", " ", value)) for value in written]
    return values.replace(written, meant)


def _character(reference: re.Match[str]) -> str:
    name = reference[1]
    if name.startswith("#"):
        return chr(int(name[2:], 16) if name.startswith("#x") else int(name[1:]))
    return NAMED[name]


def _without_machines(events: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The events, those of machines without a person, and a sentence on each of these."""
    teams = events["org:group"].drop_nulls().n_unique()
    if teams < TEAMS_OF_A_MACHINE:
        return events, ()
    acted = events.group_by("org:resource").agg(teams=pl.col("org:group").drop_nulls().n_unique(), events=pl.len())
    machines = acted.filter(pl.col("org:resource").is_not_null() & (pl.col("teams") > teams / 2)).sort("org:resource")
    notes = tuple(
        f"{name!r} acts for {own} of {teams} teams and is taken for a machine: {count:,} events have no person"
        for name, own, count in machines.rows()
    )
    is_machine = pl.col("org:resource").is_in(machines["org:resource"].to_list())
    return events.with_columns(pl.when(~is_machine).then("org:resource").alias("org:resource")), notes


def _shown(opened: pl.DataFrame, event: int) -> bytes:
    """An event as its opening tags."""
    tags = opened.filter((pl.col("event_no") == event) & (pl.col("opens_event") | pl.col("of_event")))["tag"]
    return "".join(f"<{tag.rstrip()}" for tag in tags.head(100))[:RAW_BYTES].encode()


FORMAT = Format(
    name="xes",
    description="XES event logs (IEEE 1849): one step per event, one incident per trace",
    recognises=recognises,
    read=read,
    fills=lambda: fills(preset_sources("xes")),
)
