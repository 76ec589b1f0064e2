"""What an object shows of itself in a notebook: one screen of HTML, in which text from logs stays text."""

from collections.abc import Iterable, Sequence
from html import escape

from integrhealth.language.safe_text import visible


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str) -> str:
    """A table of texts, every one escaped."""
    heads = "".join(f"<th>{_shown(text)}</th>" for text in head)
    body = "".join(f"<tr>{''.join(f'<td>{_shown(text)}</td>' for text in row)}</tr>" for row in rows)
    return f"<table><caption>{_shown(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _shown(text: str) -> str:
    return escape(visible(text))
