"""Writes docs/formats.md: per format, the frames and columns it fills, and the reports these make possible."""

import ast
from pathlib import Path

import integrhealth as ih
from integrhealth.analyses import QUESTIONS
from integrhealth.formats.catalogue import known_formats
from integrhealth.schema import FRAMES

ANALYSES = Path(__file__).parents[1] / "integrhealth" / "analyses"
PAGE = Path(__file__).with_name("formats.md")
HEAD = """# What can be read

This page is made by `make formats` from the list of formats itself. A file is known by its content, never by its name;
any other table is read through a `mapping.yaml`, for which `integrhealth check` prints a draft. **Documented** means:
written to what the vendor documents, and never tried on a real file.

"""


def reports_of_frames() -> dict[str, list[str]]:
    """The reports that read each canonical frame, by what their analyses take from the evidence."""
    readers: dict[str, list[str]] = {frame: [] for frame in FRAMES}
    for question, report in zip(QUESTIONS, ih.all_reports(ih.Evidence()), strict=True):
        taken = {
            node.attr
            for part in parts_of(question)
            for node in ast.walk(part)
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "evidence"
        }
        for frame in taken & FRAMES.keys():
            readers[frame].append(report)
    return readers


def parts_of(question: str) -> list[ast.Module]:
    """The module of a question and those of the analyses that it imports, directly or through another."""
    parts, waiting = {}, [question]
    while waiting:
        if (name := waiting.pop()) in parts:
            continue
        parts[name] = ast.parse((ANALYSES / f"{name}.py").read_text(encoding="utf-8"))
        imports = (node.module or "" for node in ast.walk(parts[name]) if isinstance(node, ast.ImportFrom))
        waiting += [module.split(".")[2] for module in imports if module.startswith("integrhealth.analyses.")]
    return list(parts.values())


def page() -> str:
    """The page as Markdown."""
    readers, parts, known = reports_of_frames(), [HEAD], known_formats()
    parts.append("| frame | one row is | reports that read it |\n|---|---|---|\n")
    for name, frame in FRAMES.items():
        parts.append(f"| `{name}` | {frame.row} | {', '.join(f'`{each}`' for each in readers[name]) or 'none yet'} |\n")
    for (name, description, tried), rows in known.group_by("format", "description", "tried", maintain_order=True):
        said = "" if tried == "real" else " **Documented.**"
        parts.append(f"\n## `{name}`\n\n{description}.{said}\n\n")
        if name in ("table", "database"):
            parts.append("Fills any frame, with any of its columns.\n")
            continue
        parts.append("| fills | columns | for the reports |\n|---|---|---|\n")
        for frame, columns in rows.select("frame", "columns").rows():
            listed = ", ".join(f"`{column}`" for column in columns)
            reports = ", ".join(f"`{report}`" for report in readers[frame]) or "none yet"
            parts.append(f"| `{frame}` | {listed} | {reports} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
