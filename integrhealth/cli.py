"""The command line: arguments become one call, and what a user can fix becomes one line."""

import json
import signal
from pathlib import Path
from typing import Any

import click

from integrhealth import interrupt
from integrhealth.errors import IntegrHealthError

# Everything else is imported by the command that needs it, so that help appears at once.
NOTHING_READ, USER_ERROR, TERMINATED = 1, 2, 143
FILE = click.Path(path_type=Path)


class Commands(click.Group):
    """Shows what a user can fix as one line on stderr, without a traceback; a bug keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            interrupt.begun()
            return super().invoke(ctx)
        except IntegrHealthError as error:
            from integrhealth.runner.textual import CONTROL

            click.echo(f"integrhealth: {' '.join(CONTROL.sub(' ', str(error)).split())}", err=True)
            ctx.exit(USER_ERROR)
        except KeyboardInterrupt:
            click.echo(interrupt.SAID, err=True)
            ctx.exit(interrupt.EXIT_CODE)
        except Terminated:
            click.echo("integrhealth: terminated; nothing was published", err=True)
            ctx.exit(TERMINATED)


class Terminated(Exception):
    """A scheduler or the system asked the process to end."""


def _terminate(signum: int, frame: Any) -> None:
    raise Terminated


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="integrhealth")
def main() -> None:
    """Integration health reports from the logs that your integrations already write."""


@main.command()
@click.argument("logs", nargs=-1, required=True)
@click.option("--out", type=FILE, default="integrhealth-report", show_default=True, help="Folder to write, replaced.")
@click.option("--only", multiple=True, metavar="REPORT", help="Only this report and the front page; repeatable.")
@click.option("--since", metavar="TIME", help="Whole traces from this time on, ISO 8601.")
@click.option("--until", metavar="TIME", help="Whole traces before this time, ISO 8601.")
@click.option("--catalog", type=FILE, help="The integration catalog, if it is not catalog.yaml beside the logs.")
@click.option("--mapping", type=FILE, help="The column mapping, if it is not mapping.yaml beside the logs.")
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE", help="A notebook parameter; repeatable.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Notebooks run at a time.")
@click.option("--fail-on", type=click.Choice(["critical", "warning"]), help="Exit 1 when a finding is that severe.")
@click.option("--deadline", type=click.FloatRange(min=1), default=900, show_default=True, help="Seconds per notebook.")
@click.option("--strict", is_flag=True, help="Reject times without a zone instead of reading them as UTC.")
@click.option("--show-people", is_flag=True, help="Keep e-mail addresses of people instead of pseudonyms.")
@click.option("--quiet", is_flag=True, help="Say nothing unless something is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print run.json instead of progress.")
@click.pass_context
def report(
    ctx: click.Context,
    logs: tuple[str, ...],
    parameters: tuple[str, ...],
    deadline: float,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Read LOGS and write the reports.

    LOGS are files or folders with integration logs in any mix, or sample:a, sample:b for the sample companies.

    Exit codes: 0 done; 1 done, and a finding reached --fail-on; 2 something for you to fix, nothing was written;
    3 a report failed, its page says why, the others are complete.
    """
    from integrhealth.runner.parameters import assignments
    from integrhealth.runner.plan import Request
    from integrhealth.runner.progress import shown_progress
    from integrhealth.runner.run import report as run_report

    signal.signal(signal.SIGTERM, _terminate)
    request = Request(logs, parameters=assignments(parameters), deadline_seconds=deadline, **options)
    with shown_progress(quiet=quiet or as_json) as progress:
        result = run_report(request, progress=progress)
    if as_json:
        _print_json(result.record)
    elif not quiet:
        counts = ", ".join(f"{count} {severity}" for severity, count in result.record["findings"].items())
        news = f"{result.record['news']} " if result.record["news"] else ""
        click.echo(f"{news}{counts} findings; open {result.out / 'index.html'}")
    for name, came in result.record["reports"].items():
        if came["error"] is not None:
            click.echo(f"integrhealth: report {name} failed: {came['error']}", err=True)
    ctx.exit(result.exit_code)


