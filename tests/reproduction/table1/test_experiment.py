"""Figures equal to the paper's agree with every claim; a figure that moves fails, by name."""

import numpy as np
import pandas as pd
import pytest

from reproduction.report import failed
from reproduction.table1.experiment import rows
from reproduction.table1.paper import cells


@pytest.fixture
def as_printed():
    """A table of measurements, of two replicates, with the figures of the paper."""
    keys = ["overlap", "n_samples", "method", "alpha"]
    printed = pd.DataFrame(cells()).pivot_table(index=keys, columns="measure", values="figure")
    once = printed.reset_index().assign(purity=0.97, partition=3.0, fits=1.0)
    once.loc[once.method.str.contains("Bio"), "fits"] = 9.0
    return pd.concat([once.assign(replicate=replicate) for replicate in (0, 1)])


def place(found, n_samples, overlap, method, alpha):
    same = (found.n_samples == n_samples) & (found.overlap == overlap)
    return same & (found.method == method) & (found.alpha == alpha)


def test_the_papers_own_figures_agree(as_printed):
    found = rows(as_printed, quick=False)
    assert failed(found) == []
    assert len(found) > 28 * 8


def test_a_figure_that_moves_fails(as_printed):
    moved = place(as_printed, 100, "nondisjoint", "Bio", 1.0)
    as_printed.loc[moved, "top AUC"] -= 0.04
    assert [line.split(":")[0] for line in failed(rows(as_printed, quick=False))] == [
        "100 nondisjoint, Bio, α = 1"
    ]
    assert failed(rows(as_printed, quick=True)) == []  # of fewer replicates less is claimed


def test_draws_that_differ_much_claim_less(as_printed):
    wide = place(as_printed, 10, "disjoint", "Linear", 1.0)
    as_printed.loc[wide, "top AUC"] += [-0.04, 0.06]
    claims = {row.what: row.claim for row in rows(as_printed, quick=False)}
    figure = "10 disjoint, Linear, α = 1"
    error = np.std([-0.04, 0.06], ddof=1) * np.sqrt(1 / 2 + 1 / 16)
    assert claims[f"{figure}: top AUC"] == f"within {3 * error:.3f} of 0.548"
    assert claims[f"{figure}: group AUC"] == "within 0.03 of 0.505"


def test_local_fits_that_are_no_better_fail(as_printed):
    local = place(as_printed, 1000, "disjoint", "Local Linear", 1.0)
    as_printed.loc[local, "group cosine"] = 0.42
    assert "1,000 disjoint, α = 1: group cosine of Linear minus Local Linear" in {
        row.what for row in rows(as_printed, quick=True) if not row.agrees
    }


def test_nothing_is_claimed_where_regions_match_by_chance(as_printed):
    told = {row.what for row in rows(as_printed, quick=False) if not row.asserted}
    assert "1,000 disjoint, Local Linear, α = 0: group cosine" in told
    assert "10 disjoint, Bio, α = 1: group cosine" in told
    assert "10,000 disjoint, Local Linear, α = 0: group cosine" not in told
    assert "10 disjoint, Bio, α = 1: group AUC" not in told
    assert "10 disjoint, Linear, α = 1: group AUC" not in told
    # Local at α = 0, 13 of 14 kinds × 4 measures; two cosines at n = 10, of two global methods
    # at two α and two local ones at α = 1, in two worlds; and a purity.
    assert len(told) == (14 - 1) * 4 + 2 * (2 * 2 + 2) * 2 + 1
