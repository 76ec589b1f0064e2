"""Secrets and people in log text: what must not reach a page, and how it is replaced."""

import hashlib
import hmac
import os
import re
import secrets
import warnings
from pathlib import Path

import polars as pl

HIDDEN = "***"
KEY_BYTES = 32
# Any text with a secret in it has one of these words, so that clean text costs one pass and no regular expression.
SECRET_HINTS = [
    "sig=",
    "code=",
    "webhook",
    "hooks.",
    "signature",
    "bearer",
    "basic",
    "authorization",
    "://",
    "key",
    "token",
    "secret",
    "passw",
    "pwd",
    "akia",
    "asia",
    "eyj",
]
# The ends of the names that secrets go by; what stands before (client_, aws, X-) does not matter.
NAMES = (
    r"(?:(?:api|access|account|private|secret|subscription)[_ -]?key(?:[_-]?id)?"
    r"|token|secret|password|passwd|passphrase|pwd)"
)
# Quoted, quoted inside quoted JSON, in single quotes, or bare up to the next separator.
VALUE = (
    r"""(?:"(?:[^"\\]|\\.)*(?:"|$)|\\"(?:[^"\\]|\\[^"])*(?:\\?"|$)"""
    r"""|'[^']*(?:'|$)|[^\s&,;"'}{)\]]+)"""
)
# Each in the syntax of Rust's regex, which has no backtracking: time is linear in the text.
SECRETS = (
    # JSON Web Tokens
    (r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?", HIDDEN),
    # AWS access keys
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
    # The signature of a shared access (SAS) or presigned address
    (r"(?i)([?&;\s]|^|amp;|x-amz-)(sig|signature)=[^&\s\"'<>]+", "${1}${2}=" + HIDDEN),
    # The key of an Azure Function stands in its address; elsewhere a code is that of an error
    (r"(?i)([?&](?:amp;)?)(code)=[^&\s\"'<>]{16,}", "${1}${2}=" + HIDDEN),
    # Addresses that are the secret themselves: whoever knows one may post
    (r"(?i)(hooks\.slack\.com/services/|webhook\.office\.com/webhookb2/)[^\s\"'<>]+", "${1}" + HIDDEN),
    # Authorization headers
    (r"(?i)\b(bearer)\s+[A-Za-z0-9._~+/=-]{6,}", "${1} " + HIDDEN),
    (r"(?i)\b(basic)\s+(?:[A-Za-z0-9+/]{4,}={1,2}|[A-Za-z0-9+/]{20,})", "${1} " + HIDDEN),
    (r"(?i)(authorization\\?[\"']?\s*[:=]\s*\\?[\"']?[a-z]+)\s+[^\s\"',;]+", "${1} " + HIDDEN),
    # user:password@host; the last @ before the path ends the password
    (r"(://[^/\s:@\"']*):[^/\s\"']+@", "${1}:" + HIDDEN + "@"),
    # name=value and name: value, the value quoted or up to the next separator
    (r"(?is)(" + NAMES + r")(\\?[\"']?\s*[=:]\s*)" + VALUE, "${1}${2}" + HIDDEN),
)
# An address of a machine, of IPv4 or IPv6, that is all of a value; its port does not matter.
IP = r"^\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?:\]?:\d+|\])?$"
PORT = re.compile(r"^(?:(\d+(?:\.\d+){3})|\[(.*)\])(?::\d+)?$")
# Letters of every alphabet; a # stands in the names that Entra gives to guests (ann_x.de#EXT#@y.onmicrosoft.com).
EMAIL = r"[\p{L}\p{M}\p{N}._%+'\x{2019}#-]+@[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}.-]*[\p{L}\p{M}\p{N}])?\.\p{L}[\p{L}\p{M}]+"


def masked(text: pl.Expr) -> pl.Expr:
    """Free text without secrets and e-mail addresses."""
    return masked_secrets(text).map_batches(_without_addresses, return_dtype=pl.String, is_elementwise=True)


def masked_secrets(text: pl.Expr) -> pl.Expr:
    """Text without signatures, tokens, passwords and keys; the rest of it as it was."""
    return text.map_batches(_without_secrets, return_dtype=pl.String, is_elementwise=True)


def cut(text: pl.Expr, length: int) -> pl.Expr:
    """Text of at most `length` characters; what was cut ends in an ellipsis."""
    return pl.when(text.str.len_chars() > length).then(text.str.head(length - 1) + "…").otherwise(text)


def pseudonym(person: pl.Expr, key: bytes) -> pl.Expr:
    """A stable name such as person-3f9a2c1b7d in place of every value that holds an e-mail address, and
    client-3f9a2c1b7d of every one that is the address of a machine.

    The same address gives the same name under the same `key`, whatever its case; without the key nobody can test a
    guess. Values without an address (user names, roles) stay.
    """
    return person.map_batches(lambda people: _pseudonyms(people, key), return_dtype=pl.String, is_elementwise=True)


def hosts(urls: pl.Series) -> pl.Series:
    """The host of each URL, without user and port; of what has no scheme, all before its path."""
    begun = urls.str.replace(r'^["\s]*(?:[A-Za-z][\w+.-]*://)?(?:[^/?#@"]*@)?', "")
    return begun.str.extract(r'^([^/?#"\s]+)').str.replace(r":\d*$", "")


def value_hashes(values: pl.Series) -> pl.Series:
    """Equal texts become equal hashes; without the key of this machine nobody can test a guess."""
    key = pseudonym_key()
    different = values.drop_nulls().unique()
    hashes = [hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32] for value in different]
    return values.replace_strict(different, pl.Series(hashes, dtype=pl.String), default=None)


