"""URLs of databases: what of them comes from the environment, and how no part of a password is ever shown."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode

from integrhealth.reading.databases.answer import Unanswered
from integrhealth.reading.mapping.passwords import PASSWORDS, VARIABLE

CONNECT_SECONDS = 5
HOST = r"(?:\[[^]@/?#]*\]|[^]:@/?#,[]*)(?::\d+)?"
SQLITE = re.compile(r"sqlite:///(?P<path>.+)", re.DOTALL)
# The password goes up to the last @, whatever is in it; what follows can hold none.
POSTGRESQL = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^:@/?#]*)(?::(?P<password>.*))?@)?"
    rf"(?P<hosts>{HOST}(?:,{HOST})*)(?P<database>/[^@?#]*)?(?:\?(?P<options>[^@#]*))?",
    re.DOTALL,
)
KINDS = "write sqlite:///path/of/file.db or postgresql://user:password@host/database"


@dataclass(frozen=True)
class Address:
    """Where a database is: a file of SQLite, or a `url` that libpq understands; and what must never be shown."""

    path: Path | None
    url: str
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return "Address(***)"

    def shown(self, reason: str) -> str:
        """A sentence of the database without the secrets that it may repeat."""
        for secret in self.secrets:
            for written in (secret, quote(secret, safe="")):
                reason = reason.replace(written, "***")
        return reason


def address(url: str, *, folder: Path) -> Address:
    """What `url` stands for, with the environment in it; a path of SQLite starts at `folder`.

    Raises Unanswered for a variable that is not set and for an invalid `url`.
    """
    if missing := [name for name in VARIABLE.findall(url) if not os.environ.get(name)]:
        raise Unanswered("url", f"the environment variable {missing[0]} is not set", f"set it; {KINDS}")
    url = VARIABLE.sub(lambda variable: os.environ[variable[1]], url).strip()
    if file := SQLITE.fullmatch(url):
        return Address(folder / file["path"], url, (url,))
    if parts := POSTGRESQL.fullmatch(url):
        return _server(url, parts)
    raise Unanswered("url", "invalid database URL", KINDS)


def _server(url: str, parts: re.Match[str]) -> Address:
    """Written anew, since libpq shows those parts of a `url` that it cannot read."""
    password, options = unquote(parts["password"] or ""), dict(parse_qsl(parts["options"] or ""))
    account = quote(unquote(parts["user"] or ""), safe="") + (f":{quote(password, safe='')}" if password else "")
    secrets = [password, *(options.get(name, "") for name in PASSWORDS)]
    options = {"connect_timeout": str(CONNECT_SECONDS), "application_name": "integrhealth"} | options
    place = f"{account}@{parts['hosts']}" if account else parts["hosts"]
    database = quote(unquote(parts["database"] or ""))
    written = f"postgresql://{place}{database}?{urlencode(options, quote_via=quote)}"
    return Address(None, written, (url, written, *(secret for secret in secrets if secret)))
