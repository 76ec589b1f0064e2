"""What the attributes (tags) of a span say: which names fill which column, and what outcome they mark.

The names are those of the OpenTelemetry semantic conventions, old and new, of OpenTracing and of Zipkin. A span
attribute named ``integrhealth.<column>``, ``business.<column>`` or just ``<column>`` fills that column of the message.
"""

import numpy as np
import polars as pl

from integrhealth.language.schema import FRAMES, NUMBER, STATUSES, TEXT
from integrhealth.reading.spans.peers import PEERS, peer

# Columns that a span attribute of the same name fills. What a span says of itself (ids, systems, times) is not here.
OWN = (
    "integration",
    "object_type",
    "object_id",
    "attempt",
    "actor",
    "actor_type",
    "payload_hash",
    "bytes",
    "amount",
    "currency",
    "seq",
    "checkpoint",
    "fallback",
    "load_test",
    "error_code",
    "error_text",
)
PREFIXES = ("integrhealth.", "business.", "")
CONVENTIONS = {
    "object_id": ("messaging.message.conversation_id", "messaging.message.id", "messaging.message_id"),
    "actor": ("enduser.id", "user.id"),
    "bytes": ("messaging.message.body.size", "http.request.body.size", "http.request_content_length"),
    "attempt": ("messaging.servicebus.message.delivery_count", "messaging.gcp_pubsub.message.delivery_attempt"),
    "error_code": ("error.type", "exception.type"),
    "error_text": ("otel.status_description", "exception.message", "error.message"),
}
HTTP = ("http.response.status_code", "http.status_code")
GRPC = ("rpc.grpc.status_code", "rpc.response.status_code", "grpc.status_code")
# How many attempts came before; the last is that of gRPC.
RESENT = ("http.request.resend_count", "http.resend_count", "previous-rpc-attempts")
STATUS = "integrhealth.status"
# Attributes that name the outcome as text, in traces converted from OpenTelemetry
OTEL_STATUS = ("otel.status_code",)

SENDERS, RECEIVERS = ("client", "producer"), ("server", "consumer")
# gRPC: https://grpc.github.io/grpc/core/md_doc_statuscodes.html; those that are the server's fault follow the
# OpenTelemetry conventions for RPC spans.
GRPC_NAMES = {
    "CANCELLED": "1",
    "UNKNOWN": "2",
    "INVALID_ARGUMENT": "3",
    "DEADLINE_EXCEEDED": "4",
    "NOT_FOUND": "5",
    "ALREADY_EXISTS": "6",
    "PERMISSION_DENIED": "7",
    "RESOURCE_EXHAUSTED": "8",
    "FAILED_PRECONDITION": "9",
    "ABORTED": "10",
    "OUT_OF_RANGE": "11",
    "UNIMPLEMENTED": "12",
    "INTERNAL": "13",
    "UNAVAILABLE": "14",
    "DATA_LOSS": "15",
    "UNAUTHENTICATED": "16",
    "OK": "0",
}
GRPC_SERVER_FAULTS = (2, 4, 12, 13, 14, 15)
GRPC_NOT_FOUND, GRPC_DEADLINE = 5, 4
HTTP_NOT_FOUND, HTTP_TIMEOUTS = 404, (408, 504)
TIMEOUT_WORDS = r"(?i)time.?out|timed.?out|deadline.?exceeded"

COLUMNS = FRAMES["messages"].columns
NAMES = {column: tuple(prefix + column for prefix in PREFIXES) + CONVENTIONS.get(column, ()) for column in OWN}
KNOWN = frozenset(sum(NAMES.values(), ())) | {*PEERS, *HTTP, *GRPC, *RESENT, *OTEL_STATUS, STATUS}


def first_of(names: tuple[str, ...], present: list[str]) -> pl.Expr:
    """The first of the attributes `names` that is there and not empty."""
    columns = [pl.col(name) for name in names if name in present]
    return pl.coalesce(pl.when(text != "").then(text) for text in columns) if columns else pl.lit(None, TEXT)


