"""What to do about a rejected record, by the reason for which it was rejected."""

import re

from integrhealth.language.schema import FRAMES

# A reason is a word, or several joined by "; ", each with the column or the detail behind a colon.
KIND = re.compile(r"(?:^|; )(no [A-Za-z][A-Za-z0-9 ]*|[a-z_0-9]+)")
# What stands in a file of a format and is none of it.
OF_ANOTHER_KIND = "keep records of another kind in a file of their own; if it should be one, export it again, whole"
COLUMNS = {column for frame in FRAMES.values() for column in frame.required}
REMEDIES = {
    "addenda_without_an_entry": "the file lacks the entry before it; send it whole",
    "bad_amount": "write an amount in digits, in cents",
    "bad_encoding": "declare csv: {encoding: ...} in mapping.yaml",
    "bad_end": "write an end that is a time, or none",
    "bad_flag": "write true or false, or name the word for nothing under null: in mapping.yaml",
    "bad_id": "write an id as text",
    "bad_isa": "an interchange begins with an ISA of 106 characters; send it as it was received",
    "bad_json": "write one whole JSON object per line",
    "bad_labels": 'write labels as name="value", with quotes and backslashes escaped',
    "bad_list": "write a list of texts, or one text with semicolons",
    "bad_number": "write a number, or name the word for nothing under null: in mapping.yaml",
    "bad_object": "map a value inside the object, as in delivery.id",
    "bad_quotes": "close the quotes, and double those inside a value",
    "bad_rule": "a series of meetings repeats daily or more seldom, and its rule can come true",
    "bad_text": "write text or a number, no object and no list",
    "bad_time": "declare time: {format: ..., zone: ...} or {unit: ms} in mapping.yaml",
    "bad_ts": "Slack writes ts as seconds and six digits",
    "bad_utf8": "write UTF-8, or declare csv: {encoding: ...} in mapping.yaml",
    "bad_value": "write a number; NaN where there is none",
    "conflicting_id": "give each attempt an attempt number or times of its own, and each message an id of its own",
    "damaged_gzip": "copy the file again",
    "damaged_parquet": "copy the file again",
    "damaged_zip": "copy the archive again",
    "encrypted": "unpack the archive with its password, and give what was in it",
    "entry_without_a_batch": "the file lacks the header of its batch; send it whole",
    "invalid_id": "write ids as hex or base64",
    "invalid_kind": "write one of the five kinds of span",
    "more_than_94_columns": "a NACHA record has 94 columns; send the file as it was received",
    "naive_time": "declare time: {zone: ...} in mapping.yaml, or leave out --strict",
    "native_histogram": "ask for histogram_count, histogram_sum or histogram_quantile of it",
    "no JSON": "write whole JSON",
    "no OTLP": "keep JSON without resourceSpans, resourceLogs or resourceMetrics in another file",
    "no XML": "write whole XML",
    "no_end_of_file": "the file breaks off; copy it again",
    "no_entry": "a line that begins no entry of this log and continues none; keep another log in a file of its own",
    "no_header": "write the names of the columns in the first line",
    "no_points": "a metric needs data points of a kind that OpenTelemetry knows",
    "no_sample": 'write a sample as name{label="value"} number',
    "no_start": "a span needs a start; the exporter left it out",
    "no_time": "a time may be left out of a CloudEvent, but not here: let the sender write it",
    "not_an_object": "write one whole JSON object per line",
    "packed_too_deep": "unpack the outer archive, and give what was in it",
    "query_failed": "ask again: the answer is an error, which it names",
    "repeated_label": "give each label of a sample once",
    "several_lists": "keep one list of records per document, or map columns that only one of them has",
    "start_out_of_range": "check the unit of the start: nanoseconds in OTLP, microseconds in Jaeger and Zipkin",
    "tableau_error": "ask again: the answer is an error, which it names",
    "template": "a template was not filled in; export the values themselves",
    "time_out_of_range": "check the unit of the time: nanoseconds in OTLP",
    "too_few_fields": "a line lacks fields: export the file again, whole",
    "too_long_to_expand": "give the series an end, or leave the event out",
    "too_many_contacts": "give the calendars of fewer people, or of a shorter time",
    "too_many_members": "unpack the archive, and give the folder",
    "truncated_gzip": "the file breaks off; copy it again",
    "truncated_zip": "the archive breaks off; copy it again",
    "undecided_day_or_month": "declare time: {format: ...} in mapping.yaml",
    "unfinished_event": "the calendar breaks off; export it again",
    "unknown_packing": "pack it again as an ordinary ZIP (deflate), or give what was in it",
    "unpacks_too_large": "unpack it yourself, and look at what is in it: logs do not pack that small",
    "wrong_type": "write each value in the type that the format asks for",
    "xml_doctype": "leave out the document type: entities can stand for gigabytes, or for files",
    "zipkin_v1_only_v2_is_read": "export the traces as Zipkin v2",
}


def remedies(reason: str) -> dict[str, str]:
    """The kinds of fault that `reason` names, each with what to do; those that say it themselves are left out."""
    kinds = dict.fromkeys(kind.strip() for kind in KIND.findall(reason))
    return {kind: remedy for kind in kinds if (remedy := REMEDIES.get(kind) or _missing(kind))}


def _missing(kind: str) -> str | None:
    """A required column without a value, ``no_target``, or a record that is none of its format, ``no_event_id``."""
    if kind.startswith("no "):
        return OF_ANOTHER_KIND
    if not kind.startswith("no_"):
        return None
    column = kind.removeprefix("no_")
    if column in COLUMNS:
        return f"every record needs {column}: map a column to it, or give it a {{value: ...}}"
    return OF_ANOTHER_KIND