@main.command()
@click.argument("logs", nargs=-1, required=True)
@click.option("--catalog", type=FILE, help="The integration catalog, if it is not catalog.yaml beside the logs.")
@click.option("--mapping", type=FILE, help="The column mapping, if it is not mapping.yaml beside the logs.")
@click.option("--strict", is_flag=True, help="Reject times without a zone instead of reading them as UTC.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
@click.pass_context
def check(ctx: click.Context, logs: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Say what LOGS were recognised as, and how many records went in, out and were rejected, and why.

    Of a file that nothing recognised it says what it looks like and what to do next.

    Exit codes: 0 something was read; 1 nothing was read of any file; 2 something for you to fix.
    """
    from integrhealth.evidence import read
    from integrhealth.runner.checking import check_document, check_text, nothing_was_read

    evidence = read(*logs, **options)
    if as_json:
        _print_json(check_document(evidence, logs))
    else:
        click.echo(check_text(evidence, logs))
    ctx.exit(NOTHING_READ if nothing_was_read(evidence) else 0)


@main.command("map")
@click.argument("logs", nargs=-1, required=True, metavar="FILE...")
@click.pass_context
def map_files(ctx: click.Context, logs: tuple[str, ...]) -> None:
    """Draft how to read FILEs that nothing recognises, into the mapping.yaml beside them.

    Shows the first rows as they would be read. A mapping.yaml that is there keeps every line it has; what is new comes
    after them. What could not be decided stands in it as a comment.

    Exit codes: 0 written; 2 there was nothing to write, and it says why.
    """
    from integrhealth.runner.mapping_drafts import mapped

    said, written = mapped(logs)
    click.echo(said)
    ctx.exit(0 if written else USER_ERROR)


@main.command()
@click.argument("folder", type=FILE, metavar="DIR")
@click.option("--company", type=click.Choice(["a", "b"]), default="a", show_default=True, help="a fragile, b robust.")
@click.option("--messages", type=click.IntRange(min=1), help="About how many; default: as committed.")
@click.option("--seed", type=int, help="Another seed gives another company with the same planted truth.")
def sample(folder: Path, **options: Any) -> None:
    """Write the raw logs of a sample company to DIR, and in truth.json what was planted in them."""
    from integrhealth.sample import write_sample

    write_sample(folder, **{name: value for name, value in options.items() if value is not None})
    click.echo(f"wrote company {options['company']} to {folder}; try: integrhealth report {folder}")


@main.command()
@click.argument("logs", nargs=-1)
@click.option("--dir", "folder", type=FILE, default="integrhealth-notebooks", show_default=True, help="Your folder.")
@click.option("--no-open", is_flag=True, help="Only copy the notebooks, and print the command that opens JupyterLab.")
def lab(logs: tuple[str, ...], folder: Path, no_open: bool) -> None:
    """Copy the report notebooks to a folder of yours, fill in LOGS, and open JupyterLab there.

    LOGS are files or folders with integration logs; sample:a where none are given. A notebook that you changed is
    never overwritten.
    """
    from integrhealth.runner import lab as notebooks

    if not no_open:
        notebooks.check_installed()
    for sentence in notebooks.copied(folder, logs):
        click.echo(f"integrhealth: {sentence}", err=True)
    if no_open:
        click.echo(notebooks.shown_command(folder))
    else:
        notebooks.opened(folder)


@main.command()
@click.argument("folder", type=FILE, metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
def history(folder: Path, as_json: bool) -> None:
    """Findings over the runs of the report folder DIR: new, still open, gone."""
    from integrhealth.runner.history import history as tracks
    from integrhealth.runner.textual import text_table

    rows = tracks(folder)
    if as_json:
        _print_json(json.loads(rows.write_json()))
    elif rows.is_empty():
        click.echo("no run found anything")
    else:
        shown = rows.drop("last_seen").with_columns(first_seen=rows["first_seen"].dt.strftime("%Y-%m-%d %H:%M"))
        click.echo(text_table(shown))


@main.command()
@click.argument("folder", type=FILE, metavar="DIR")
@click.option("--out", type=FILE, help="Folder to write agenda.md and agenda.ics into; default: DIR.")
@click.option("--at", metavar="TIME", help="When it begins, ISO 8601, in the company's time zone where it names none.")
def agenda(folder: Path, **options: Any) -> None:
    """Write the weekly meeting about the report in DIR: fifteen minutes a finding, its owners invited.

    It is on the next weekday of the first ritual of the catalog, else on Tuesday, at ten in the company's time zone.

    Exit codes: 0 written; 2 something for you to fix, nothing was written.
    """
    from integrhealth.runner.agenda import written

    for path in written(folder, **options):
        click.echo(f"wrote {path}")


@main.command()
def formats() -> None:
    """Every format and vendor export that can be read."""
    from integrhealth.reading.formats.catalogue import format_list
    from integrhealth.runner.textual import text_table

    click.echo(text_table(format_list()))


def _print_json(document: Any) -> None:
    from integrhealth.runner.record import strict_json

    # JSON is UTF-8, whatever the locale of the terminal or of cron.
    click.echo(strict_json(document).encode("utf-8", "replace"), nl=False)
