"""Access logs of AWS load balancers: application (ALB), classic (ELB) and TLS listeners of network ones (NLB).

A record is a line, and one message from ``client`` to whom it was meant for: the target group, else the domain where a
target took it, else the load balancer, which answered by itself. An ALB logs when a request ended and when it came, an
NLB when a connection ended and how long it lasted, a classic one when a request came and how long it took in three
parts; -1 is a part that never was. A connection of TCP or TLS has no HTTP status: it is ok if it came to a target, and
to a TLS session. The address of the client is the ``actor``; the query of a URL is not read.
"""

import re
from pathlib import Path

import polars as pl

from integrhealth.reading.account.parsed import Format, Head, Parsed
from integrhealth.reading.files.lines import refusals
from integrhealth.reading.files.text_lines import TEXTS, text_lines
from integrhealth.reading.mapping.yaml_entries import preset_sources
from integrhealth.reading.records.nested import fills
from integrhealth.reading.records.plain_entries import Entries, mapped, mostly

INSTANT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z?"
LASTED = r"-?\d+(?:\.\d+)?"
WORD, QUOTED = r'[^ "]+', r'"[^"]*"'
CODE, BYTES = r"(?:-|\d{1,3})", r"(?:-|-?\d+)"
COMMON = (
    rf"{INSTANT} {WORD} {WORD}:\d+ (?:-|{WORD}:\d+) {LASTED} {LASTED} {LASTED} {CODE} {CODE} {BYTES} {BYTES} {QUOTED}"
)
CLASSIC = rf"^{COMMON}(?: {QUOTED} {WORD} {WORD})?$"
APPLICATION = (
    rf"^(?:https?|h2|grpcs?|wss?) {COMMON} {QUOTED} {WORD} {WORD} {WORD} {QUOTED} {QUOTED} {QUOTED} {WORD} {INSTANT}"
    rf" {QUOTED} {QUOTED} {QUOTED}(?: .*)?$"
)
NETWORK = rf"^tls [12]\.\d {INSTANT} \S+ \S+ \S+:\d+ (?:-|\S+:\d+) (?:-|\d+) (?:-|\d+) (?:-|\d+) (?:-|\d+) .+$"
FORMS = {"application": APPLICATION, "classic": CLASSIC, "network": NETWORK}
ANY = re.compile("|".join(FORMS.values()))
# Between quotes stand the odd parts of a line, before, between and after them the even ones.
REQUEST, GROUP, TRACE, DOMAIN, CREATED, REASON = 1, 4, 5, 7, 10, 15
NONE = ["-", ""]
# Method and path of a request, without the host and the query.
ASKED = r"^(?P<method>[A-Za-z]+) (?:[a-z]+://[^/?# ]*)?(?P<path>[^?# ]*)"


def recognises(head: Head) -> bool:
    """Most lines are entries of a load balancer."""
    return mostly(head, ANY.match)


def read(path: Path, log_file: str, *, strict: bool = False) -> list[Parsed]:
    """The requests of one file."""
    frames, broken = [pl.DataFrame(schema=TEXTS)], []
    for block, refused in text_lines(path):
        frames.append(block)
        broken += refused
    form = pl.coalesce(pl.when(pl.col("text").str.contains(each)).then(pl.lit(name)) for name, each in FORMS.items())
    lines = pl.concat(frames).with_columns(form=form)
    strange = lines.filter(pl.col("form").is_null()).select("line", "text").rows()
    bad = [(line, "no_entry", text.encode()) for line, text in strange]
    rows = lines.filter(pl.col("form").is_not_null())
    fields = pl.concat([_requests(rows), _connections(rows)], how="diagonal").sort("line").drop("line")
    entries = Entries(rows.select("line", "text"), refusals([*broken, *bad]), 0)
    return [mapped(entries, fields, preset=FORMAT.name, log_file=log_file, strict=strict, notes=[])]


