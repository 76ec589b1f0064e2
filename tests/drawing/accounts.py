"""What a reading accounts for, as rows to compare."""

from datetime import UTC, datetime


def account(evidence):
    return evidence.sources.select("format", "rows_in", "rows_out", "rows_rejected", "duplicates").rows()


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
