"""Run the papers' experiments: ``python -m reproduction [--quick] [--only table1 mnist]``.

Writes docs/reproduction.md with its plots and numbers. Exits with 1 if a figure leaves the
tolerance that its row claims.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

from reproduction import page
from reproduction.report import failed

ROOT = Path(__file__).parents[1]
EXPERIMENTS = (
    "table1",
    "communities",
    "mnist",
    "network",
    "dropout",
    "primitives",
    "smoothhess",
    "distance",
)


def main(arguments: list[str] | None = None) -> int:
    """Run the experiments that are asked for, and write the report after each."""
    options = _options(arguments)
    report = page.Report(ROOT / "docs", EXPERIMENTS)
    for name in EXPERIMENTS if options.only is None else options.only:
        code = page.fingerprint(ROOT, name)
        if options.only is None and report.holds(name, code, options.quick):
            _say(f"{name}: kept, it ran with this code and these settings")
            continue
        _say(f"{name}: runs")
        begin = time.perf_counter()
        try:
            section = importlib.import_module(f"reproduction.{name}").run(options.quick)
        except FileNotFoundError as missing:
            _say(f"{name}: left out. {missing}")
            continue
        seconds = time.perf_counter() - begin
        report.take(name, section, page.Run.here(options.quick, seconds, code))
        _say(f"{name}: {seconds:.0f} s, {len(failed(section.rows))} rows fail")
    if report.stored:
        report.write_page()
    lost = failed(report.rows())
    for line in lost:
        _say(line)
    return 1 if lost else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m reproduction", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer replicates, in five minutes")
    parser.add_argument(
        "--only",
        nargs="*",
        metavar="NAME",
        help=f"run these again and keep the others; none: write the page. {', '.join(EXPERIMENTS)}",
    )
    options = parser.parse_args(arguments)
    for name in options.only or ():
        if name not in EXPERIMENTS:
            parser.error(f"--only {name} must name experiments: {', '.join(EXPERIMENTS)}")
    return options


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
