"""What the tests catch: faults are put into the analyses and findings, one at a time, and their tests are run.

Every mutant is one module with one small fault (``mutants.py``). Only the tests in the folder that mirrors the module's
own are run, in a temporary copy of the package, until one fails. Some mutants say the same in other words; those that
were looked at are in ``equivalent_mutants.txt`` and are left out.

    python benchmarks/mutations.py [ROOT] [--only GLOB] [--every N] [--seed S] [--jobs J]
"""

import argparse
import fnmatch
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mutants import Mutant, columns_of, faults, mutant

HERE = Path(__file__).resolve().parent
PACKAGE = "integrhealth"
MODULES = (
    "analyses/**/*.py",
    "bad_entries/*.py",
    "traces/*.py",
    "language/statistics.py",
    "language/findings.py",
    "language/schema.py",
    "language/wording.py",
    "reading/period.py",
)
# Modules whose tests are one file: the folder has slow tests of other things beside it.
TESTS = {"integrhealth/reading/period.py": "tests/reading/test_period.py"}
# What they draw is looked at; only numbers and words are mutated unless --only asks for them.
CHARTS = ("*/charts.py", "*/charts/*.py")
# Packages that take long to import.
SLOW = ("hypothesis", "polars", "numpy", "scipy.stats", "scipy.optimize", "networkx", "altair")
MEMORY = 8 << 30
OVER = (signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM)
NO_TESTS = 5
CAUGHT, SURVIVED, TOO_LONG = "caught", "survived", "caught: too long"


@dataclass
class Folder:
    """The tests of a folder, or of one file: how long each takes without a fault, how many mutants each has caught."""

    path: str
    seconds: dict[str, float] = field(default_factory=dict)
    caught: Counter = field(default_factory=Counter)

    @property
    def limit(self) -> int:
        """Seconds of the processor after which a mutant goes round in circles."""
        return int(15 + 4 * sum(self.seconds.values()))


class Order:
    """A pytest plugin: the tests that have caught most come first, then the quickest; it tells what it sees."""

    def __init__(self, folder: Folder, told: Path) -> None:
        self.folder, self.told = folder, told

    def pytest_configure(self) -> None:
        with suppress(ImportError):
            from hypothesis import Phase, settings

            # The same examples every time; which of them is the smallest that fails is of no interest.
            phases = [Phase.explicit, Phase.generate]
            settings.register_profile("mutants", settings(), phases=phases, derandomize=True, database=None)
            settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list) -> None:
        seconds, caught = self.folder.seconds, self.folder.caught
        items.sort(key=lambda item: (-caught[item.nodeid], seconds.get(item.nodeid, 0.0)))

    def pytest_runtest_logreport(self, report) -> None:
        with self.told.open("a") as told:
            told.write(f"{report.duration} {int(report.failed)} {report.nodeid}\n")


def modules(root: Path, only: str | None) -> list[str]:
    """The modules to mutate, by their paths below ROOT, sorted; those that match ONLY where that is given.

    Raises SystemExit where none does.
    """
    found = {str(path.relative_to(root)) for glob in MODULES for path in (root / PACKAGE).glob(glob)}
    if only:
        matching = sorted(module for module in found if fnmatch.fnmatch(module, f"*{only}*"))
        if not matching:
            print(f"no module matches {only!r}; try a part of a path, such as latency/findings", file=sys.stderr)
            raise SystemExit(2)
        return matching
    return sorted(module for module in found if not any(fnmatch.fnmatch(module, chart) for chart in CHARTS))


def tests_of(root: Path, module: str) -> str | None:
    """The folder of tests that mirrors the module's own, those below it left out; none when there is no test in it.

    For a module in TESTS, its one file of tests.
    """
    if module in TESTS and (root / TESTS[module]).is_file():
        return TESTS[module]
    folder = "tests" / Path(module).parent.relative_to(PACKAGE)
    return str(folder) if any((root / folder).glob("test_*.py")) else None


