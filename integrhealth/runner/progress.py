"""Progress as a person sees it: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from integrhealth.runner.plan import Progress
from integrhealth.runner.run import silent


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Progress]:
    """A Progress that writes to stderr while the context is open; nothing when `quiet`."""
    if quiet:
        yield silent
    elif not sys.stderr.isatty():
        yield lambda what, done, total: print(f"[{done}/{total}] {what}", file=sys.stderr, flush=True)
    else:
        from tqdm import tqdm

        with tqdm(total=1, desc="reading", bar_format="{bar:20} {n}/{total} {desc}", leave=False) as bar:

            def advance(what: str, done: int, total: int) -> None:
                bar.total = total
                bar.set_description_str(what, refresh=False)
                bar.update(done - bar.n)

            yield advance