def pseudonym_key() -> bytes:
    """The key of the pseudonyms: made once, kept in the user's configuration folder, readable by the user only.

    Where it can be neither read nor written, a key of this process serves, with a warning: names then change from
    run to run.
    """
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "integrhealth"
    path = folder / "pseudonym.key"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _kept_key(path)
    except OSError as error:
        reason = f"{path} cannot be kept ({error.strerror}): the pseudonyms of people change with every run"
        warnings.warn(reason, stacklevel=2)
        return secrets.token_bytes(KEY_BYTES)


def _kept_key(path: Path) -> bytes:
    if not path.exists():
        # Written aside and linked into place: two runs that start together end with one key, and never half of one.
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()


def _pseudonyms(people: pl.Series, key: bytes) -> pl.Series:
    different = people.unique()
    addresses = different.str.extract(f"({EMAIL}|{IP})")
    addressed = addresses.is_not_null()
    if not addressed.any():
        return people
    names = [_name(address, key) for address in addresses.filter(addressed)]
    return people.replace(different.filter(addressed), pl.Series(names, dtype=pl.String))


def _name(address: str, key: bytes) -> str:
    kind = "person" if "@" in address else "client"
    if kind == "client":
        address = PORT.sub(r"\1\2", address)
    return f"{kind}-{hmac.new(key, address.casefold().encode(), hashlib.sha256).hexdigest()[:10]}"


def _without_secrets(text: pl.Series) -> pl.Series:
    suspects = text.str.contains_any(SECRET_HINTS, ascii_case_insensitive=True).fill_null(False)
    return _rewritten(text, suspects, SECRETS)


def _without_addresses(text: pl.Series) -> pl.Series:
    suspects = text.str.contains("@", literal=True).fill_null(False)
    return _rewritten(text, suspects, ((EMAIL, HIDDEN),))


def _rewritten(text: pl.Series, suspects: pl.Series, rules: tuple[tuple[str, str], ...]) -> pl.Series:
    """`text` with `rules` applied to the suspects only, each different text once."""
    if not suspects.any():
        return text
    different = text.filter(suspects).unique()
    rewritten = different
    for pattern, replacement in rules:
        rewritten = rewritten.str.replace_all(pattern, replacement)
    changed = rewritten != different
    return text.replace(different.filter(changed), rewritten.filter(changed))
