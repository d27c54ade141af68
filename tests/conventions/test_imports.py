"""Imports of the package are declared in pyproject.toml, and loaded only where needed."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from conventions.fresh import Done

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "nbinterp"

FIRST_LINE = "from nbinterp import LocalCorEx, ClusterExplorer, record, Workbench"
# PyTorch and scikit-learn are needed at import, and bring NumPy, SciPy's statistics and pandas.
LATER = {
    "PIL",
    "altair",
    "jsonschema",
    "linearcorex",
    "matplotlib",
    "nbclient",
    "nbconvert",
    "nbformat",
    "phate",
    "safetensors",
    "scipy.cluster",
    "shapiq",
    "sklearn.cluster",
    "sklearn.covariance",
    "sklearn.datasets",
    "sklearn.decomposition",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.mixture",
    "sklearn.neighbors",
    "sklearn.preprocessing",
    "torch._dynamo",
    "torch._inductor",
    "vl_convert",
}
DISTRIBUTIONS = {
    "lazy_loader": "lazy-loader",
    "pil": "pillow",
    "sklearn": "scikit-learn",
    "vl_convert": "vl-convert-python",
}


# Tell what a Python has loaded.
TELL = "import sys; print(*sys.modules)"


def test_the_first_line_of_a_notebook_loads_no_more_than_it_needs(
    in_fresh_python: Callable[[str], Done],
) -> None:
    for code in ("", FIRST_LINE):
        done = in_fresh_python(f"{code}\n{TELL}")
        assert done.returncode == 0, done.stderr
        loaded = set(done.stdout.split())
        assert loaded & LATER == set()
        assert ("nbinterp" in loaded) == bool(code)


def test_the_package_alone_loads_no_torch() -> None:
    code = f"import nbinterp, nbinterp.server; {TELL}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"torch", "numpy", "sklearn"} == set()


def test_names_and_packages_are_found(in_fresh_python: Callable[[str], Done]) -> None:
    code = "import nbinterp; nbinterp.corex.LocalCorEx; from nbinterp import *; link, datasets"
    done = in_fresh_python(f"{code}\n{TELL}")
    assert done.returncode == 0, done.stderr
    assert {"nbinterp.corex", "nbinterp.datasets", "nbinterp.views"} <= set(done.stdout.split())


def _third_party(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the distributions that a module imports, and those of them it needs at its import."""
    always: set[str] = set()
    found: set[str] = set()
    inner = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        tops = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"nbinterp"}
        told = {DISTRIBUTIONS.get(top.lower(), top.lower()) for top in tops}
        found |= told
        if id(node) not in inner:
            always |= told
    return found, always


def _declared(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", text, maxsplit=1)[0].lower() for text in requirements}


def test_what_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = _declared(project["dependencies"])
    extras = project["optional-dependencies"]
    asked_for = needed | _declared(extras["lab"] + extras["reference"])
    pinned = _declared((ROOT / "constraints.txt").read_text().splitlines())
    undeclared = {}
    for path in PACKAGE.rglob("*.py"):
        found, always = _third_party(ast.parse(path.read_text()))
        undeclared[str(path.relative_to(ROOT))] = (always - needed) | (found - asked_for)
    assert {path: names for path, names in undeclared.items() if names} == {}
    assert asked_for <= pinned
