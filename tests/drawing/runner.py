"""Small logs and the notebooks of this folder, for tests of the runner."""

from pathlib import Path

from integrhealth.runner.plan import Request

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LOG = """message_id,source,target,sent_at,status
m1,Shop,ERP,2026-03-01T08:00:00Z,ok
m2,ERP,WMS,2026-03-02T08:00:00Z,failed
m3,ERP,WMS,not a time,ok
"""


def logs(folder: Path) -> Path:
    """Two good rows and a bad one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "messages.csv").write_text(LOG)
    return folder


def chosen_notebooks(folder: Path, *names: str) -> Path:
    """A notebooks folder with some of those of this folder and the overview."""
    folder.mkdir(parents=True)
    for name in (*names, "overview"):
        (folder / f"{name}.ipynb").symlink_to(NOTEBOOKS / f"{name}.ipynb")
    return folder


def request(tmp_path: Path, *names: str, **options: object) -> Request:
    """A request for reports of the notebooks NAMES on small logs, into ``out``."""
    notebooks = chosen_notebooks(tmp_path / "notebooks", *names)
    given = {"paths": (str(logs(tmp_path / "logs")),), "out": tmp_path / "out", "notebooks": notebooks}
    return Request(**(given | options))
