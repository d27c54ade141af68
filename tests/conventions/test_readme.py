"""The code in the README runs, and its links exist."""

import ast
import re
from pathlib import Path

import pytest

import nbinterp
from nbinterp import ClusterFactors

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
def test_the_loop_runs() -> None:
    scope: dict = {}
    loop, fit = BLOCKS[:2]
    exec(loop, scope)
    exec(fit, scope)
    assert isinstance(scope["factors"], ClusterFactors)


def test_the_loop_is_ten_lines() -> None:
    assert len([line for line in BLOCKS[0].splitlines() if line]) <= 10


def test_imported_names_exist() -> None:
    for block in BLOCKS:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                home = nbinterp if node.module == "nbinterp" else nbinterp.datasets
                assert [each.name for each in node.names if not hasattr(home, each.name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#]+)\)", prose)
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []
