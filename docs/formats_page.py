"""Writes docs/formats.md: per format, the frames and columns it fills, and the reports these make possible."""

import ast
from pathlib import Path

from integrhealth.analyses import OVERVIEW, REPORTS
from integrhealth.evidence import Evidence
from integrhealth.language.schema import FRAMES
from integrhealth.reading.formats.catalogue import known_formats

PACKAGE = Path(__file__).parents[1] / "integrhealth"
ANALYSES, EVIDENCE = PACKAGE / "analyses", PACKAGE / "evidence.py"
PROPERTIES = {name for name, value in vars(Evidence).items() if isinstance(value, property)}
PAGE = Path(__file__).with_name("formats.md")
HEAD = """# What can be read

This page is made by `make docs` from the list of formats itself. A file is known by its content, never by its name;
any other table is read through a `mapping.yaml`, for which `integrhealth check` prints a draft. **Documented** means:
written to what the vendor documents, and never tried on a real file.

"""


def reports_of_frames() -> dict[str, list[str]]:
    """The reports that read each canonical frame, by what the modules of their folder take from the evidence."""
    derived = frames_behind_properties()
    readers: dict[str, list[str]] = {frame: [] for frame in FRAMES}
    for report in REPORTS:
        taken = set()
        for module in (ANALYSES / report).rglob("*.py") if report != OVERVIEW else ():
            taken |= attributes(ast.parse(module.read_text(encoding="utf-8")), of="evidence")
        for frame in {frame for name in taken for frame in derived.get(name, {name})} & FRAMES.keys():
            readers[frame].append(report)
    return readers


def frames_behind_properties() -> dict[str, set[str]]:
    """What the properties of evidence are made of: ``caused`` of ``linked``, and that of the frame ``messages``."""
    functions = (node for node in ast.walk(ast.parse(EVIDENCE.read_text("utf-8"))) if isinstance(node, ast.FunctionDef))
    made = {node.name.removeprefix("_"): attributes(node, of="evidence") for node in functions if node.name[0] == "_"}
    properties = {name: used for name, used in made.items() if name in PROPERTIES}
    while any(used & properties.keys() for used in properties.values()):
        properties = {
            name: {frame for each in used for frame in properties.get(each, {each})}
            for name, used in properties.items()
        }
    return properties


def attributes(tree: ast.AST, *, of: str) -> set[str]:
    """The names of all attributes that the code takes of a variable."""
    return {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == of
    }


def page() -> str:
    """The page as Markdown."""
    readers, parts, known = reports_of_frames(), [HEAD], known_formats()
    parts.append("| frame | one row is | reports that read it |\n|---|---|---|\n")
    for name, frame in FRAMES.items():
        parts.append(f"| `{name}` | {frame.row} | {', '.join(f'`{each}`' for each in readers[name]) or 'none yet'} |\n")
    for (name, description, tried), rows in known.group_by("format", "description", "tried", maintain_order=True):
        said = "" if tried == "real" else " **Documented.**"
        parts.append(f"\n## `{name}`\n\n{description}.{said}\n\n")
        if name in ("table", "lines", "database"):
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
