"""What an HTTP status says of a request, from the side of the one who was called."""

# A client that went away, by nginx and by Azure.
GONE = (499,)
LATE = (408, 504)


def http_outcome(code: object) -> str | None:
    """The canonical status of an HTTP status in digits; None for anything else."""
    # Some exports have all their numbers as fractions.
    text = str(code).strip().removesuffix(".0") if isinstance(code, str | int) else ""
    number = int(text) if text.isascii() and text.isdigit() and len(text) == len("200") else 0
    if number < 100:
        return None
    if number in LATE:
        return "timeout"
    if number in GONE:
        return "cancelled"
    if number < 400:
        return "ok"
    return "rejected" if number < 500 else "failed"