def chosen(root: Path, names: list[str], every: int, seed: int, equivalent: set[tuple[str, str]]) -> list[Mutant]:
    """One mutant in EVERY of each module, drawn by SEED; without those known to say the same."""
    columns, drawn = columns_of(root / PACKAGE), []
    for name in names:
        source = (root / name).read_text(encoding="utf-8")
        possible = faults(source, columns)
        some = random.Random(f"{seed} {name}").sample(possible, -(-len(possible) // every))
        made = (mutant(name, source, fault) for fault in sorted(some))
        drawn += [one for one in made if one and (one.module, one.after) not in equivalent]
    return drawn


def equivalent_mutants(path: Path) -> set[tuple[str, str]]:
    """Module and mutated line of the mutants that say the same: ``module :: line :: why``."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    parts = [line.split(" :: ") for line in lines if line.strip() and not line.startswith("#")]
    if wrong := [line for line in parts if len(line) != 3]:
        raise SystemExit(f"{path}: a line is `module :: mutated line :: why`, not {' :: '.join(wrong[0])!r}")
    return {(module, line) for module, line, _ in parts}


class Copy:
    """A temporary copy of the package and its tests in which one mutant at a time is tried."""

    def __init__(self, root: Path, place: Path) -> None:
        self.root, self.place, self.told, self.said = root, place, place / "told.txt", place / "said.txt"
        place.mkdir()
        for path in root.iterdir():
            if path.name in (PACKAGE, "tests"):
                shutil.copytree(path, place / path.name, ignore=shutil.ignore_patterns("__pycache__"))
            elif not path.name.startswith("."):
                (place / path.name).symlink_to(path)

    def start(self, folder: Folder, one: Mutant | None, limit: int) -> int:
        """The process that runs the tests of FOLDER on the mutant; without one, all tests, for their times."""
        self.told.write_text("")
        if one:
            (self.place / one.module).write_text(one.source, encoding="utf-8")
            for compiled in (self.place / one.module).parent.glob(f"__pycache__/{Path(one.module).stem}.*"):
                compiled.unlink()
        sys.stdout.flush()
        if child := os.fork():
            return child
        code = 1
        try:  # whatever happens, this process must not go on as the one that it was forked from
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))  # of the processor: others may be at work
            signal.alarm(10 * limit)  # and not asleep for ever
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            code = self._test(folder, stop=one is not None)
        finally:
            os._exit(code)

    def _test(self, folder: Folder, *, stop: bool) -> int:
        os.chdir(self.place)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        said = os.open(self.said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1), os.dup2(said, 2)
        sys.path[:] = [str(self.place), *(path for path in sys.path if Path(path or ".").resolve() != HERE)]
        os.environ["PYTHONPATH"] = str(self.place)
        if stop:
            sys.dont_write_bytecode = True
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        # Other plugins take longer to load than most tests to fail.
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        plugins = ["-p", "_hypothesis_pytestplugin"] if "hypothesis" in sys.modules else []
        options = ["-q", "-p", "no:cacheprovider", *plugins, *(["-x"] if stop else [])]
        files = sorted(map(str, Path(folder.path).glob("test_*.py"))) or [folder.path]
        return int(pytest.main([*options, *files], plugins=[Order(folder, self.told)]))

    def end(self, child: int, status: int, folder: Folder, one: Mutant | None) -> str:
        """What became of the mutant; the copy is as before."""
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        if one:
            shutil.copy2(self.root / one.module, self.place / one.module)
        for line in self.told.read_text().splitlines():
            seconds, failed, test = line.split(" ", 2)
            if not one:
                folder.seconds[test] = folder.seconds.get(test, 0.0) + float(seconds)
            folder.caught[test] += bool(one) and int(failed)
        if os.WIFSIGNALED(status):
            return TOO_LONG if os.WTERMSIG(status) in OVER else CAUGHT
        return SURVIVED if os.WEXITSTATUS(status) in (0, NO_TESTS) else CAUGHT


def run(root: Path, drawn: list[Mutant], jobs: int) -> list[tuple[Mutant, str]]:
    """Every mutant and what became of it, in the order given. Raises SystemExit where tests fail without a fault."""
    if not drawn:
        return []
    _warm(root)
    folders = {name: Folder(name) for name in sorted({tests_of(root, one.module) for one in drawn} - {None})}
    results = {i: SURVIVED for i, one in enumerate(drawn) if tests_of(root, one.module) is None}
    with tempfile.TemporaryDirectory(prefix="mutations-") as temporary:
        copies = [Copy(root, Path(temporary) / str(slot)) for slot in range(jobs)]
        for folder, _, word in _all([(folder, None) for folder in folders.values()], copies):
            if word != SURVIVED:
                said = "\n".join(copy.said.read_text(encoding="utf-8", errors="replace")[-2000:] for copy in copies)
                raise SystemExit(f"{said}\n{folder.path}: tests fail without any fault; see to these first")
            print(f"{folder.path}: {len(folder.seconds)} tests, {sum(folder.seconds.values()):.0f} s", flush=True)
        work = [(folders[tests_of(root, one.module)], one) for i, one in enumerate(drawn) if i not in results]
        became = {}
        for _, one, word in _all(work, copies):
            became[id(one)] = word
            line = f"{len(became)}/{len(work)} {word} {one.module}:{one.line}"
            print(line if word == CAUGHT else f"{line} {one.after}", file=sys.stderr, flush=True)
    return [(one, results.get(i) or became[id(one)]) for i, one in enumerate(drawn)]


def _all(work: list, copies: list[Copy]) -> Iterator[tuple[Folder, Mutant | None, str]]:
    """Each folder and mutant with what became of it, as they end; as many at a time as there are copies."""
    waiting, free, running = list(reversed(work)), list(copies), {}
    while waiting or running:
        while waiting and free:
            folder, one = waiting.pop()
            copy = free.pop()
            running[copy.start(folder, one, folder.limit if one else 600)] = (copy, folder, one)
        child, status = os.wait()
        copy, folder, one = running.pop(child)
        free.append(copy)
        yield folder, one, copy.end(child, status, folder, one)


def _warm(root: Path) -> None:
    """Import once what the package imports of others, so that it is there in each process that is forked from here."""
    # Polars starts its threads at the first query, which is in the forked process.
    os.environ |= {"POLARS_ALLOW_FORKING_THREAD": "1", "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    os.environ.setdefault("CI", "false")
    texts = [path.read_text(encoding="utf-8") for name in (PACKAGE, "tests") for path in (root / name).rglob("*.py")]
    for module in SLOW:
        used = re.compile(rf"^\s*(import|from) {module.split('.')[0]}\b", re.MULTILINE)
        if any(used.search(text) for text in texts):
            with suppress(ImportError):
                __import__(module)


def table(results: list[tuple[Mutant, str]]) -> str:
    """Mutants, caught and survived per module, as Markdown, and the survivors with the line that differs."""
    names = sorted({one.module for one, _ in results})
    lines = ["| module | mutants | caught | survived |", "|---|---|---|---|"]
    for name in [*names, "all"]:
        words = [word for one, word in results if name in (one.module, "all")]
        gone = words.count(SURVIVED)
        lines.append(f"| {name} | {len(words)} | {len(words) - gone} | {gone} |")
    for one, word in results:
        if word != CAUGHT:
            lines += ["", f"{word}: {one.module}:{one.line}", f"  - {one.before}", f"  + {one.after}"]
    return "\n".join(lines)


def main() -> None:
    """Make the mutants, run their tests, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("root", nargs="?", type=Path, default=HERE.parent, help="the checkout (default: this one)")
    parser.add_argument("--only", metavar="GLOB", help="modules whose path has this in it, such as latency/findings")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one mutant in N, drawn (default: all)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="which are drawn (default: 1)")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="how many at a time (default: 1)")
    given = parser.parse_args()
    root = given.root.resolve()
    equivalent = equivalent_mutants(root / "benchmarks" / "equivalent_mutants.txt")
    drawn = chosen(root, modules(root, given.only), max(given.every, 1), given.seed, equivalent)
    began = time.monotonic()
    results = run(root, drawn, max(given.jobs, 1))
    print(table(results))
    print(f"\n{len(results)} mutants, {time.monotonic() - began:.0f} s, {given.jobs} at a time")


if __name__ == "__main__":
    main()
