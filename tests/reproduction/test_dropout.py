"""Rows of Table 2 from a made-up study whose sums are known."""

import numpy as np
import pandas as pd

from reproduction.dropout import TABLE_2, table_rows


def measured(raised: dict[str, float]) -> pd.DataFrame:
    """Return three pairs whose dropout adds `raised` nats, with the paper's figures without."""
    rows = []
    for (hidden, layer), (plain, _) in TABLE_2.items():
        for pair, noise in enumerate((-0.5, 0.0, 0.5)):
            for rate in (0.0, 0.5):
                total = plain + noise + (raised[layer] if rate else 0.0)
                rows.append((hidden, layer, rate, pair, total, total + 1.0, 2.0 + rate))
    return pd.DataFrame(
        rows,
        columns=[
            "hidden", "layer", "dropout", "pair",
            "first_five", "total_correlation", "null_total_correlation",
        ],
    )  # fmt: skip


def test_the_directions_of_the_paper_agree() -> None:
    rows = table_rows(measured({"h1": -3.0, "h2": 40.0, "h3": 60.0}), quick=False)
    directions = [row for row in rows if "minus none" in row.what]
    assert len(directions) == 10
    assert all(row.agrees and row.asserted for row in directions)
    raw, above_null = directions[:2]
    np.testing.assert_allclose(raw.ours, -3.0)
    np.testing.assert_allclose(above_null.ours, -3.5)  # the null rises by half a nat


def test_a_reversed_direction_fails_by_name() -> None:
    rows = table_rows(measured({"h1": 3.0, "h2": -4.0, "h3": 60.0}), quick=False)
    failed = [row.what for row in rows if not row.agrees]
    assert "200-200, h1, dropout minus none: first five, nats" in failed
    assert "200-200, h2, dropout minus none: first five, nats" in failed
    assert "200-200-200, h3, dropout minus none: first five, nats" not in failed


def test_a_quick_run_asserts_the_rises_and_no_figure() -> None:
    rows = table_rows(measured({"h1": -3.0, "h2": 40.0, "h3": 60.0}), quick=True)
    asserted = [row.what for row in rows if row.asserted]
    assert len(asserted) == 6
    assert all("minus none" in what and ", h1," not in what for what in asserted)
    full = table_rows(measured({"h1": -3.0, "h2": 40.0, "h3": 60.0}), quick=False)
    assert len([row for row in full if row.asserted]) == 17  # and the seven figures that hold
