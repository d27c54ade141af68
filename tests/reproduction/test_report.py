"""A claim is checked, a row that fails is named, and the committed report agrees with itself."""

import json
from pathlib import Path

import numpy as np
import pytest

from reproduction.__main__ import EXPERIMENTS
from reproduction.page import markdown, rows_of
from reproduction.report import (
    Row,
    above,
    agrees,
    below,
    between,
    failed,
    near,
    shown,
    table,
    told,
)

DOCS = Path(__file__).parents[2] / "docs"
STORED = json.loads((DOCS / "reproduction" / "rows.json").read_text())
ROWS = [row for section in STORED.values() for row in rows_of(section)]


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        (near("a", 0.16, 0.146, 0.03), True),
        (near("a", (0.1, 0.2), 0.15, 1e-3), True),
        (near("a", 0.18, 0.146, 0.03), False),
        (near("a", -1.5, -1.6, 0.2), True),
        (above("a", (0.1, -0.05), 0), True),
        (above("a", 0, 0), False),
        (below("a", -0.1, 0), True),
        (below("a", 0.1, -1e-5), False),
        (between("a", 4, 1, 4), True),
        (between("a", 4.1, 1, 4), False),
        (near("a", np.nan, 0.1, 0.03), False),
        (above("a", np.inf, 0), False),
        (above("a", (), 0), False),
        (told("a", np.nan, why="Not measured."), True),
    ],
    ids=lambda each: each.claim if isinstance(each, Row) else "",
)
def test_the_mean_is_held_against_the_claim(row, holds):
    assert row.agrees is holds
    assert failed([row]) == ([] if holds else [f"a: {shown(row)} is not {row.claim}"])


def test_what_fails_is_named():
    rows = [near("first", 0.1, 0.1, 0.03), near("second", (0.2, 0.3), 0.1, 0.03)]
    assert failed(rows) == ["second: 0.250 ± 0.050 is not within 0.03 of 0.1"]


def test_a_figure_that_moves_after_it_was_stored_no_longer_agrees():
    row = near("a", 0.14, 0.15, 0.03)
    assert agrees(row.claim, row.ours)
    assert not agrees(row.claim, (0.19,))


def test_a_claim_that_nobody_can_check_is_refused():
    with pytest.raises(ValueError, match="a claim must read like"):
        agrees("about as the paper", (1.0,))


def test_what_is_told_says_why():
    with pytest.raises(ValueError, match="must say why"):
        told("a", 1.0, why="")


def test_rows_as_a_table():
    rows = [
        near("10 | 100", (0.1, 0.2), 0.146, 0.03),
        above("b", -1, 0, "> 0", digits=1),
        told("c", 2, "3", why="Chance.", digits=0),
    ]
    assert table(rows).splitlines()[2:] == [
        "| 10 \\| 100 | 0.150 ± 0.050 | 0.146 | within 0.03 of 0.146 | yes |  |",
        "| b | -1.0 | > 0 | above 0 | **no** |  |",
        "| c | 2 | 3 | told, not asserted | – | Chance. |",
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_a_figure_of_the_report_is_as_it_claims(row):
    assert row.agrees is agrees(row.claim, row.ours)
    assert failed([row]) == []
    assert row.asserted or row.why


def test_the_page_shows_these_rows_and_no_others():
    assert (DOCS / "reproduction.md").read_text() == markdown(STORED)
    text = (DOCS / "reproduction.md").read_text()
    assert [row.what for row in ROWS if table([row]).splitlines()[2] not in text] == []


def test_every_experiment_and_plot_is_there():
    assert tuple(STORED) == EXPERIMENTS
    plots = {name for section in STORED.values() for name in section["plots"]}
    folder = {path.name for path in (DOCS / "reproduction").iterdir()}
    assert folder == plots | {"rows.json"}
