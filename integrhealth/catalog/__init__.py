"""The integration catalog: what no log can say. Everything in it is optional; what is missing is itself measured."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import Any

import polars as pl

from integrhealth.catalog.values import (
    Reader,
    Wrong,
    choice,
    count,
    day,
    duration,
    flag,
    number,
    owner,
    parts,
    text,
    word,
    words,
    zone,
)
from integrhealth.catalog.yaml_file import checked_keys, kind, nearest, yaml_file
from integrhealth.errors import FaultyFile
from integrhealth.language.levels import LEVELS
from integrhealth.language.practices import PRACTICES
from integrhealth.language.rejections import BUSINESS, TECHNICAL
from integrhealth.language.schema import COUNT, FLAG, NUMBER, TEXT, WORDS

FILE = "catalog.json"
REJECTIONS = (BUSINESS, TECHNICAL)
FALLBACKS = ("none", "queue", "cache", "manual")
BETTER = ("lower", "higher")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TRANSFORM_KINDS = ("copy", "map", "derive", "drop")
ANSWERS = ("yes", "partial", "no", "unknown")
# First-line support takes every incident, the second and the third those that the line before hands up.
LINES = (1, 2, 3)

# One row per entry; durations in milliseconds, rates per hour, dates as dates, money in the catalog's currency.
CATALOG: dict[str, dict[str, Any]] = {
    "teams": {"team": TEXT, "people": COUNT, "line": COUNT},
    "systems": {"system": TEXT, "team": TEXT, "owner": TEXT, "backup": TEXT, "aliases": WORDS},
    "integrations": {
        "integration": TEXT,
        "source": TEXT,
        "target": TEXT,
        "level": TEXT,
        "problem": TEXT,
        "beneficiary": TEXT,
        "interviewed_on": pl.Date,
        "decision": TEXT,
        "owner": TEXT,
        "backup": TEXT,
        "owner_since": pl.Date,
        "go_live": pl.Date,
        "queue": FLAG,
        "queue_limit": NUMBER,
        "idempotent": FLAG,
        "rejections": TEXT,
        "sync_limit_ms": NUMBER,
        "slo_success": NUMBER,
        "slo_p95_ms": NUMBER,
        "schedule_ms": NUMBER,
        "fallback": TEXT,
        "fallback_tested_on": pl.Date,
        "manual_rate_per_hour": NUMBER,
        "tolerance_ms": NUMBER,
        "value_per_object": NUMBER,
        "delay_cost_per_hour": NUMBER,
        "error_cost": NUMBER,
        "success_metric": TEXT,
        "success_baseline": NUMBER,
        "success_target": NUMBER,
        "success_due": pl.Date,
        "success_declared_on": pl.Date,
        "success_better": TEXT,
        "fields_required": WORDS,
        "fields_sent": WORDS,
    },
    "capabilities": {"capability": TEXT, "entry": TEXT, "goal": TEXT, "value_per_hour": NUMBER},
    "elements": {
        "element": TEXT,
        "origin": TEXT,
        "record": TEXT,
        "owner": TEXT,
        "writers": WORDS,
        "amended": FLAG,
        "correction_codes": WORDS,
    },
    "transforms": {"integration": TEXT, "field": TEXT, "kind": TEXT, "from": WORDS},
    "reports": {"report": TEXT, "decisions": WORDS, "statutory": FLAG, "owner": TEXT},
    "checkpoints": {"checkpoint": TEXT, "integration": TEXT, "kind": TEXT},
    "rituals": {"ritual": TEXT, "weekday": TEXT, "teams": WORDS},
    "audit": {"question": COUNT, "answer": TEXT, "by": TEXT, "on": pl.Date},
    "practices": {"practice": TEXT, "kind": TEXT, "teams": WORDS, "on": pl.Date, "by": TEXT},
    # No file says it: what is supposed of a landscape that is not there.
    "supposed": {"change": TEXT, "name": TEXT, "system": TEXT, "integration": TEXT, "repair_factor": NUMBER},
}

# What each key may hold and which columns it fills; the first key names the entry.
HEADER: dict[str, Reader] = {"company": text("company"), "currency": text("currency"), "timezone": zone}
SECTIONS: dict[str, dict[str, Reader]] = {
    "teams": {"name": text("team"), "people": count("people"), "line": choice("line", LINES)},
    "systems": {
        "name": text("system"),
        "team": text("team"),
        "owner": owner,
        "aliases": words("aliases"),
    },
    "integrations": {
        "name": text("integration"),
        "source": text("source"),
        "target": text("target"),
        "level": word("level", LEVELS),
        "problem": text("problem"),
        "beneficiary": parts(
            {"who": text("beneficiary"), "interviewed_on": day("interviewed_on")}, text("beneficiary")
        ),
        "decision": text("decision"),
        "owner": partial(owner, since="owner_since"),
        "go_live": day("go_live"),
        "queue": flag("queue"),
        "queue_limit": number("queue_limit"),
        "idempotent": flag("idempotent"),
        "rejections": word("rejections", REJECTIONS),
        "sync_limit": duration("sync_limit_ms"),
        "slo": parts({"success": number("slo_success", 0, 1), "p95": duration("slo_p95_ms")}),
        "schedule": duration("schedule_ms"),
        "fallback": parts(
            {
                "kind": word("fallback", FALLBACKS),
                "tested_on": day("fallback_tested_on"),
                "rate_per_hour": number("manual_rate_per_hour"),
            },
            word("fallback", FALLBACKS),
        ),
        "tolerance": duration("tolerance_ms"),
        "value_per_object": number("value_per_object"),
        "delay_cost_per_hour": number("delay_cost_per_hour"),
        "error_cost": number("error_cost"),
        "success_metric": parts(
            {
                "name": text("success_metric"),
                "baseline": number("success_baseline", -math.inf),
                "target": number("success_target", -math.inf),
                "due": day("success_due"),
                "declared_on": day("success_declared_on"),
                "better": word("success_better", BETTER),
            }
        ),
        "fields": parts({"required": words("fields_required"), "sent": words("fields_sent")}),
    },
    "capabilities": {
        "name": text("capability"),
        "entry": text("entry"),
        "goal": text("goal"),
        "value_per_hour": number("value_per_hour"),
    },
    "elements": {
        "element": text("element"),
        "origin": text("origin"),
        "record": text("record"),
        "owner": partial(owner, backup=None),
        "writers": words("writers"),
        "amended": flag("amended"),
        "correction_codes": words("correction_codes"),
    },
    "transforms": {
        "integration": text("integration"),
        "field": text("field"),
        "kind": word("kind", TRANSFORM_KINDS),
        "from": words("from"),
    },
    "reports": {
        "name": text("report"),
        "report": text("report"),
        "decisions": words("decisions"),
        "statutory": flag("statutory"),
        "owner": partial(owner, backup=None),
    },
    "checkpoints": {"name": text("checkpoint"), "integration": text("integration"), "kind": text("kind")},
    "rituals": {"name": text("ritual"), "weekday": word("weekday", WEEKDAYS), "teams": words("teams")},
    "audit": {
        "question": count("question"),
        "answer": word("answer", ANSWERS),
        "by": text("by"),
        "on": day("on"),
    },
    "practices": {
        "name": text("practice"),
        "kind": word("kind", tuple(PRACTICES)),
        "teams": words("teams"),
        "on": day("on"),
        "by": text("by"),
    },
}
# What an entry must say besides its name, which stands first.
ALSO_REQUIRED = {"capabilities": ("entry", "goal"), "transforms": ("field",), "practices": ("kind",)}
# Sections in which the same name may stand several times.
REPEATING = ("transforms", "audit", "practices")


@cache
def _no_entries(section: str) -> pl.DataFrame:
    return pl.DataFrame(schema=CATALOG[section])


def _empty(section: str) -> Any:
    return field(default_factory=lambda: _no_entries(section).clone())


@dataclass(frozen=True)
class Catalog:
    """The catalog as frames, one per section, all of them there: a company without a catalog has empty ones."""

    company: str | None = None
    currency: str | None = None
    timezone: str = "UTC"
    teams: pl.DataFrame = _empty("teams")
    systems: pl.DataFrame = _empty("systems")
    integrations: pl.DataFrame = _empty("integrations")
    capabilities: pl.DataFrame = _empty("capabilities")
    elements: pl.DataFrame = _empty("elements")
    transforms: pl.DataFrame = _empty("transforms")
    reports: pl.DataFrame = _empty("reports")
    checkpoints: pl.DataFrame = _empty("checkpoints")
    rituals: pl.DataFrame = _empty("rituals")
    audit: pl.DataFrame = _empty("audit")
    practices: pl.DataFrame = _empty("practices")
    supposed: pl.DataFrame = _empty("supposed")


def load_catalog(path: Path) -> Catalog:
    """The catalog in a YAML file; every key is optional.

    Raises FaultyFile for YAML that cannot be read, an unknown or repeated key, a wrong type, a name given twice, and
    a name that is used but not defined: a team of a system, an integration of a transform or checkpoint. Systems
    and teams elsewhere may be ones that the catalog does not list, unless the name looks like a slip of one it does.
    """
    document = yaml_file(Path(path))
    checked_keys(path, "", document, [*HEADER, *SECTIONS])
    header: dict[str, Any] = {}
    for key, reader in HEADER.items():
        if document.get(key) is not None:
            header |= _value(path, key, reader, document[key])
    sections = {name: _section(path, name, document.get(name)) for name in SECTIONS}
    catalog = Catalog(**header, **sections)
    _check_names(path, catalog)
    return catalog


def _section(path: Path, section: str, entries: Any) -> pl.DataFrame:
    columns, keys = CATALOG[section], SECTIONS[section]
    if entries is not None and not isinstance(entries, list):
        raise FaultyFile(path, section, f"expected a list, found {kind(entries)}", "start each entry with '- '")
    rows, seen = [], {}
    for index, entry in enumerate(entries or []):
        where = f"{section}[{index}]"
        if not isinstance(entry, dict):
            raise FaultyFile(path, where, f"expected a mapping, found {kind(entry)}", "write keys and values")
        checked_keys(path, where, entry, keys)
        row: dict[str, Any] = {}
        for key, value in entry.items():
            if value is not None:
                row |= _value(path, f"{where}.{key}", keys[key], value)
        for column, key in _required(section):
            if column not in row:
                raise FaultyFile(path, where, f"missing key {key!r}", f"add {key}: ...")
        name = row[next(iter(columns))]
        if name in seen and section not in REPEATING:
            raise FaultyFile(path, where, f"duplicate name {name!r}, also in {seen[name]}", "keep one of the two")
        seen[name] = where
        rows.append(row)
    return pl.DataFrame(rows, schema=columns, orient="row") if rows else pl.DataFrame(schema=columns)


def _required(section: str) -> list[tuple[str, str]]:
    """The columns that an entry must fill, each with the key that does."""
    name = (next(iter(CATALOG[section])), next(iter(SECTIONS[section])))
    return [name, *((key, key) for key in ALSO_REQUIRED.get(section, ()))]


def _value(path: Path, where: str, reader: Reader, value: Any) -> dict[str, Any]:
    try:
        return reader(value)
    except Wrong as wrong:
        raise FaultyFile(path, where + wrong.below, wrong.reason, wrong.remedy) from None


def _check_names(path: Path, catalog: Catalog) -> None:
    teams, integrations = set(catalog.teams["team"]), set(catalog.integrations["integration"])
    systems = set(catalog.systems["system"])
    known_as = systems | {alias for aliases in catalog.systems["aliases"].drop_nulls() for alias in aliases}
    defined = partial(_check_defined, path)
    defined("systems", "team", catalog.systems["team"], teams)
    for section in ("transforms", "checkpoints"):
        defined(section, "integration", getattr(catalog, section)["integration"], integrations)
    slip = partial(_check_slips, path)
    for key in ("source", "target"):
        slip("integrations", key, catalog.integrations[key], known_as)
    for key in ("entry", "goal"):
        slip("capabilities", key, catalog.capabilities[key], known_as)
    for key in ("origin", "record"):
        slip("elements", key, catalog.elements[key], known_as)
    slip("elements", "writers", catalog.elements["writers"], known_as)
    for section in ("rituals", "practices"):
        slip(section, "teams", getattr(catalog, section)["teams"], teams)


def _check_defined(path: Path, section: str, key: str, used: pl.Series, defined: set[str]) -> None:
    for index, name in enumerate(used):
        if defined and name is not None and name not in defined:
            where = f"{section}[{index}].{key}"
            raise FaultyFile(path, where, f"{name!r} is not defined in this catalog", nearest(name, defined))


def _check_slips(path: Path, section: str, key: str, used: pl.Series, defined: set[str]) -> None:
    """Raise for a name that is not defined and all but equals one that is; other names are systems we do not own."""
    for index, names in enumerate(used):
        for name in [names] if isinstance(names, str) else names if names is not None else []:
            if name not in defined and (close := _slip_of(name, defined)):
                where = f"{section}[{index}].{key}"
                raise FaultyFile(path, where, f"{name!r} is not defined in this catalog", f"did you mean {close!r}?")


def _slip_of(name: str, defined: Iterable[str]) -> str | None:
    folded = {each.casefold(): each for each in sorted(defined)}
    if name.casefold() in folded:
        return folded[name.casefold()]
    # Short names differ by a letter and mean it (WMS, TMS), and numbered ones by a digit (shop-1, shop-2).
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.85) if len(name) > 3 else []
    return folded[close[0]] if close and _letters(close[0]) != _letters(name.casefold()) else None


def _letters(name: str) -> str:
    return re.sub(r"[0-9]+", "", name)


def catalog_aliases(catalog: Catalog) -> pl.DataFrame:
    """One row per name that the logs use for a system of the catalog: alias, system."""
    aliases = catalog.systems.select("system", alias="aliases").drop_nulls()
    return aliases.explode("alias", empty_as_null=False).select("alias", "system").sort("alias", "system")


def write_catalog(catalog: Catalog, folder: Path) -> None:
    """The whole catalog as one JSON file in `folder`; ``read_catalog`` takes it back."""
    header = {key: getattr(catalog, key) for key in HEADER}
    sections = {name: getattr(catalog, name).cast({pl.Date: TEXT}).to_dicts() for name in CATALOG}
    (folder / FILE).write_text(json.dumps(header | sections, ensure_ascii=False), encoding="utf-8")


def read_catalog(folder: Path) -> Catalog:
    """The catalog that ``write_catalog`` put into `folder`."""
    document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    sections = {name: _section_of(rows, CATALOG[name]) for name, rows in document.items() if name in CATALOG}
    return Catalog(**{key: document[key] for key in HEADER}, **sections)


def _section_of(rows: list[dict[str, Any]], columns: dict[str, Any]) -> pl.DataFrame:
    written = {column: TEXT if dtype == pl.Date else dtype for column, dtype in columns.items()}
    dates = [pl.col(column).str.to_date("%Y-%m-%d") for column, dtype in columns.items() if dtype == pl.Date]
    return pl.DataFrame(rows, schema=written, orient="row").with_columns(dates)
