"""Evidence of a landscape that is not there: as today's, but for what is supposed."""

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.dependency_fragility import dependence
from integrhealth.analyses.dependency_fragility.structure import SUPPOSED
from integrhealth.analyses.dependency_fragility.suppositions import CHANGES, FALLBACK, QUEUE, REMOVED, SLOWER
from integrhealth.analyses.dependency_fragility.what_if.names import listed
from integrhealth.errors import WrongValue
from integrhealth.language.questions import only_evidence
from integrhealth.language.schema import is_business
from integrhealth.language.wording import joined

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence

ENDS = ("source", "target")
SAID = {
    REMOVED: "without {}",
    FALLBACK: "a tested fallback for {}",
    QUEUE: "a queue for {}",
    SLOWER: "repairs of {} twice as long",
}
NOTHING_SUPPOSED = (
    "Nothing is supposed: remove_system, add_fallback, add_queue and double_repair say what to try, by the names of "
    "systems and integrations."
)
NO_DIFFERENCE = (
    "It makes no difference: it is so already, no capability needs what is changed, or nothing says how long an outage "
    "takes and how long the business can wait (incident_events; tolerance in the catalog)."
)
# Names that a sentence lists.
MOST_SAID = 5
# A repair that takes twice as long.
TWICE = 2.0


def supposed(
    evidence: "Evidence",
    *,
    remove_system: str = "",
    add_fallback: str = "",
    add_queue: str = "",
    double_repair: str = "",
) -> "Evidence":
    """Evidence of a supposed landscape, of which every question of this report can be asked; `evidence` stays.

    Each change lists names, separated by semicolons or commas; empty: nothing changes. `remove_system`: systems that
    are down for good; what needs them falls, unless other ways or a tested fallback are there. The others name
    integrations, or systems for all integrations into them. `add_fallback`: something that was tested today stands in.
    `add_queue`: messages wait, without limit. `double_repair`: outages take twice as long, so that a system is up
    a / (2 - a) of the time instead of a: all its own errors are taken for outages, so that this is the most it can do.
    Traffic is that of today: nothing says where else it would go, or whether others can bear it.

    Raises WrongParameter, with the nearest names, for a name that the data do not know; WrongValue for what is no text.

    >>> without = ih.dependency_fragility.supposed(evidence, remove_system="WMS")
    >>> ih.dependency_fragility.capabilities(without).select("capability", "availability").rows()
    [('order to cash', 0.0)]
    """
    evidence = only_evidence("supposed", evidence)
    given = dict(zip(CHANGES, (remove_system, add_fallback, add_queue, double_repair), strict=True))
    for change, text in given.items():
        if not isinstance(text, str):
            raise WrongValue(f"{change} takes names in one text, separated by semicolons, not {type(text).__name__}")
    if not any(text.strip() for text in given.values()):
        return evidence
    return evidence.once(_supposed, **given)


def _supposed(evidence: "Evidence", **given: str) -> "Evidence":
    edges = _edges(evidence)
    systems = set(pl.concat([edges["source"], edges["target"]]))
    places = systems | set(edges["integration"])
    chosen = {
        change: listed(
            text,
            systems if change == REMOVED else places,
            parameter=change,
            kind="system" if change == REMOVED else "system or integration",
        )
        for change, text in given.items()
    }
    if not any(chosen.values()):
        return evidence
    into = {change: edges.filter(_led(chosen[change])) for change in (FALLBACK, QUEUE, SLOWER)}
    declared = _with_fallbacks(
        evidence.catalog.integrations, into[FALLBACK], tested_on=dependence.last_sent_at(evidence.messages)
    )
    catalog = replace(
        evidence.catalog,
        integrations=_with_queues(declared, into[QUEUE]),
        supposed=pl.concat([evidence.catalog.supposed, _record(chosen, into[SLOWER], systems, evidence)]),
    )
    return evidence.replace(catalog=catalog, messages=evidence.messages)


def said_of_changes(changes: pl.DataFrame, differing: pl.DataFrame) -> str:
    """The note of the table: what is supposed (`changes`, of the catalog) and, if so, that nothing is `differing`."""
    if changes.is_empty():
        return NOTHING_SUPPOSED
    names = changes.drop_nulls("name").group_by("change", maintain_order=True).agg("name")
    said = [SAID[change].format(joined(listing, MOST_SAID)) for change, listing in names.iter_rows()]
    whole = (
        f"Supposed, not measured: {'; '.join(said)}. Tables and charts show that landscape, findings are of today's."
    )
    return whole if differing.height else f"{whole} {NO_DIFFERENCE}"


def _led(names: list[str]) -> pl.Expr:
    return pl.col("integration").is_in(names) | pl.col("target").is_in(names)


