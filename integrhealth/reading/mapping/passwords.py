"""Passwords in the URL of a database, which a mapping may not hold: it names a variable of the environment instead."""

import re

VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
PASSWORDS = ("password", "sslpassword")
IN_THE_ENVIRONMENT = "put the URL into an environment variable, and write url: ${NAME_OF_THE_VARIABLE}"


def has_password(url: str) -> bool:
    """Whether a `url`, as it is written in a mapping, holds a password that does not come from the environment."""
    literal = VARIABLE.sub("", url)
    option = re.search(rf"[?&](?:{'|'.join(PASSWORDS)})=[^&]", literal)
    account = re.search(r"://[^:@/]*:.+@", literal, re.DOTALL)
    return not literal.startswith("sqlite:") and bool(option or account)
