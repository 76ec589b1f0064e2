"""What a user can fix. Each is shown as one line, without a traceback; everything else is a bug and crashes."""

from collections.abc import Iterable
from pathlib import Path


class IntegrHealthError(Exception):
    """Base of all errors that the person at the keyboard can fix."""


class NothingToRead(IntegrHealthError):
    """A path does not exist, or nothing under it could be read as logs."""


class FaultyFile(IntegrHealthError):
    """A file that a person wrote (catalog, mapping) has a fault: which file, where in it, and how to mend it."""

    def __init__(self, file: str | Path, where: str, reason: str, remedy: str) -> None:
        super().__init__(file, where, reason, remedy)
        self.file, self.where, self.reason, self.remedy = str(file), where, reason, remedy

    def __str__(self) -> str:
        place = f"{self.file}: {self.where}" if self.where else self.file
        return f"{place}: {self.reason}; {self.remedy}"


class UnknownName(IntegrHealthError):
    """A report, a parameter or an option that does not exist; the message lists those that do."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        super().__init__(kind, name, self.known)

    def __str__(self) -> str:
        return f"unknown {self.kind} {self.name!r}; there are: {', '.join(self.known)}"


class WrongValue(IntegrHealthError):
    """A value on the command line or in a call that does not fit what it is for."""


class WrongParameter(WrongValue):
    """A value of a parameter that does not fit the data: what it asks for is not there."""


class MissingColumns(IntegrHealthError):
    """A frame lacks columns that are required."""

    def __init__(self, frame: str, missing: Iterable[str], available: Iterable[str]) -> None:
        self.frame, self.missing, self.available = frame, sorted(missing), list(available)
        super().__init__(frame, self.missing, self.available)

    def __str__(self) -> str:
        return f"{self.frame} lacks the columns {self.missing}; the frame has {self.available}"
