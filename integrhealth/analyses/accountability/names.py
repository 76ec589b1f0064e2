"""Whom the name of an owner means: a person, a team, a mailbox or a program, and who of the logs that is.

Logs hold pseudonyms where they had addresses of people, and the catalog is shown as written: the address of an owner is
hashed with the same key and compared, and never the other way round.
"""

import polars as pl

from integrhealth.language.masking import EMAIL, pseudonym, pseudonym_key
from integrhealth.language.schema import TEXT

PERSON, TEAM, MAILBOX, PROGRAM = "person", "team", "mailbox", "program"
ADDRESS, PLAIN = "address", "name"
# Mailboxes of services and functions (RFC 2142), and words that stand for a group in its name (own).
GROUP_WORDS = (
    "abuse accounting accounts admin admins all board billing contact department dept desk division everyone group "
    "groups help helpdesk hostmaster info list mail mailbox marketing noc office ops operations postmaster sales "
    "security service servicedesk services shared staff support team teams webmaster"
).split()
# What stands before a colon in the names of owners (OpenLineage advises such, DataHub has them): user:ann, team:data.
PREFIX = r"(?i)^\s*(?:urn:li:)?(user|corpuser|person|team|group|corpgroup|application|app|service|system):\s*"
OF_PREFIX = {"team": TEAM, "group": TEAM, "corpgroup": TEAM} | dict.fromkeys(
    ("application", "app", "service", "system"), PROGRAM
)
HIDDEN = r"^person-[0-9a-f]{10}$"


def owner_kind(name: pl.Expr, teams: pl.Series) -> pl.Expr:
    """Whether each `name` is that of a person, a team, a mailbox or a program; null for no name.

    A team is what is called like one of the `teams`, or by nothing but words for groups ("service desk"); a mailbox is
    an address whose part before the @ is. A prefix such as ``team:`` or ``application:`` says what follows. Everybody
    else is a person.
    """
    before = name.str.extract(PREFIX).str.to_lowercase()
    bare = _bare(name)
    address = bare.str.contains("@", literal=True)
    own = team_key(pl.when(address).then(bare.str.extract(r"^([^@]*)")).otherwise(bare))
    every = pl.select(key=team_key(pl.lit(teams.cast(TEXT)))).drop_nulls().to_series().unique()
    group = own.is_in(every.implode()) | (own == "")
    return (
        pl.when(name.is_null() | (bare == ""))
        .then(None)
        .when(before.is_in(list(OF_PREFIX)))
        .then(before.replace(OF_PREFIX))
        .when(group & address)
        .then(pl.lit(MAILBOX))
        .when(group)
        .then(pl.lit(TEAM))
        .otherwise(pl.lit(PERSON))
    )


def team_key(name: pl.Expr) -> pl.Expr:
    """What tells the teams of one company apart: the words of a `name` in small letters, without those for groups."""
    words = _bare(name).str.to_lowercase().str.replace_all(r"@.*$", "").str.extract_all(r"[\p{L}\p{M}\p{N}]+")
    return words.list.eval(pl.element().filter(~pl.element().is_in(GROUP_WORDS))).list.join(" ")


def identities(names: pl.Series, *, hidden: bool) -> pl.Series:
    """Each name in the one form in which the catalog's and those of the logs are alike.

    `hidden`: the logs hold pseudonyms, so that addresses become the same (`hides`).
    """
    bare = names.to_frame("name").select(_bare(pl.col("name")))
    if hidden:
        bare = bare.select(pseudonym(pl.col("name"), pseudonym_key()))
    return bare.to_series().str.strip_chars().str.to_lowercase().alias(names.name)


def hides(people: pl.Series) -> bool:
    """Whether any of the `people` of the logs is a pseudonym."""
    return bool(people.str.contains(HIDDEN).any())


def written_as(name: pl.Expr) -> pl.Expr:
    """In which form a person is written: by an address (or what hides it) or by a name."""
    address = name.str.contains(EMAIL) | name.str.contains(HIDDEN)
    return pl.when(address).then(pl.lit(ADDRESS)).when(name.is_not_null()).then(pl.lit(PLAIN))


def _bare(name: pl.Expr) -> pl.Expr:
    return name.str.replace(PREFIX, "").str.strip_chars()
