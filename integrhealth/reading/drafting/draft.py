"""The draft for one file: what it looks like, the entry of mapping.yaml that would read it, or what it lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from integrhealth.language.schema import FRAMES
from integrhealth.reading.drafting.contents import Content, contents_of
from integrhealth.reading.drafting.entry import HEAD, Entry, whole_glob, written
from integrhealth.reading.drafting.looks import looks_like
from integrhealth.reading.drafting.messages import columns_in, drafted_messages, system_after
from integrhealth.reading.drafting.others import (
    drafted_contacts,
    drafted_documents,
    drafted_logs,
    drafted_metrics,
    drafted_readers,
    drafted_reports,
    drafted_tickets,
)
from integrhealth.reading.drafting.sample import Sample, sample_of
from integrhealth.reading.drafting.statuses import status_column
from integrhealth.reading.drafting.text_lines import drafted_lines

# Those that ask for most come first: what fits them is nothing else. A message is told by a status, a log line by a
# text, a metric by what is left.
DRAFTED = (
    drafted_readers,
    drafted_tickets,
    drafted_contacts,
    drafted_documents,
    drafted_messages,
    drafted_logs,
    drafted_metrics,
    drafted_reports,
)
UNUSED = 30


@dataclass(frozen=True)
class Draft:
    """What a file looks like, the entries that would read it, and what to do where there are none."""

    looks: str
    entries: tuple[Entry, ...] = ()
    missing: str = ""

    def yaml(self, glob: str) -> str:
        """The entries as they stand in a mapping.yaml, without its first line; empty where there are none."""
        return written(self.entries, glob) if self.entries else ""


def draft_of(path: Path) -> Draft:
    """The draft for the file at `path`. A mapping that would fill no more than it must is none: it says what lacks."""
    looks = looks_like(path)
    system, where = system_after(path.name.split(".")[0], path.absolute().parent.name)
    if looks.is_text:
        entries = drafted_lines(path, system, where=where)
        return Draft(looks.said, tuple(entries), "" if entries else looks.next)
    if not looks.is_table or (sample := sample_of(path)) is None:
        return Draft(looks.said, (), looks.next)
    contents = contents_of(sample.columns)
    for drafted in DRAFTED:
        entries = drafted(contents, system, where=where)
        if entries and all(_says_enough(entry) for entry in entries):
            return Draft(looks.said, tuple(_finished(entries, sample, contents)))
    return Draft(looks.said, (), _lacking(contents))


def suggested_mapping(path: Path) -> str:
    """A whole mapping.yaml for the file at `path`, ready to paste; empty where nothing can be drafted."""
    entries = draft_of(path).yaml(whole_glob(path.name))
    return "\n".join([*HEAD, entries]) if entries else ""


def _says_enough(entry: Entry) -> bool:
    """Whether the entry fills more than it must, or all that it must from the file."""
    required, own = set(FRAMES[entry.frame].required), entry.from_the_file
    if entry.frame == "metrics":
        return {"time", "value"} <= own
    return bool(entry.columns.keys() - required) or required <= own


def _finished(entries: Sequence[Entry], sample: Sample, contents: list[Content]) -> Sequence[Entry]:
    """The entries with what they have to say of the file, and what of it they leave out."""
    used = {name for entry in entries for origin in entry.columns.values() for name in columns_in(origin)}
    comma = any(each.is_comma_number for each in contents if each.name in used)
    for entry in entries:
        if csv := sample.csv | ({"decimal": ","} if comma else {}):
            entry.keys["csv"] = csv
        if sample.null:
            entry.keys["null"] = list(sample.null)
    unused = [name for name in sample.columns if name not in used]
    if unused:
        listed = ", ".join(name[:60] for name in unused[:UNUSED])
        entries[-1].asked.append(f"not used: {listed}")
    return entries


def _lacking(contents: list[Content]) -> str:
    """What a table lacks to be of any frame."""
    if not any(each.is_time for each in contents):
        return "no column is a time: export it with one"
    if status_column(contents) is None:
        return (
            "it has times, but no column whose words say how a message ended, no text and no value: "
            "export it with one, or write an entry by hand"
        )
    return "too little in it is filled: write an entry by hand"
