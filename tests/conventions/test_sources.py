"""Conventions of the source files."""

import ast
import importlib.util
import re
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conventions.fresh import Done
from sklearn.base import BaseEstimator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "nbinterp"
PAPERS = ROOT / "reproduction"
PYTHON = sorted(
    path for folder in (PACKAGE, PAPERS, ROOT / "tests") for path in folder.rglob("*.py")
)
TYPESCRIPT = sorted(
    path for folder in ("src", "tests") for path in (ROOT / "widgets" / folder).rglob("*.ts")
)
SOURCES = PYTHON + TYPESCRIPT
# Folders of tests that are about the project as a whole.
OF_THE_WHOLE = {"benchmarks", "browser", "conventions", "faults"}
WITHOUT_A_SOURCE = {
    "corex/test_estimators.py": "all estimators of the folder, under scikit-learn's own checks",
    "manifold/test_device.py": "transfers and memory of a whole fit",
    "manifold/test_estimator.py": "the estimator under scikit-learn's own checks",
    "network/differential/test_functions.py": "all functions of random networks, by plain passes",
    "network/test_any_network.py": "networks of other kinds, through all functions of the folder",
    "package/test_kernel_threads.py": "the package in a real kernel",
    "views/every_view/test_closing.py": "what a closed view frees, of every view",
    "views/every_view/test_fuzzed_pages.py": "what a page may send, to every view",
    "views/every_view/test_hostile_pages.py": "what a page may set, of every view",
}
VAGUE = {"utils", "helpers", "misc", "common"}


def test_files_are_small() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in SOURCES}
    assert {str(path): n for path, n in lengths.items() if n > 400} == {}
    assert statistics.median(n for n in lengths.values() if n > 3) <= 150


def test_folders_are_small() -> None:
    """At most 14 entries of source or tests, but for the roots, whose folders mirror each other."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    built = ("/static/", "docs/reproduction/")
    lines = listed.stdout.splitlines()
    paths = [Path(line) for line in lines if not any(part in line for part in built)]
    entries: dict[str, set[str]] = {}
    for path in paths:
        for folder in path.parents:
            entries.setdefault(folder.as_posix(), set()).add(path.relative_to(folder).parts[0])
    most = {".": 18, "nbinterp": 18, "tests": 16}
    crowded = {name: len(held) for name, held in entries.items() if len(held) > most.get(name, 14)}
    assert crowded == {}


def test_names_say_what_is_inside() -> None:
    assert [path for path in SOURCES if VAGUE & {path.stem, *path.parent.parts[-2:]}] == []


def _mirrored(test: Path) -> str:
    """Return the source that `test` is about, without the underscores of private names."""
    path = (test.parent / test.name.removeprefix("test_")).as_posix()
    return path.removeprefix("package/")  # the modules at the root of the package


def test_every_test_file_mirrors_a_source_file() -> None:
    """tests/corex/test_bio.py is about nbinterp/corex/bio.py, and so at any depth.

    Tests of the papers' experiments are in tests/reproduction, as reproduction lies at the root.
    """
    sources = {
        "/".join(part.removeprefix("_") for part in path.relative_to(PACKAGE).parts)
        for path in PACKAGE.rglob("*.py")
    }
    sources |= {path.relative_to(ROOT).as_posix() for path in PAPERS.rglob("*.py")}
    tests = {path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    alone = {
        test.as_posix()
        for test in tests
        if test.parts[0] not in OF_THE_WHOLE and _mirrored(test) not in sources
    }
    assert alone == set(WITHOUT_A_SOURCE)


def _raises(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            call = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            found.append(ast.unparse(call))
    return found


def test_only_checks_raises_on_arguments() -> None:
    offenders = {
        str(path.relative_to(ROOT)): names
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).as_posix() != "_checks/errors.py"
        and (
            names := [
                n for n in _raises(ast.parse(path.read_text())) if n in {"ValueError", "TypeError"}
            ]
        )
    }
    assert offenders == {}


def test_public_names_are_documented() -> None:
    import nbinterp

    for name in nbinterp.__all__:
        thing = getattr(nbinterp, name)
        text = thing.__doc__ or ""
        assert len(text) > 40, f"{name} has no docstring"
        if isinstance(thing, type) and issubclass(thing, BaseEstimator):
            for section in ("Parameters", "Attributes", "References", "Examples"):
                assert section in text, f"{name} has no section {section}"
        if name in {"ClusterExplorer", "InteractionHeatmap"}:
            assert "How to read it" in text, name


@pytest.mark.parametrize(
    "pattern", [r"Install " + "CUDA", r"\binner" + "HTML", r"pickle\.load", r"https?://(cdn|unpkg)"]
)
def test_what_never_goes_in(pattern: str) -> None:
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "widgets" / "src").rglob("*.ts")]
    assert [str(path) for path in files if re.search(pattern, path.read_text())] == []


def test_import_is_quiet_and_light(in_fresh_python: Callable[[str], Done]) -> None:
    code = """
import sys
import numpy, torch
before = (numpy.random.get_state()[1].tobytes(), torch.initial_seed())
sys.modules["phate"] = sys.modules["linearcorex"] = None
import nbinterp
after = (numpy.random.get_state()[1].tobytes(), torch.initial_seed())
assert before == after, "importing set a global seed"
"""
    assert in_fresh_python(code) == (0, "", "")


def test_hooks_are_registered_in_one_place() -> None:
    registers = re.compile(r"\.register_(module_)?(full_)?(forward|backward)\w*hook\(")
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if registers.search(path.read_text())
    }
    assert found == {"network/subject/hooks.py"}


def _private_uses(path: Path) -> list[str]:
    """Return the names with a leading underscore that a file takes from other objects."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    imported = [
        f"{node.module}.{one.name}"
        for node in imports
        for one in node.names
        if re.match("_[^_]", one.name) and node.module != "nbinterp"  # whose modules may have one
    ]
    return imported + [
        ast.unparse(node)
        for node in nodes
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})
    ]


def test_tests_use_public_names() -> None:
    """A test of a private attribute breaks where nothing that a user sees has changed."""
    tests = (ROOT / "tests").rglob("*.py")
    used = {str(path.relative_to(ROOT)): names for path in tests if (names := _private_uses(path))}
    assert used == {}, (
        "Assert a public fact: what tests/views/page.py reads of a view, a result, a file. "
        "Or make the name public."
    )


def test_benchmarks_find_what_they_import() -> None:
    """``make bench`` runs for an hour: that a script cannot begin must show before."""
    lost = []
    for script in (ROOT / "tests/benchmarks").glob("*/bench_*.py"):
        nodes = ast.walk(ast.parse(script.read_text()))
        named = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
        for name in named:
            top = name.split(".")[0]
            if (ROOT / "tests" / top).is_dir():
                path = ROOT / "tests" / name.replace(".", "/")
                found = path.is_dir() or path.with_suffix(".py").is_file()
            else:
                found = importlib.util.find_spec(top) is not None
            if not found:
                lost.append(f"{script.name}: {name}")
    assert lost == []
