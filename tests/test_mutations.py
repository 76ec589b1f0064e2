"""The script that puts faults into the code and runs its tests: what is caught, what survives, which faults."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "benchmarks"
MODULE = "integrhealth/analyses/toy/gates.py"
TOY = """def judged(count: int | None) -> str:
    \"\"\"At least 3 are enough; 1 + 1 is not.\"\"\"
    return "many" if count >= 30 and count != 99 else "few"
"""
TEST = """from integrhealth.analyses.toy.gates import judged


def test_thirty_are_many():
    assert [judged(29), judged(30), judged(31)] == ["few", "many", "many"]
"""


@pytest.fixture
def checkout(tmp_path):
    """A package of one module, tested up to its second condition."""
    for name, text in ((MODULE, TOY), ("tests/analyses/toy/test_gates.py", TEST)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    for folder in (tmp_path / MODULE).parents[:3]:
        (folder / "__init__.py").touch()
    return tmp_path


def mutated(checkout, *options):
    command = [sys.executable, str(SCRIPTS / "mutations.py"), str(checkout), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=checkout).stdout


def test_what_is_tested_is_caught_and_what_is_not_survives_with_its_line(checkout):
    shown = mutated(checkout)
    assert f"| {MODULE} | 5 | 4 | 1 |\n| all | 5 | 4 | 1 |" in shown
    assert f"survived: {MODULE}:3\n  - return" in shown
    assert '  + return "many" if count >= 30 and count != 100 else "few"' in shown
    assert (checkout / MODULE).read_text() == TOY


def test_mutants_known_to_say_the_same_are_left_out(checkout):
    same = 'return "many" if count >= 30 and count != 100 else "few"'
    (checkout / "benchmarks").mkdir()
    (checkout / "benchmarks" / "equivalent_mutants.txt").write_text(
        f"# why\n{MODULE} :: {same} :: nobody counts so far\n"
    )
    shown = mutated(checkout, "--only", "toy/*")
    assert f"| {MODULE} | 4 | 4 | 0 |" in shown
    assert same not in shown


def test_a_word_that_no_module_has_is_told_in_one_line(checkout):
    command = [sys.executable, str(SCRIPTS / "mutations.py"), str(checkout), "--only", "*nowhere*"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    line = "no module matches '*nowhere*'; try a part of a path, such as latency/findings\n"
    assert (told.returncode, told.stdout, told.stderr) == (2, "", line)


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("a <= b", {"a < b"}),
        ("(a) / (b)  # a / b", {"(a) * (b)  # a / b"}),
        ("f(low=1.5, high=b)", {"f(high=1.5, low=b)", "f(low=2.5, high=b)"}),
        ("low, high = f()", {"high, low = f()"}),
        ("(a + b).fill_null(c)", {"(a + b)", "(a - b).fill_null(c)"}),
        ("f.filter(a | b).x", {"f.x", "f.filter(~(a | b)).x", "f.filter(a & b).x"}),
        ("f.sort(a, descending=True)", {"f.sort(a, descending=False)"}),
        ('f.unique(a, keep="first", maintain_order=True)', {'f.unique(a, keep="last", maintain_order=True)'}),
        ("pl.min_horizontal(a).first()", {"pl.max_horizontal(a).first()", "pl.min_horizontal(a).last()"}),
        (
            'f(n=pl.col("ended"), m="sent", k="word")',
            {'f(n=pl.col("sent"), m="sent", k="word")', 'f(n=pl.col("ended"), m="ended", k="word")'},
        ),
        ('pl.col("low_ms")', {'pl.col("high_ms")'}),
        ("not (a)", {"(a)"}),
        ("~a.b", {"a.b"}),
        ('x: int | None = f"{a + b}"', set()),
    ],
)
def test_faults(source, made, monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    from mutants import faults, mutant

    columns = frozenset({"ended", "sent", "low_ms"})
    assert {mutant("module", source, fault).after for fault in faults(source, columns)} == made
