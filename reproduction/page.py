"""The report on disk: rows.json, and docs/reproduction.md with its plots, made of it."""

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import torch

from reproduction.report import Row, Section, failed, table

# What a figure depends on, beside the module of its experiment.
_COMPUTES = ("corex", "datasets", "distance", "interactions", "manifold", "network", "_numerics")
_PACKAGES = ("torch", "numpy", "scipy", "scikit-learn")
_LONG = 40  # rows of a table that is folded away at first
_HEAD = """\
# The papers, reproduced

The experiments of the papers behind nbinterp, run with its public functions: our figures beside
those that the papers print. Written by `make reproduce`, or in five minutes, with fewer
replicates and wider tolerances, by `make reproduce QUICK=1`.

The papers: *Local CorEx*, Kerby, White and Moon 2024, "Exploring higher-order neural network node
interactions with total correlation", [arXiv 2402.04440](https://arxiv.org/abs/2402.04440), R1 to
R5; *interaction primitives*, Chen et al. 2024,
[arXiv 2401.16318](https://arxiv.org/abs/2401.16318), R6; *SmoothHess*, Torop et al. 2023,
[arXiv 2311.00858](https://arxiv.org/abs/2311.00858), R7; *distances*, Oursland 2024,
[arXiv 2410.19352](https://arxiv.org/abs/2410.19352), R8.

How to read the tables: *ours* is a single figure, or the mean of replicates ± its standard error.
*Claim* is what must hold of it. A test checks each claim against the figures of this page. Where
nothing is asserted, *why* says why not.
"""


@dataclass(frozen=True)
class Run:
    """When, how and on what a section was run."""

    date: str
    quick: bool
    seconds: float
    machine: str
    code: str

    @classmethod
    def here(cls, quick: bool, seconds: float, code: str) -> Self:
        """Describe a run that ends now, on this machine."""
        return cls(time.strftime("%Y-%m-%d"), quick, round(seconds, 1), machine(), code)


class Report:
    """The sections that were run so far; the files are rewritten after each.

    Parameters
    ----------
    folder : Path
        Where reproduction.md goes, and the folder reproduction/ with the plots and rows.json.
    order : sequence of str
        The names of all experiments, in the order of the page.
    """

    def __init__(self, folder: Path, order: Sequence[str]) -> None:
        self.folder = folder
        self.order = order
        path = folder / "reproduction" / "rows.json"
        self.stored: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def holds(self, name: str, code: str, quick: bool) -> bool:
        """Return whether a section was run with this code and these settings."""
        run = self.stored.get(name, {}).get("run", {})
        return bool(run) and (run["code"], run["quick"]) == (code, quick)

    def rows(self) -> list[Row]:
        """Return the rows of all sections."""
        return [row for section in self.stored.values() for row in rows_of(section)]

    def take(self, name: str, section: Section, run: Run) -> None:
        """Put a section in the place of its last run, and write everything."""
        plots = self.folder / "reproduction"
        plots.mkdir(parents=True, exist_ok=True)
        for old in self.stored.get(name, {}).get("plots", ()):
            (plots / old).unlink(missing_ok=True)
        written = []
        for stem, plot in section.plots.items():
            suffix, content = rendered(plot)
            (plots / f"{stem}.{suffix}").write_bytes(content)
            written.append(f"{stem}.{suffix}")
        self.stored[name] = {
            "title": section.title,
            "text": section.text,
            "run": asdict(run),
            "plots": written,
            "rows": [asdict(row) for row in section.rows],
        }
        self.stored = {each: self.stored[each] for each in self.order if each in self.stored}
        lines = json.dumps(self.stored, ensure_ascii=False, indent=1)
        (plots / "rows.json").write_text(lines + "\n")
        self.write_page()

    def write_page(self) -> None:
        """Write the page again, from the rows that are stored."""
        (self.folder / "reproduction.md").write_text(markdown(self.stored))


def rows_of(stored: dict[str, Any]) -> list[Row]:
    """Return the rows of a stored section."""
    return [Row(**{**row, "ours": tuple(row["ours"])}) for row in stored["rows"]]


def markdown(stored: dict[str, Any]) -> str:
    """Return the page that shows the stored sections."""
    parts = [_HEAD, _overview(stored)]
    for section in stored.values():
        parts += [f"## {section['title']}\n", section["text"].strip() + "\n"]
        parts += [f"![{name}](reproduction/{name})\n" for name in section["plots"]]
        rows = rows_of(section)
        shown = table(rows) + "\n"
        if len(rows) > _LONG:
            shown = f"<details><summary>All {len(rows)} figures</summary>\n\n{shown}\n</details>\n"
        parts.append(shown)
    return "\n".join(parts)


def _overview(stored: dict[str, Any]) -> str:
    """Return the table of sections: what was run on what, and how much of it agrees."""
    machines = list(dict.fromkeys(section["run"]["machine"] for section in stored.values()))
    lines = [
        "| section | run | date | seconds | on | claims that hold |",
        "|---|---|---|---|---|---|",
    ]
    for section in stored.values():
        run, rows = section["run"], [row for row in rows_of(section) if row.asserted]
        cells = (
            section["title"],
            "quick" if run["quick"] else "full",
            run["date"],
            f"{run['seconds']:.0f}",
            str(machines.index(run["machine"]) + 1),
            f"{len(rows) - len(failed(rows))} of {len(rows)}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    told = [f"{number}. {machine}" for number, machine in enumerate(machines, 1)]
    return "\n".join([*lines, "", "On:", "", *told, ""])


def rendered(plot: Any) -> tuple[str, bytes]:
    """Return the suffix and the bytes of a plot's file."""
    if isinstance(plot, bytes):
        return "png", plot
    import vl_convert  # slow to load, and only the report needs it

    svg: str = vl_convert.vegalite_to_svg(plot.to_dict())
    return "svg", svg.encode()


def machine() -> str:
    """Describe what computes here: processor, cores, threads, versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [f"{_processor()}, {cores} cores, {torch.get_num_threads()} threads"]
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    parts.append(f"Python {platform.python_version()}")
    parts += [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
    return "; ".join(parts)


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def fingerprint(root: Path, name: str) -> str:
    """Return a digest of the code that the figures of an experiment come from."""
    own = root / "reproduction" / name
    files: list[Path] = [own.with_suffix(".py"), *own.rglob("*.py")]
    shared = {
        module
        for path in files
        if path.exists()
        for module in re.findall(r"from reproduction\.(\w+)", path.read_text())
    }
    # The report shows figures, and makes none.
    files += [root / "reproduction" / f"{module}.py" for module in shared - {"report"}]
    for part in _COMPUTES:
        files += (root / "nbinterp" / part).rglob("*.py")
    return digest(sorted({path for path in files if path.exists()}), root)


def digest(files: Iterable[Path], root: Path) -> str:
    """Return a digest of files: of their names and what they hold."""
    total = hashlib.sha256()
    for path in files:
        total.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return total.hexdigest()[:16]
