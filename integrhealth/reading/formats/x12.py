"""X12 interchanges: transaction sets that were sent, and the acknowledgements 997, 999 and TA1 that answer them.

A record is one transaction set, one acknowledgement of a set (AK2), of a group that names no sets (AK9), or of an
interchange (TA1); ``log_line`` is its ordinal. An acknowledgement goes the other way than what it acknowledges: the
message it tells of was sent by its receiver. Delimiters are those of each ISA, by position.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import whole
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

Segment = list[str]
ISA = re.compile(r"(?<![A-Za-z0-9])ISA(?=[^A-Za-z0-9\s])")
# Where the elements of an ISA end, and where its component separator and its terminator stand.
ISA_ENDS, TERMINATOR, ISA_LENGTH = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103), 105, 106
ACKNOWLEDGEMENTS = ("997", "999")
REJECTING = ("R", "M", "W", "X")
# Years of two digits from here on are of the last century.
PIVOT = 70
# What AK304, AK403, AK502 and AK905 say; IK3, IK4 and IK5 of a 999 use the same lists.
MEANINGS = {
    "AK3": {
        "1": "segment not known",
        "2": "segment not expected",
        "3": "mandatory segment missing",
        "4": "loop too often",
        "5": "segment too often",
        "6": "segment not in this transaction set",
        "7": "segment out of sequence",
        "8": "segment has data element errors",
    },
    "AK4": {
        "1": "mandatory element missing",
        "2": "conditional element missing",
        "3": "too many elements",
        "4": "element too short",
        "5": "element too long",
        "6": "invalid character",
        "7": "invalid code",
        "8": "invalid date",
        "9": "invalid time",
        "10": "elements exclude each other",
    },
    "AK5": {
        "1": "transaction set not supported",
        "2": "transaction set trailer missing",
        "3": "control numbers of the transaction set differ",
        "4": "number of segments differs",
        "5": "segments in error",
        "6": "transaction set identifier missing or invalid",
        "7": "control number of the transaction set missing or invalid",
    },
    "AK9": {
        "1": "group not supported",
        "2": "version of the group not supported",
        "3": "group trailer missing",
        "4": "control numbers of the group differ",
        "5": "number of transaction sets differs",
        "6": "control number of the group invalid",
    },
}


class _Envelope(NamedTuple):
    """What stands between a header and its trailer, which may be missing."""

    header: Segment
    inside: list[Segment]
    trailer: Segment | None


class _Level(NamedTuple):
    """One kind of envelope: the ids of header and trailer, and where the header has its control number."""

    header: str
    trailer: str
    control: int


INTERCHANGE, GROUP, SET = _Level("ISA", "IEA", 13), _Level("GS", "GE", 6), _Level("ST", "SE", 2)


def recognises(head: Head) -> bool:
    """An ISA whose first separators stand where they must."""
    return re.match(rb"\s*ISA([^A-Za-z0-9\s])..\1", head.start) is not None


def records(path: Path) -> Iterator[Found]:
    """What the interchanges of a file tell; damaged envelopes are refused, the good ones around them stay."""
    data, damage = whole(path)
    two_digits = False
    for interchange in _interchanges(data.decode("utf-8", "replace")):
        if isinstance(interchange, Refused):
            yield interchange
            continue
        two_digits |= any(segment[0] == "TA1" for segment in interchange.inside)
        yield from _enclosed(interchange, INTERCHANGE, _interchange(interchange))
    if damage is not None:
        yield Refused(None, damage, data[-ISA_LENGTH:])
    if two_digits:
        yield Note("years of two digits are read as 1970 to 2069")


def _interchanges(text: str) -> Iterator[_Envelope | Refused]:
    here = _past_blanks(text, 0)
    while here < len(text):
        begin = ISA.search(text, here)
        if begin is None or begin.start() > here:
            end = len(text) if begin is None else begin.start()
            yield Refused(None, "no_interchange", text[here:end])
            here = end
        elif (terminator := _terminator(text, here)) is None:
            following = ISA.search(text, here + 1)
            end = len(text) if following is None else following.start()
            yield Refused(None, "bad_isa", text[here:end])
            here = end
        else:
            envelope, here = _read(text, here, text[here + ISA_ENDS[0]], terminator)
            yield envelope
        here = _past_blanks(text, here)


def _past_blanks(text: str, here: int) -> int:
    while here < len(text) and text[here].isspace():
        here += 1
    return here


def _terminator(text: str, here: int) -> str | None:
    """The segment terminator of the ISA, None where its separators do not stand in their places."""
    isa = text[here : here + ISA_LENGTH]
    if len(isa) < ISA_LENGTH or {isa[end] for end in ISA_ENDS} != {isa[3]} or isa.count(isa[3]) != len(ISA_ENDS):
        return None
    return None if isa[TERMINATOR].isalnum() or isa[TERMINATOR] in isa[:TERMINATOR] else isa[TERMINATOR]


def _read(text: str, here: int, separator: str, terminator: str) -> tuple[_Envelope, int]:
    """The interchange that begins `here`, and where it ends: after its IEA, or where another one or nothing begins."""
    segments: list[Segment] = []
    while (end := text.find(terminator, here)) >= 0:
        segment = text[here:end].strip().split(separator)
        if segment[0] == "ISA" and segments:
            return _Envelope(segments[0], segments[1:], None), here
        here = end + 1
        if segment[0] == "IEA":
            return _Envelope(segments[0], segments[1:], segment), here
        if segment != [""]:
            segments.append(segment)
    return _Envelope(segments[0], segments[1:], None), len(text)


def _envelopes(segments: list[Segment], level: _Level) -> Iterator[_Envelope]:
    header, inside = None, []
    for segment in segments:
        if segment[0] == level.header:
            if header is not None:
                yield _Envelope(header, inside, None)
            header, inside = segment, []
        elif segment[0] == level.trailer and header is not None:
            yield _Envelope(header, inside, segment)
            header, inside = None, []
        else:
            inside.append(segment)
    if header is not None:
        yield _Envelope(header, inside, None)


def _enclosed(envelope: _Envelope, level: _Level, records: list[Found]) -> list[Found]:
    """What was `records` inside, unless header and trailer contradict each other; a missing trailer is one refusal."""
    raw = "*".join(envelope.header)
    if envelope.trailer is None:
        cut = f"no_{level.trailer.lower()}"
        # A file that ends in a set ends in its group and interchange too.
        broken = bool(records) and isinstance(records[-1], Refused) and records[-1].reason in ("no_se", "no_ge")
        return records if broken else [*records, Refused(None, cut, raw)]
    if _at(envelope.header, level.control).lstrip("0") != _at(envelope.trailer, 2).lstrip("0"):
        return [Refused(None, f"control_number_of_{level.trailer.lower()}_differs", raw)]
    return records


def _interchange(envelope: _Envelope) -> list[Found]:
    isa = envelope.header
    # The sender of the acknowledgement received what it acknowledges.
    answering = {"source": _at(isa, 8), "target": _at(isa, 6)}
    sending = {"source": _at(isa, 6), "target": _at(isa, 8)}
    records: list[Found] = []
    for segment in envelope.inside:
        if segment[0] == "TA1":
            records.append(Record(None, (("event", answering | _of_interchange(segment, isa, answering)),)))
    for group in _envelopes(envelope.inside, GROUP):
        inner: list[Found] = []
        for one in _envelopes(group.inside, SET):
            acknowledges = _at(one.header, 1) in ACKNOWLEDGEMENTS
            rows = _acknowledged(one, group.header, answering) if acknowledges else [_sent(one, group.header, sending)]
            # A set without its end tells nothing: what is missing may be what counts.
            inner += _enclosed(one, SET, rows if one.trailer is not None else [])
        records += _enclosed(group, GROUP, inner)
    return records


def _of_interchange(ta1: Segment, isa: Segment, sides: Fields) -> Fields:
    control, code = _at(ta1, 1), _at(ta1, 5)
    return {
        "message_id": _key(sides, "ISA", control),
        "object_type": "interchange",
        "object_id": control,
        "sent_at": _time(_at(ta1, 2), _at(ta1, 3)),
        "at": _time(_at(isa, 9), _at(isa, 10)),
        "event": _at(ta1, 4),
        "error_code": f"TA1-{code}" if code.strip("0") else None,
    }


def _sent(one: _Envelope, gs: Segment, sides: Fields) -> Found:
    kind, control = _at(one.header, 1), _at(one.header, 2)
    fields = {"operation": _at(gs, 1), "object_type": kind, "object_id": control}
    key = _key(sides, _at(gs, 1), _at(gs, 6), kind, control)
    return Record(None, (("event", sides | fields | {"message_id": key, "at": _group_time(gs), "event": "begun"}),))


def _acknowledged(one: _Envelope, gs: Segment, sides: Fields) -> list[Found]:
    """The sets that an acknowledgement names, or the group where it names none."""
    heads = {segment[0]: segment for segment in reversed(one.inside) if segment[0] in ("AK1", "AK9")}
    if "AK1" not in heads:
        return [Refused(None, "no_ak1", "*".join(one.header))]
    common = sides | {"operation": _at(heads["AK1"], 1), "at": _group_time(gs)}
    group = (_at(heads["AK1"], 1), _at(heads["AK1"], 2))
    whole_group = _of_group(heads.get("AK9", []))
    loops = _loops(one.inside)
    if not loops:
        if whole_group["event"] is None:
            return [Refused(None, "no_ak9", "*".join(heads["AK1"]))]
        fields = {"message_id": _key(sides, *group), "object_type": "group", "object_id": group[1]}
        return [Record(None, (("event", common | fields | whole_group),))]
    records: list[Found] = []
    for loop in loops:
        kind, control = _at(loop[0], 1), _at(loop[0], 2)
        outcome = _of_set(loop[1:])
        if outcome["event"] is None:
            records.append(Refused(None, "no_ak5", "*".join(loop[0])))
            continue
        # Where a group is rejected, so are its sets, whatever is said of each.
        if whole_group["event"] in REJECTING and outcome["event"] not in REJECTING:
            outcome = whole_group
        fields = {"message_id": _key(sides, *group, kind, control), "object_type": kind, "object_id": control}
        records.append(Record(None, (("event", common | fields | outcome),)))
    return [*records, *_unnamed(heads.get("AK9", []), len(loops))]


def _unnamed(ak9: Segment, count: int) -> list[Found]:
    included, received = _at(ak9, 2), _at(ak9, 3)
    notes: list[Found] = []
    if included.isdecimal() and int(included) > count:
        notes.append(
            Note("some acknowledgements name fewer transaction sets than the group had: only the named are told")
        )
    if included.isdecimal() and received.isdecimal() and int(received) < int(included):
        notes.append(Note("some acknowledgements report fewer transaction sets received than the group had"))
    return notes


def _loops(segments: list[Segment]) -> list[list[Segment]]:
    loops: list[list[Segment]] = []
    for segment in segments:
        if segment[0] == "AK2":
            loops.append([segment])
        elif loops and segment[0] != "AK9":
            loops[-1].append(segment)
    return loops


def _of_set(segments: list[Segment]) -> Fields:
    """The outcome of a set: the finest error code, and all of them as text. Copies of bad data are not taken over."""
    errors, event = [], None
    for segment in segments:
        name = segment[0].replace("IK", "AK")
        if name == "AK3":
            errors.append(("AK3", _at(segment, 4), f"{_at(segment, 1)} in segment {_at(segment, 2)}: "))
        elif name == "AK4":
            errors.append(("AK4", _at(segment, 3), f"element {_at(segment, 1)}: "))
        elif name == "AK5":
            event = _at(segment, 1) or None
            errors += [("AK5", code, "") for code in segment[2:]]
    return _outcome(event, errors)


def _of_group(ak9: Segment) -> Fields:
    return _outcome(_at(ak9, 1) or None, [("AK9", code, "") for code in ak9[5:]])


def _outcome(event: str | None, errors: list[tuple[str, str, str]]) -> Fields:
    faults = [(name, code, where) for name, code, where in errors if code]
    finest = max(faults, key=lambda error: ("AK5", "AK9", "AK3", "AK4").index(error[0]), default=None)
    texts = (where + MEANINGS[name].get(code, f"code {code}") for name, code, where in faults)
    return {
        "event": event,
        "error_code": f"{finest[0]}-{finest[1]}" if finest else None,
        "error_text": "; ".join(texts) or None,
    }


def _key(sides: Fields, *parts: str) -> str:
    return ":".join([f"{sides['source']}>{sides['target']}", *parts])


def _at(segment: Segment, place: int) -> str:
    return segment[place].strip() if place < len(segment) else ""


def _group_time(gs: Segment) -> str:
    return _time(_at(gs, 4), _at(gs, 5))


def _time(date: str, clock: str) -> str:
    """A date of 6 or 8 digits and a time of 4, 6 or 8 as ISO text; what is none stays as it is, to be refused."""
    if not (date.isdecimal() and clock.isdecimal() and len(date) in (6, 8) and len(clock) in (4, 6, 7, 8)):
        return f"{date} {clock}"
    if len(date) == 6:
        date = f"{19 if int(date[:2]) >= PIVOT else 20}{date}"
    fraction = f".{clock[6:]}" if clock[6:] else ""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:6] or '00'}{fraction}"


FORMAT = nested_format(
    "x12",
    "X12 interchanges: transaction sets and their acknowledgements 997, 999 and TA1",
    recognises=recognises,
    records=records,
)
