"""Which openings are those of machines: what loads mails unseen, scanners, accounts that open all."""

import polars as pl

from integrhealth.analyses.report_overload.reading import with_delivery
from integrhealth.language.schema import TEXT
from integrhealth.language.statistics import TAIL, chance_of_more, holm
from integrhealth.language.thresholds import (
    AT_ONCE_REPORTS,
    EVERY_REPORT_LEAST,
    EVERY_REPORT_SHARE,
    FETCHED_SECONDS,
)

# What an opening is by its agent, the first that fits. A proxy loads a picture when the reader opens the mail, so that
# its openings are the reader's; what prefetches loads it before.
AGENTS = {
    # Gmail writes this for what it loads before the mail is shown, and GoogleImageProxy for what is opened.
    "prefetch": r"^Mozilla/5\.0$|Chrome/42\.0\.2311\.135 Safari/537\.36 Edge/12\.246 Mozilla/5\.0$",
    "proxy": r"(?i)GoogleImageProxy|YahooMailProxy",
    "bot": r"(?i)(?:^|[^a-z])(?:bot|crawler|spider|monitor|scanner)(?:[^a-z]|$)|[a-z]bot/|barracuda|mimecast|proofpoint"
    r"|headless|phantomjs|^(?:curl|wget|java|python|python-requests|python-urllib|go-http-client|apache-httpclient)/"
    # What draws the preview of a link that somebody pasted into a chat.
    r"|^(?:slackbot|telegrambot|facebookexternalhit|whatsapp)[ /-]|skypeuripreview|bingpreview"
    r"|office existence discovery",
}
PROXY = "proxy"
# What Metabase writes of a card that a dashboard opened: many at once, and by one hand.
BY_DASHBOARD = ["dashboard", "public-dashboard", "embedded-dashboard"]
# Every word of the column ``machine``, with what it says.
MACHINES = {
    "prefetch": "a mail program loaded it before anybody saw it, as its agent says (Apple Mail Privacy, Gmail)",
    "bot": "a scanner or a program, as its agent says",
    "at delivery": "opened within two seconds of delivery, and not known to have stayed open longer",
    "all at once": "at least five deliveries within two seconds of each other, none known to have stayed open longer",
    "every report": "a person who opens all reports that were not sent to her, day after day",
}


def openings(reads: pl.DataFrame, deliveries: pl.DataFrame, stock: pl.DataFrame) -> pl.DataFrame:
    """`reads` with ``machine``, one word of MACHINES, the first that holds, or null for an opening by a person.

    `stock` is the inventory. What took longer than two seconds was no fetching, whenever it began. A log whose times
    are whole minutes cannot tell two seconds from sixty: of its openings those two rules say nothing. Nor of what was
    not sent: a browser that opens its pages again, or a dashboard its cards, does so at once for a person.
    """
    by_agent = kind_of_agent(pl.col("agent"))
    sent = pl.col("delivered_at").is_not_null()
    brief = sent & (pl.col("seconds").fill_null(0) <= FETCHED_SECONDS) & _to_the_second()
    marked = with_delivery(deliveries, reads).with_row_index("place").with_columns(brief=brief)
    at_once = pl.col("place").is_in(_at_once(marked.filter("brief")).implode())
    at_delivery = ~_apart(pl.col("at") - pl.col("delivered_at"))
    everywhere = pl.col("person").is_in(opening_every_report(reads, deliveries, stock)["person"].implode())
    machine = pl.coalesce(
        pl.when(by_agent != PROXY).then(by_agent),
        pl.when(pl.col("brief") & at_delivery).then(pl.lit("at delivery")),
        pl.when(at_once).then(pl.lit("all at once")),
        pl.when(everywhere).then(pl.lit("every report")),
        pl.lit(None, TEXT),
    )
    return marked.with_columns(machine=machine).drop("place", "brief", "delivered_at")


def by_people(marked: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``openings`` that are those of people, without the column."""
    return marked.filter(pl.col("machine").is_null()).drop("machine")


def kind_of_agent(agent: pl.Expr) -> pl.Expr:
    """The first of AGENTS that an agent fits; null for a browser or a mail program, and for none."""
    return pl.coalesce(pl.when(agent.str.contains(pattern)).then(pl.lit(kind)) for kind, pattern in AGENTS.items())


def _to_the_second() -> pl.Expr:
    """Whether the log of an opening writes seconds."""
    return (pl.col("at") != pl.col("at").dt.truncate("1m")).any().over("log_file")


def _at_once(brief: pl.DataFrame) -> pl.Series:
    """The ``place`` of those that one person opened within two seconds of each other, at least five deliveries."""
    someone_else = pl.col("person") != pl.col("person").shift()
    bursts = brief.sort("person", "at").select(
        "place", "report", burst=(someone_else | _apart(pl.col("at").diff())).fill_null(True).cum_sum()
    )
    many = bursts.group_by("burst").agg(pl.col("report").n_unique()).filter(pl.col("report") >= AT_ONCE_REPORTS)
    return bursts.join(many, on="burst", how="semi")["place"]


def _apart(time: pl.Expr) -> pl.Expr:
    """Whether more time passed than a machine takes."""
    return time > pl.duration(seconds=FETCHED_SECONDS)


def opening_every_report(reads: pl.DataFrame, deliveries: pl.DataFrame, stock: pl.DataFrame) -> pl.DataFrame:
    """person of those who certainly open over 90% of all reports not sent to them, on the days on which they open any.

    Exact binomial over days and reports, Holm over the people. A person sent a report may well open it each day: only
    what was not sent tells, and only where that is at least 20 reports. Where half of all people do so it is a habit.
    Cards that a dashboard opened were not chosen one by one and do not count.
    """
    chosen = reads.filter(~pl.col("action").is_in(BY_DASHBOARD).fill_null(False))
    everything = pl.concat([frame.select("report") for frame in (reads, deliveries, stock)])["report"].n_unique()
    sent = deliveries.select("report", "person").unique()
    left = pl.lit(everything) - pl.col("sent").fill_null(0)
    opened = chosen.select("report", "person", day=pl.col("at").dt.date()).unique()
    unasked = opened.join(sent, on=["report", "person"], how="anti")
    tested = (
        opened.group_by("person")
        .agg(days=pl.col("day").n_unique())
        .join(unasked.group_by("person").agg(opened=pl.len()), on="person")
        .join(sent.group_by("person").agg(sent=pl.len()), on="person", how="left")
        .with_columns(left=left)
        .filter(pl.col("left") >= EVERY_REPORT_LEAST)
    )
    chance = chance_of_more(pl.col("opened"), pl.col("days") * pl.col("left"), pl.lit(EVERY_REPORT_SHARE))
    certain = tested.filter(holm(chance) <= TAIL).select("person")
    return certain if 2 * certain.height < reads["person"].n_unique() else certain.clear()