def _edges(evidence: "Evidence") -> pl.DataFrame:
    """integration, source, target: of the messages, the busiest first, then those of the catalog and dependencies."""
    between = pl.col("source") != pl.col("target")
    sent = evidence.messages.filter(between, is_business()).group_by("integration", *ENDS).agg(pl.len())
    busiest = sent.sort("len", *ENDS, "integration", descending=[True, False, False, False]).drop("len")
    declared = evidence.catalog.integrations.select("integration", *ENDS).drop_nulls()
    graph = evidence.dependencies.filter(between).select(pl.lit(None, pl.String).alias("integration"), *ENDS).unique()
    unseen = graph.join(pl.concat([busiest, declared]), on=ENDS, how="anti").sort(*ENDS)
    whole = pl.concat([busiest, declared, unseen])
    return whole.with_columns(pl.coalesce("integration", _made_name())).unique(maintain_order=True)


def _made_name() -> pl.Expr:
    return pl.format("{} > {}", *ENDS)


def _with_fallbacks(declared: pl.DataFrame, into: pl.DataFrame, *, tested_on: object) -> pl.DataFrame:
    """The integrations of the catalog, those of `into` (integration, source, target) with a fallback tested today.

    An edge of an integration that the catalog does not have, or has at other ends, gets a row of its own.
    """
    if into.is_empty():
        return declared
    ends = into.unique("integration", keep="first", maintain_order=True)
    filled = declared.join(ends, on="integration", how="left", maintain_order="left", suffix="_seen").with_columns(
        pl.coalesce(end, f"{end}_seen") for end in ENDS
    )
    filled = filled.select(declared.columns)
    new = ends.join(declared, on="integration", how="anti", maintain_order="left")
    covered = pl.concat([filled.select(ENDS), new.select(ENDS)]).drop_nulls()
    bare = into.select(*ENDS).unique(maintain_order=True).join(covered, on=ENDS, how="anti", maintain_order="left")
    more = pl.concat([new, bare.select(integration=_made_name(), source="source", target="target")])
    taken = pl.col("integration").is_in(pl.concat([into["integration"], more["integration"]]).to_list())
    whole = pl.concat([filled, more.unique("integration", keep="first", maintain_order=True)], how="diagonal")
    day = pl.lit(tested_on).cast(pl.Date)
    return whole.with_columns(
        fallback=pl.when(taken).then(pl.lit(SUPPOSED)).otherwise("fallback"),
        fallback_tested_on=pl.when(taken).then(day).otherwise("fallback_tested_on"),
    )


def _with_queues(declared: pl.DataFrame, into: pl.DataFrame) -> pl.DataFrame:
    """The integrations of the catalog, those of `into` with a queue that holds all that comes."""
    names = into.select("integration").unique(maintain_order=True)
    # Without ends, as a row with them would count among what has no fallback on its edge.
    new = names.join(declared, on="integration", how="anti", maintain_order="left")
    queued = pl.col("integration").is_in(names["integration"].to_list())
    return pl.concat([declared, new], how="diagonal").with_columns(
        queue=pl.when(queued).then(True).otherwise("queue"),
        queue_limit=pl.when(~queued).then("queue_limit"),
    )


def _record(
    chosen: dict[str, list[str]], slower: pl.DataFrame, systems: set[str], evidence: "Evidence"
) -> pl.DataFrame:
    """What is supposed, for the catalog: a row per change and name, then one per system and integration slowed down."""
    rows = [
        {"change": change, "name": name, "system": name if name in systems else None}
        for change, names in chosen.items()
        for name in names
    ]
    factors = _factors(evidence.caused, chosen[SLOWER], systems)
    rows += [{"change": SLOWER, "system": system, "repair_factor": factor} for system, factor in factors.iter_rows()]
    rows += [
        {"change": SLOWER, "integration": name, "repair_factor": TWICE}
        for name in slower["integration"].unique(maintain_order=True)
    ]
    return pl.DataFrame(rows, schema=evidence.catalog.supposed.schema, orient="row")


def _factors(caused: pl.DataFrame, names: list[str], systems: set[str]) -> pl.DataFrame:
    """system, factor: how many times as long it is down, when outages of the integrations in `names` take twice.

    A system of that name is down twice as long; another one as much longer as its own errors came by them.
    """
    own = caused.filter("own_error", is_business()).select("integration", system="target")
    slow = pl.col("system").is_in(names) | pl.col("integration").is_in(names).fill_null(False)
    share = own.group_by("system").agg(factor=1 + slow.mean()).filter(pl.col("factor") > 1)
    without_errors = pl.DataFrame({"system": sorted(systems.intersection(names) - set(share["system"]))})
    rest = without_errors.select(pl.col("system").cast(pl.String), factor=pl.lit(TWICE))
    return pl.concat([share, rest]).sort("system")
