"""Where the notebooks and the sample logs are: inside the package when installed, beside it in a checkout."""

from pathlib import Path

from integrhealth.errors import UnknownName

PACKAGE = Path(__file__).parent
COMPANIES = ("a", "b")


def _travelling(folder: str) -> Path:
    installed = PACKAGE / folder
    return installed if installed.is_dir() else PACKAGE.parent / folder


def notebooks() -> Path:
    """The folder of the report notebooks."""
    return _travelling("notebooks")


def sample_logs(company: str) -> Path:
    """The folder of the raw logs of one sample company. Raises UnknownName for a company that does not travel."""
    if company not in COMPANIES:
        raise UnknownName("sample company", company, COMPANIES)
    return _travelling("sample_logs") / f"company_{company}"
