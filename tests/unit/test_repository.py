"""What the repository's own pages promise: links that lead somewhere, the version, the engines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.template import PROJECT
from paidline.version import VERSION

PAGES = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("tests/**/README.md")]


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page

        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_leads_to_every_page_of_docs() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    # The table of store calls belongs to the page on performance.
    pages = {f"docs/{page.name}" for page in PROJECT.glob("docs/*.md")} - {"docs/store-calls.md"}

    assert pages <= set(re.findall(r"\]\(([^)#]+)", readme))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    if page.name == "decisions.md":
        pytest.skip("a log of its days, which may name what is gone")
    for name in re.findall(r"`(?:tests/)?((?:[a-z_]+/)+test_[a-z_]+\.py)`", page.read_text(encoding="utf-8")):
        assert (PROJECT / "tests" / name).is_file(), name


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}$", changelog, flags=re.M)[0] == VERSION
