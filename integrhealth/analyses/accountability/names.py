"""Whom the name of an owner means: a person, a team, a mailbox or a program, and who of the logs that is.

Logs hold pseudonyms where they had addresses of people, and the catalog is shown as written: the address of an owner is
hashed with the same key and compared, and never the other way round.
"""

import polars as pl

from integrhealth.language.masking import EMAIL, pseudonym, pseudonym_key
from integrhealth.language.schema import TEXT

PERSON, TEAM, MAILBOX, PROGRAM = "person", "team", "mailbox", "program"
ADDRESS, PLAIN = "address", "name"
# Words that say no more than that a group is meant (own), and mailboxes of services and functions (RFC 2142, and own).
GENERIC = "all board department dept desk division everyone group groups list mail mailbox shared staff team teams"
FUNCTIONS = (
    "abuse accounting accounts admin admins billing contact help helpdesk hostmaster info marketing noc office ops "
    "operations postmaster sales security service servicedesk services support webmaster"
)
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
    address = _bare(name).str.contains("@", literal=True)
    every = pl.select(key=team_key(pl.lit(teams.cast(TEXT)))).drop_nulls().to_series().unique()
    group = team_key(name).is_in(every.implode()) | (_without(_words(name), f"{GENERIC} {FUNCTIONS}") == "")
    return (
        pl.when(name.is_null() | (_words(name).list.len() == 0))
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
    """What tells the teams of a company apart: the words of a `name` without those for groups, where any are left.

    "IT", "it-support@example.com" and "Team IT" are one; "sales" and "service" are two.
    """
    words = _words(name)
    shorter = (_without(words, leaving_out) for leaving_out in (f"{GENERIC} {FUNCTIONS}", GENERIC))
    return pl.coalesce(*(pl.when(each != "").then(each) for each in shorter), words.list.join(" "))


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


def _words(name: pl.Expr) -> pl.Expr:
    """The words of a name in small letters, of an address those before the @."""
    return _bare(name).str.to_lowercase().str.replace(r"@.*$", "").str.extract_all(r"[\p{L}\p{M}\p{N}]+")


def _without(words: pl.Expr, leaving_out: str) -> pl.Expr:
    return words.list.eval(pl.element().filter(~pl.element().is_in(leaving_out.split()))).list.join(" ")


def _bare(name: pl.Expr) -> pl.Expr:
    return name.str.replace(PREFIX, "").str.strip_chars()
