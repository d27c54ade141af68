import numpy as np
import pytest

from nbinterp.views.workbench.bars import interaction_chart


def test_the_bars_are_those_of_the_study(bench, page):
    bench.select(range(40))
    frame = bench.ablation.to_frame()
    chart = next(c for c in page.state["_ablation"]["charts"] if c["factor"] == bench.factor)
    row = frame[(frame["factor"] == bench.factor) & (frame["size"] == chart["size"])].iloc[0]
    bar = chart["bars"][0]
    assert bar["label"] == row["group"] == bench.ablation.groups[0]
    assert bar["value"] == pytest.approx(100 * row["change"], abs=1e-3)
    assert (bar["low"], bar["high"]) == pytest.approx(
        (100 * row["chance_lower"], 100 * row["chance_upper"]), abs=1e-3
    )
    assert bar["beyond"] is bool(row["corrected_rank"] <= 0.05)
    for one in page.state["_ablation"]["charts"]:
        assert one["unstable"] is not bool(bench.factors.stable_[one["factor"]])
    values = [bar["value"] for bar in chart["bars"][1:]]
    assert values == sorted(values)


def test_pairs_come_with_their_noise(bench):
    bench.select(range(40))
    found = bench.interactions
    chart = interaction_chart(found, 3, "logit 1", None)
    i, j = chart["bars"][0]["pair"]
    upper = np.triu_indices(6, 1)
    assert abs(found.hessian[0][i, j]) == np.abs(found.hessian[0][upper]).max()
    assert chart["bars"][0]["high"] == pytest.approx(1.96 * found.standard_error[0][i, j], rel=1e-3)