def described(spans: pl.DataFrame, *, error: pl.Expr, other_side: pl.Expr | None = None) -> pl.DataFrame:
    """`spans` (columns span_kind, error_text and one per attribute, all text) with what the attributes say as columns.

    ``error`` is true where the span's own status says error, false where it says ok, null where it says nothing.
    ``other_side`` is what the format itself calls the other side. Status stays null where nothing marks it.
    Columns that end in ``_lost`` hold attribute values that are not numbers (or flags) although the column wants one.
    """
    present = spans.columns
    kind = pl.col("span_kind")
    texts = spans.with_columns(
        peer=peer(present, sends=kind.is_in(SENDERS), receives=kind.is_in(RECEIVERS), other_side=other_side),
        http=first_of(HTTP, present).str.to_integer(strict=False),
        grpc=first_of(GRPC, present).replace(GRPC_NAMES).str.to_integer(strict=False),
        error_code=first_of(NAMES["error_code"], present),
        error_text=pl.coalesce("error_text", first_of(NAMES["error_text"], present)),
        resent=first_of(RESENT, present).str.to_integer(strict=False),
        said=first_of((STATUS,), present).str.to_lowercase(),
        **{f"{column}_text": first_of(NAMES[column], present) for column in OWN if not column.startswith("error_")},
    )
    return (
        texts.with_columns(status=_outcome(error))
        .with_columns(error_code=pl.coalesce("error_code", _code()))
        .with_columns(_typed(column) for column in OWN if not column.startswith("error_"))
        .with_columns(
            pl.coalesce("attempt", pl.col("resent") + 1),
            lost=pl.sum_horizontal(
                pl.col(f"{column}_text").is_not_null() & pl.col(column).is_null()
                for column in OWN
                if not column.startswith("error_")
            ),
        )
    )


def _outcome(error: pl.Expr) -> pl.Expr:
    """The canonical status: what the span says of itself, else its HTTP or gRPC code, else null.

    OpenTelemetry's conventions: 500 and above is a failure, 400 and above one for the caller only. A lookup that
    found nothing (404, NOT_FOUND) is none unless the span itself says so.
    """
    calls = pl.col("span_kind").is_in(SENDERS)
    http, grpc = pl.col("http"), pl.col("grpc")
    http_bad = (http >= 500) | (calls & (http >= 400) & (http != HTTP_NOT_FOUND))
    grpc_bad = grpc.is_in(GRPC_SERVER_FAULTS) | (calls & (grpc > 0) & (grpc != GRPC_NOT_FOUND))
    marked = http_bad.fill_null(False) | grpc_bad.fill_null(False)
    failed = error.fill_null(marked)
    late = (
        http.is_in(HTTP_TIMEOUTS) | (grpc == GRPC_DEADLINE) | pl.col("error_code").str.contains(TIMEOUT_WORDS)
    ).fill_null(False)
    silent = error.is_null() & http.is_null() & grpc.is_null()
    return (
        pl.when(pl.col("said").is_in(STATUSES))
        .then("said")
        .when(failed & late)
        .then(pl.lit("timeout"))
        .when(failed)
        .then(pl.lit("failed"))
        .when(~silent)
        .then(pl.lit("ok"))
    )


def _code() -> pl.Expr:
    """The HTTP or gRPC code where it says that something went wrong."""
    http, grpc = pl.col("http"), pl.col("grpc")
    return (
        pl.when(http >= 400)
        .then(pl.format("{}", http))
        .when(grpc > 0)
        .then(grpc.cast(TEXT).replace({number: name for name, number in GRPC_NAMES.items()}))
    )


def _typed(column: str) -> pl.Expr:
    text, dtype = pl.col(f"{column}_text"), COLUMNS[column]
    if dtype == TEXT:
        return text.alias(column)
    if dtype == NUMBER:
        number = text.cast(NUMBER, strict=False)
        return pl.when(number.is_finite()).then(number).alias(column)
    if dtype == pl.Boolean:
        low = text.str.to_lowercase()
        flag = pl.when(low.is_in(["true", "1", "yes"])).then(True).when(low.is_in(["false", "0", "no"])).then(False)
        return flag.alias(column)
    return text.str.to_integer(strict=False).alias(column)


# The latest time a span can have: the last one that fits 64 bits in nanoseconds, in the year 2262.
LATEST_US = (2**63 - 1) // 1000


def moment(number_us: pl.Expr) -> pl.Expr:
    """Microseconds since 1970 as a time; null outside 1970 to 2262."""
    return (
        pl.when(number_us.is_between(0, LATEST_US)).then(number_us).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    )


def hex_id(text: pl.Expr) -> pl.Expr:
    """An id as Jaeger and Zipkin write it: hex in lower case, leading zeros restored, 64 bits as 16 digits.

    Shorter than 9 digits is hand-made (a random id has so many leading zeros once in four billion) and stays.
    """
    low = text.str.to_lowercase()
    padded = pl.when(low.str.len_bytes() <= 16).then(low.str.zfill(16)).otherwise(low.str.zfill(32))
    short = padded.str.strip_prefix("0" * 16)
    return pl.when(text.str.contains(r"^[0-9a-fA-F]{9,32}$")).then(short).otherwise(text)


def id_by_length(text: pl.Expr, width: int) -> pl.Expr:
    """An id of `width` bytes, in base64 or hex, as lower-case hex.

    The length decides, since every hex text is also good base64: 16 bytes are 22 to 24 characters of base64.
    """
    digits = -(-width * 8 // 6)
    base64 = text.str.contains(rf"^[A-Za-z0-9+/_-]{{{digits}}}={{0,2}}$")
    return pl.when(base64).then(from_base64(text)).otherwise(text.str.to_lowercase())


def from_base64(text: pl.Expr) -> pl.Expr:
    """Base64 in either alphabet, padded or not, as hex in lower case; null if it is none."""
    plain = text.str.replace_all("-", "+", literal=True).str.replace_all("_", "/", literal=True)
    bare = plain.str.strip_chars_end("=")
    padded = bare + pl.lit("=").repeat_by((-bare.str.len_bytes().cast(pl.Int64)) % 4).list.join("")
    return padded.str.decode("base64", strict=False).bin.encode("hex")


def listed(attributes: pl.Series, value: pl.Expr, *, known: frozenset[str] = KNOWN) -> pl.DataFrame:
    """Lists of {key, ...} as one text column per known key that occurs, aligned with the lists.

    ``value`` says how the fields beside the key make a text. Of a repeated key the first counts.
    """
    items, row = elements(attributes)
    values = items.with_columns(row).filter(pl.col("key").is_in(known)).select("key", "row", text=value)
    values = values.filter(pl.col("text").is_not_null())
    keys = values["key"].unique().sort()
    columns = [_aligned(values.filter(pl.col("key") == key), len(attributes)).alias(key) for key in keys]
    return pl.DataFrame(columns or None, height=len(attributes))


def elements(lists: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    """The structs in the lists, one per row, and beside them the row of the list each came from."""
    lengths = lists.list.len().fill_null(0).to_numpy()
    items = lists.explode(empty_as_null=False, keep_nulls=False).struct.unnest()
    return items, pl.Series("row", np.repeat(np.arange(len(lengths)), lengths), dtype=pl.Int64)


def placed(values: pl.DataFrame, height: int) -> pl.DataFrame:
    """`values` (at most one line per ``row``) spread over `height` rows, nulls where a row has nothing."""
    rows = pl.DataFrame({"row": pl.int_range(height, dtype=pl.Int64, eager=True)})
    return rows.join(values, on="row", how="left", maintain_order="left").drop("row")


def _aligned(values: pl.DataFrame, height: int) -> pl.Series:
    """The text of each row, by row number; null where a row has none."""
    place = np.full(height, -1)
    place[values["row"].to_numpy()[::-1]] = np.arange(values.height)[::-1]
    index = pl.Series(place)
    return values["text"].gather(pl.select(pl.when(index >= 0).then(index)).to_series())
