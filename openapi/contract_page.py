"""What docs/contract.md says about each endpoint, so that its fields and notes are written only once."""

from __future__ import annotations

import re

from local.template import PROJECT

PAGE = (PROJECT / "docs" / "contract.md").read_text(encoding="utf-8")
SECTIONS = {
    section.split("`")[1].removeprefix("POST "): re.split(r"^## ", section, flags=re.M)[0]
    for section in re.split(r"^### (?=`POST)", PAGE, flags=re.M)[1:]
}


def rows(section: str, header: str) -> list[list[str]]:
    """Return the cells of the table with this header."""
    table = section.partition(f"\n| {header} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def example(path: str) -> str:
    """Return the answer that an endpoint's section shows."""
    return SECTIONS[path].partition("```json\n")[2].partition("\n```")[0]


def fields(path: str) -> dict[str, str]:
    """Return what the table says about each request field beside its type, by the field's name; "" for nothing."""
    return {
        name.strip("`"): " ".join(filter(None, [_more_than_a_type(kind), _default(required)]))
        for name, kind, required in rows(SECTIONS[path], "field | type | required")
    }


def notes(path: str) -> str:
    """Return an endpoint's paragraphs, without tables, examples and the lines that introduce examples."""
    paragraphs = SECTIONS[path].partition("\n")[2].split("\n\n")
    kept = [" ".join(text.split()) for text in paragraphs if text.strip() and not text.strip().startswith(("|", "```"))]
    # A link leads to another part of the page.
    return "\n\n".join(re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text) for text in kept if not text.endswith(":"))


def _more_than_a_type(kind: str) -> str:
    return f"{kind[0].upper()}{kind[1:]}." if re.search("[:,;]|that of", kind) else ""


def _default(required: str) -> str:
    otherwise = required.removeprefix("no, ")
    if otherwise == required:
        return ""
    return f"Not required {otherwise}." if otherwise.startswith("if ") else f"Default: {otherwise}."
