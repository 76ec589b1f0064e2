"""What to do about a rejected record, by the reason for which it was rejected."""

import re

# A reason is a word, or several joined by "; ", each with the column or the detail behind a colon.
KIND = re.compile(r"(?:^|; )(no JSON|no OTLP|[a-z_0-9]+)")
REMEDIES = {
    "bad_encoding": "declare csv: {encoding: ...} in mapping.yaml",
    "bad_flag": "write true or false, or name the word for nothing under null: in mapping.yaml",
    "bad_json": "write one whole JSON object per line",
    "bad_list": "write a list of texts, or one text with semicolons",
    "bad_number": "write a number, or name the word for nothing under null: in mapping.yaml",
    "bad_object": "map a value inside the object, as in delivery.id",
    "bad_quotes": "close the quotes, and double those inside a value",
    "bad_text": "write text or a number, no object and no list",
    "bad_labels": 'write labels as name="value", with quotes and backslashes escaped',
    "bad_time": "declare time: {format: ..., zone: ...} or {unit: ms} in mapping.yaml",
    "bad_utf8": "write UTF-8, or declare csv: {encoding: ...} in mapping.yaml",
    "bad_value": "write a number; NaN where there is none",
    "conflicting_id": "give each attempt an attempt number or times of its own, and each message an id of its own",
    "damaged_gzip": "copy the file again",
    "damaged_parquet": "copy the file again",
    "damaged_zip": "copy the archive again",
    "encrypted": "unpack the archive with its password, and give what was in it",
    "invalid_id": "write ids as hex or base64",
    "invalid_kind": "write one of the five kinds of span",
    "native_histogram": "ask for histogram_count, histogram_sum or histogram_quantile of it",
    "naive_time": "declare time: {zone: ...} in mapping.yaml, or leave out --strict",
    "no JSON": "write whole JSON",
    "no OTLP": "keep JSON without resourceSpans, resourceLogs or resourceMetrics in another file",
    "no_entry": "a line that begins no entry of this log and continues none; keep another log in a file of its own",
    "no_points": "a metric needs data points of a kind that OpenTelemetry knows",
    "no_sample": 'write a sample as name{label="value"} number',
    "no_start": "a span needs a start; the exporter left it out",
    "no_time": "a time may be left out of a CloudEvent, but not here: let the sender write it",
    "not_an_object": "write one whole JSON object per line",
    "packed_too_deep": "unpack the outer archive, and give what was in it",
    "query_failed": "ask again: the answer is an error, which it names",
    "repeated_label": "give each label of a sample once",
    "start_out_of_range": "check the unit of the start: nanoseconds in OTLP, microseconds in Jaeger and Zipkin",
    "too_many_members": "unpack the archive, and give the folder",
    "template": "a template was not filled in; export the values themselves",
    "truncated_gzip": "the file breaks off; copy it again",
    "truncated_zip": "the archive breaks off; copy it again",
    "undecided_day_or_month": "declare time: {format: ...} in mapping.yaml",
    "unknown_packing": "pack it again as an ordinary ZIP (deflate), or give what was in it",
    "unpacks_too_large": "unpack it yourself, and look at what is in it: logs do not pack that small",
    "time_out_of_range": "check the unit of the time: nanoseconds in OTLP",
    "wrong_type": "write each value in the type that the format asks for",
    "zipkin_v1_only_v2_is_read": "export the traces as Zipkin v2",
}


def remedies(reason: str) -> dict[str, str]:
    """The kinds of fault that REASON names, each with what to do; those that say it themselves are left out."""
    kinds = dict.fromkeys(KIND.findall(reason))
    return {kind: said for kind in kinds if (said := REMEDIES.get(kind) or _missing(kind))}


def _missing(kind: str) -> str | None:
    """A required column without a value: ``no_target``."""
    if not kind.startswith("no_"):
        return None
    return f"every record needs {kind.removeprefix('no_')}: map a column to it, or give it a {{value: ...}}"
