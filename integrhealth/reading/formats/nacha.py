"""NACHA files: what came back of payments (addenda 99 and 98), each told of the payment it is about.

A record is an entry with its addenda, on the line of the entry; entries that are no return and no notice of change
tell no outcome. Lines have 94 columns, whose trailing blanks editors take away; some files have no line ends at all.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from integrhealth.reading.account.parsed import Head
from integrhealth.reading.files.opened import whole
from integrhealth.reading.records.nested import Fields, Found, Note, Record, Refused, nested_format

WIDTH = 94
HEADER = re.compile(rb"[\r\n]*101[ \d]\d[ \d]{8}[ \w]{10}\d{6}[ \w]{4}[ \w]094101")
RETURNED, CHANGED = "99", "98"
# What banks say most; other codes speak for themselves.
MEANINGS = {
    "R01": "insufficient funds",
    "R02": "account closed",
    "R03": "no account, or the name does not fit",
    "R04": "account number invalid",
    "R05": "debit not authorized",
    "R06": "returned at the originator's request",
    "R07": "authorization revoked",
    "R08": "payment stopped",
    "R09": "uncollected funds",
    "R10": "customer says it was not authorized",
    "R16": "account frozen",
    "R20": "no transaction account",
    "R29": "company says it was not authorized",
    "C01": "account number changed",
    "C02": "routing number changed",
    "C03": "routing and account number changed",
    "C05": "transaction code changed",
    "C06": "account number and transaction code changed",
    "C07": "routing and account number and transaction code changed",
}


def recognises(head: Head) -> bool:
    """A file header with its fixed numbers in their places."""
    return HEADER.match(head.start) is not None


def records(path: Path) -> Iterator[Found]:
    """One record per entry, and what is none."""
    data, damage = whole(path)
    header, batch, entry, closed, silent = "", "", None, False, 0
    for number, line in _lines(data.decode("utf-8", "replace")):
        kind = line[0]
        if entry is not None and kind != "7":
            yield (record := _told(entry, header, batch))
            silent += isinstance(record, Record) and not record.rows
            entry = None
        if len(line) > WIDTH:
            yield Refused(number, "more_than_94_columns", line)
        elif kind == "1":
            header, closed = line.ljust(WIDTH), False
        elif kind == "5":
            batch = line.ljust(WIDTH)
        elif kind == "6":
            entry = (number, [line.ljust(WIDTH)])
        elif kind == "7" and entry is not None:
            entry[1].append(line.ljust(WIDTH))
        elif kind == "8":
            batch = ""
        elif kind == "9":
            closed = True
        else:
            yield Refused(number, "addenda_without_an_entry" if kind == "7" else "no_nacha_record", line)
    if entry is not None:
        yield Refused(entry[0], damage or "no_end_of_file", entry[1][0])
    elif damage or not closed:
        yield Refused(None, damage or "no_end_of_file", header)
    if silent:
        yield Note(f"entries that are neither returns nor notices of change tell no outcome, passed over: {silent:,}")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    if "\n" not in text.strip() and len(text.strip()) > WIDTH:
        text = "\n".join(text[here : here + WIDTH] for here in range(0, len(text), WIDTH))
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.rstrip()


def _told(entry: tuple[int, list[str]], header: str, batch: str) -> Found:
    number, (detail, *addenda) = entry
    back = next((each for each in addenda if each[1:3] in (RETURNED, CHANGED)), None)
    if back is None:
        return Record(number)
    code, trace, cents = back[3:6].strip(), back[6:21].strip(), detail[29:39]
    if not batch:
        return Refused(number, "entry_without_a_batch", detail)
    if not cents.isdecimal():
        return Refused(number, "bad_amount", detail)
    fields: Fields = {
        "message_id": trace,
        "source": batch[4:20].strip() or header[63:86].strip(),
        "target": back[27:35].strip(),
        "integration": batch[53:63].strip(),
        "operation": batch[50:53].strip(),
        "object_id": trace,
        "at": _time(header),
        "addenda": back[1:3],
        "error_code": code,
        "error_text": MEANINGS.get(code),
        "amount": f"{int(cents) // 100}.{int(cents) % 100:02}",
    }
    return Record(number, (("return", fields),))


def _time(header: str) -> str:
    """When the file was made: this century, and midnight where it has no time of day."""
    date, clock = header[23:29], header[29:33].strip() or "0000"
    return f"20{date[:2]}-{date[2:4]}-{date[4:]}T{clock[:2]}:{clock[2:]}"


FORMAT = nested_format(
    "nacha",
    "NACHA returns and notices of change (addenda 99 and 98) of ACH payments",
    recognises=recognises,
    records=records,
)
