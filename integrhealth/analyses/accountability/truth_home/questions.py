"""Where the truth lives: one call on evidence per published table."""

from typing import TYPE_CHECKING

import polars as pl

from integrhealth.analyses.accountability.truth_home import conflicts as fought
from integrhealth.analyses.accountability.truth_home import elements as judged
from integrhealth.analyses.accountability.truth_home import exposures as shown
from integrhealth.analyses.accountability.truth_home import laundering as laundered
from integrhealth.analyses.accountability.truth_home import survival, sync_limits, upstream, writers
from integrhealth.analyses.accountability.truth_home import walk as walked
from integrhealth.language.questions import question

if TYPE_CHECKING:
    from integrhealth.evidence import Evidence


@question
def _exposures(evidence: "Evidence") -> pl.DataFrame:
    """Every value that a system showed, with whose it was and where it began."""
    linked = evidence.linked if evidence.field_changes.height else evidence.linked.clear()
    exposures = shown.exposures(evidence.field_changes, linked)
    return upstream.with_roots(upstream.with_senders(exposures, linked))


@question
def _homes(evidence: "Evidence") -> pl.DataFrame:
    return writers.homes(evidence.catalog.elements, _exposures(evidence))


@question
def _writes(evidence: "Evidence") -> pl.DataFrame:
    return writers.writes(_exposures(evidence), _homes(evidence))


@question
def _registered(evidence: "Evidence") -> pl.DataFrame:
    return laundered.registered(_homes(evidence), evidence.catalog.transforms)


@question
def elements(evidence: "Evidence") -> pl.DataFrame:
    """One row per data element of the catalog or of field changes, the most contested first.

    ``writers`` are the systems with a change that no message brought; values entered at an origin that is not the
    record make none, nor does a machine that writes what another system shows. ``authority`` = conflicts at whose end
    the record's value stands / all decided, null under five; its 95% interval (Wilson 1927) is over ``disputes``, since
    what opens at once for one entity at several copies is one. ``verdict``, the
    first that holds: two truths (somebody writes outside origin and record, both of these write, or the catalog names
    several writers), not declared (origin or record), no owner (a team or a mailbox is none), cannot tell, home.
    ``trace_share``: values that copies show now and that messages lead back to origin or record.

    >>> ih.accountability.elements(evidence).select("element", "verdict").sort("element").head(1).rows()
    [('article.price', 'not declared')]

    Columns: element, origin, record, owner (text); writers (list of text); authority (number, share); verdict (text);
    low, high (number, share); decided, record_won, disputes, open (count); owner_kind (text); declared_writers,
    outside_writers (list of text); main_writer (text); entities, writes, outside_writes, outside_entities, overwritten,
    unsure_writes (count); not_comparable (list of text); copies, traced (count); trace_share (number, share);
    median_hours (number, hours)
    """
    homes, exposures = _homes(evidence), _exposures(evidence)
    return judged.elements(
        homes,
        exposures,
        _writes(evidence),
        conflicts(evidence),
        survival.median_hours(disagreements(evidence)),
        unlike=fought.not_alike(exposures, homes),
        teams=evidence.catalog.teams["team"],
    )


@question
def conflicts(evidence: "Evidence") -> pl.DataFrame:
    """One row per conflict: a copy showed another value than the record for longer than the sync limit.

    Open ones come first, then the longest. A value that the record showed until at most the limit ago is no other: lag
    does not count. The limits of the integrations from record to copy add up; a day where none is declared (own).
    ``record_won``: in the end the copy took the record's value, and not the record the copy's, also shortly afterwards;
    null while open. ``opened_by``: record (it moved on) or copy (it wrote or got another value).

    >>> ih.accountability.conflicts(evidence).columns[:4]
    ['element', 'entity', 'record_system', 'copy_system']

    Columns: element, entity, record_system, copy_system (text); opened_at, closed_at (time); record_won (flag);
    opened_by, record_value, copy_value (text); hours, limit_hours (number, hours)
    """
    homes, exposures = _homes(evidence), _exposures(evidence)
    limits = sync_limits.sync_limits(exposures, homes, evidence.catalog.integrations)
    return fought.conflicts(exposures, homes, limits, until=evidence.field_changes["at"].max())


@question
def disagreements(evidence: "Evidence") -> pl.DataFrame:
    """One row per element and age at which a conflict ended: how many conflicts live longer.

    ``surviving`` is the share that is older than so many hours (Kaplan and Meier 1958), open conflicts counted while
    they are that old (``censored``), with Greenwood's interval on the scale log(-log) (Kalbfleisch and Prentice 1980);
    null under five conflicts. The first row of an element is the age 0, the last its oldest conflict.

    >>> ih.accountability.disagreements(evidence).columns
    ['element', 'hours', 'at_risk', 'ended', 'censored', 'surviving', 'low', 'high']

    Columns: element (text); hours (number, hours); at_risk, ended, censored (count); surviving, low, high (number,
    share)
    """
    return survival.disagreements(conflicts(evidence))


@question
def carried(evidence: "Evidence") -> pl.DataFrame:
    """One row per element and edge that brought values of it: how many of them had changed on the way.

    ``compared`` are those of which it is known what the sender showed; ``share`` = changed / compared, with its 95%
    interval (Wilson 1927). The verdict is registered (a transformation of the catalog maps or derives it), changed, as
    it was, not comparable (at least ten, and nearly all: the two write the same in different ways) or cannot tell.

    >>> table = ih.accountability.carried(evidence).filter(pl.col("element") == "article.price")
    >>> table.select("integration", "verdict").head(1).rows()
    [('price-changes', 'as it was')]

    Columns: element, integration, source, target (text); brought, compared, changed (count); share, low, high (number,
    share); registered (flag); verdict (text)
    """
    return laundered.carried(_exposures(evidence), _registered(evidence))


@question
def laundering(evidence: "Evidence") -> pl.DataFrame:
    """One row per value that changed on its way with no registered transformation, by time.

    ``changed`` on the way: what came was not what the source showed, or had ever shown, when it was sent. Inside the
    source: a machine there, in a system that is neither origin, record nor declared writer, changed what ``message_in``
    had brought, and it left by ``message_out``. ``integration`` is the one by which it came out changed. What a person
    writes makes a writer; where all values of an edge differ they are not comparable (``carried``).

    >>> ih.accountability.laundering(evidence).columns[:4]
    ['element', 'entity', 'integration', 'at']

    Columns: element, entity, integration (text); at (time); changed, source, target, value_before, value_after,
    message_in, message_out (text)
    """
    return laundered.laundering(_exposures(evidence), _homes(evidence), carried(evidence), _registered(evidence))


@question
def walk(evidence: "Evidence", *, element: str | None = None, entity: str | None = None) -> pl.DataFrame:
    """One row per change of one element of one entity in any system, by time: the walk of its value.

    The most contested one, or that of `element` and `entity`. ``what`` happened: entered, written, changed inside (by a
    machine), brought, overwritten (brought over what had been written there), changed on the way, again. ``began_in``
    and ``began_at``: where messages lead the value back to; null where one of them is not logged.

    >>> ih.accountability.walk(evidence, element="article.price").select("system", "what").head(2).rows()
    [('ERP', 'entered'), ('Webshop', 'brought')]

    Columns: element, entity (text); at (time); system, what, value_hash, source, integration, message_id, actor,
    began_in (text); began_at (time)
    """
    contested = walked.most_contested(_exposures(evidence), conflicts(evidence), _writes(evidence))
    rows = walked.chosen(evidence.field_changes, contested, element=element, entity=entity)
    return walked.walk(rows, evidence.linked)
