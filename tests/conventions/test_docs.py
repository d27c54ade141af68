"""The pages for developers describe the tree correctly."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
FROM_ROOT = r"(?<![\w./-])(?:nbinterp|widgets|tests|docs|tutorials)/[\w./-]*\w"
WIRE = {"nbinterp/views/base", "widgets/src/shared"}
BLOCKS = re.findall(r"```\n(.*?)```", ARCHITECTURE, re.DOTALL)
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    text = page.read_text()
    paths = set(re.findall(FROM_ROOT, text))
    paths |= set(re.findall(r"`([\w./-]+/[\w.-]+\.\w+)`", text))
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def _journeys() -> list[list[tuple[str, str]]]:
    """Return the steps of each journey: a folder, and what is said of the files in it."""
    section = ARCHITECTURE.split("## Three journeys")[1].split("\n## ")[0]
    step = re.compile(r"^\d+\. `([\w/]+)`: (.*?)(?=^\d+\. |^\n|\Z)", re.DOTALL | re.MULTILINE)
    return [
        step.findall(journey)
        for journey in re.split(r"^\*\*From ", section, flags=re.MULTILINE)[1:]
    ]


def test_files_of_journeys_are_in_their_folders() -> None:
    steps = [step for journey in _journeys() for step in journey]
    named = [(folder, name) for folder, text in steps for name in re.findall(r"`(\w+\.\w+)`", text)]
    assert len(named) > 40
    assert [each for each in named if not (ROOT / each[0] / each[1]).is_file()] == []


def test_a_journey_passes_a_folder_once() -> None:
    """But for the wire, which a question and its answer pass in opposite directions."""
    assert len(_journeys()) == 3
    for journey in _journeys():
        folders = [folder for folder, _ in journey if folder not in WIRE]
        assert len(folders) > 5
        assert sorted(folders) == sorted(set(folders))


def test_the_tree_has_every_package() -> None:
    found = _folders_of_the_tree()
    there = {path.parent.relative_to(ROOT) for path in (ROOT / "nbinterp").rglob("__init__.py")}
    assert there - found == set()
    assert [str(path) for path in sorted(found) if not (ROOT / path).exists()] == []


def test_the_layers_are_those_that_are_checked() -> None:
    layers, inside = BLOCKS[1:3]
    outer = [layer.replace("nbinterp.", "") for layer in CONTRACTS[0]["layers"]]
    assert layers.split("\n")[:-1] == outer
    stated = dict(re.split(r"\s{2,}", line) for line in inside.strip().split("\n"))
    checked = {
        contract["containers"][0].removeprefix("nbinterp."): " → ".join(contract["layers"])
        for contract in CONTRACTS
        if "containers" in contract
    }
    assert stated == checked


def _folders_of_the_tree() -> set[Path]:
    """Return the folders and files that the drawn tree lists."""
    found, above = set(), [Path()]
    for line in BLOCKS[0].strip("\n").split("\n"):
        indent, name = re.match(r"( *)([\w.]+/?)", line).groups()
        depth = len(indent) // 2
        path = above[depth] / name
        above[depth + 1 :] = [path]
        found.add(path)
    return found