def _requests(rows: pl.DataFrame) -> pl.DataFrame:
    """Lines of application and classic load balancers as fields."""
    mine = rows.filter(pl.col("form") != "network").with_columns(quoted=pl.col("text").str.split('"'))

    def part(place: int) -> pl.Expr:
        return pl.col("quoted").list.get(place, null_on_oob=True)

    def word(of: int, place: int) -> pl.Expr:
        return part(of).str.split(" ").list.get(place, null_on_oob=True)

    mine = mine.with_columns(before=part(0).str.split(" "))
    before = pl.col("before")
    # An application load balancer begins with the protocol.
    first = pl.when(pl.col("form") == "application").then(1).otherwise(0)
    names = ("time", "balancer", "client", "address", "asking", "serving", "answering", "code", "answer", "in", "out")
    said = mine.select(
        "line",
        "form",
        "text",
        *(before.list.get(first + place).alias(name) for place, name in enumerate(names)),
        request=part(REQUEST),
        group=_target_group(word(GROUP, 3)),
        trace=part(TRACE).str.extract(r"(?:^|;)Root=([^;]+)"),
        domain=_there(part(DOMAIN)),
        created=word(CREATED, 2),
        reason=_there(part(REASON)),
    )
    taken = pl.col("address") != "-"
    # Of a connection of TCP there is no request to be logged.
    plain = pl.col("request").str.starts_with("- - -") & (pl.col("code") == "-")
    asked = pl.col("request").str.extract_groups(ASKED).struct
    return said.select(
        "line",
        "form",
        "text",
        "time",
        "created",
        "trace",
        "asking",
        "serving",
        "answering",
        target=pl.coalesce("group", pl.when(taken).then("domain"), _balancer()),
        operation=pl.concat_str(asked.field("method"), asked.field("path").replace("", "/"), separator=" "),
        status=pl.when(plain).then(pl.when(taken).then(pl.lit("ok")).otherwise(pl.lit("failed"))).otherwise("code"),
        code=pl.when(pl.col("code") >= "400").then("code"),
        reason=pl.coalesce(
            "reason",
            pl.when((pl.col("code") >= "500") & pl.col("answer").is_in(["-", "0"])).then(
                pl.lit("no answer from a target")
            ),
        ),
        bytes="out",
        actor=_address(),
    )


def _connections(rows: pl.DataFrame) -> pl.DataFrame:
    """Lines of network load balancers as fields."""
    mine = rows.filter(pl.col("form") == "network").with_columns(words=pl.col("text").str.split(" "))
    names = ("time", "balancer", "listener", "client", "address", "lasted", "handshake", "in", "bytes", "alert")
    said = mine.select(
        "line",
        "form",
        "text",
        *(pl.col("words").list.get(place, null_on_oob=True).alias(name) for place, name in enumerate(names, 2)),
        domain=_there(pl.col("words").list.get(17, null_on_oob=True)),
    )
    # Alert 0 closes a connection in good order.
    alerted = ~pl.col("alert").is_in(["-", "0"])
    failed = alerted | (pl.col("handshake") == "-") | (pl.col("address") == "-")
    return said.select(
        "line",
        "form",
        "text",
        "time",
        "lasted",
        "bytes",
        target=pl.coalesce(pl.when(pl.col("address") != "-").then("domain"), _balancer()),
        status=pl.when(failed).then(pl.lit("failed")).otherwise(pl.lit("ok")),
        code=pl.when(alerted).then(pl.format("TLS alert {}", "alert")),
        reason=pl.when(pl.col("handshake") == "-").then(pl.lit("no TLS handshake")),
        actor=_address(),
    )


def _address() -> pl.Expr:
    """The address of the client without its port."""
    return pl.col("client").str.replace(r":\d+$", "")


def _balancer() -> pl.Expr:
    """The name of the load balancer: of app/my-load-balancer/50dc6c495c0c9188 the middle."""
    return pl.coalesce(pl.col("balancer").str.extract(r"^\w+/([^/]+)/"), "balancer")


def _there(text: pl.Expr) -> pl.Expr:
    return pl.when(~text.is_in(NONE)).then(text)


def _target_group(arn: pl.Expr) -> pl.Expr:
    return arn.str.extract(r":targetgroup/([^/]+)")


FORMAT = Format(
    name="aws_elb",
    description="Access logs of AWS load balancers: ALB, classic ELB, TLS of NLB",
    recognises=recognises,
    read=read,
    fills=lambda: fills(preset_sources("aws_elb")),
)
