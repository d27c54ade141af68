"""The identities of linear layers as distances, and the rows of a sensitivity study."""

import numpy as np
import torch
from torch import nn

from nbinterp.distance import sensitivity_study
from reproduction.distance import identity_rows, outlier_rows, sensitivity_rows


def test_identities_hold_for_other_gaussians() -> None:
    for seed in (3, 4):
        rows = identity_rows(np.random.default_rng(seed))
        assert len(rows) >= 14
        assert [row.what for row in rows if not row.agrees] == []


def test_a_wrong_distance_is_seen() -> None:
    """The check must fail where the layer is off by little."""
    rows = identity_rows(np.random.default_rng(3))
    exact = [row for row in rows if row.what.startswith("Largest difference")]
    assert all(row.ours[0] < 1.0 for row in exact)  # of 1e-12, where 100 is allowed


def test_outliers_are_found_as_often_as_the_theory_says() -> None:
    (row,) = outlier_rows(np.random.default_rng(0), 1000)
    assert row.agrees
    assert 0.7 < row.ours[0] < 0.8


def test_scaling_the_last_layer_changes_nothing_but_the_bias() -> None:
    torch.manual_seed(0)
    model = nn.Sequential()
    model.add_module("h1", nn.Sequential())
    model.h1.add_module("norm", nn.Linear(6, 8))
    model.add_module("h2", nn.Sequential(nn.ReLU()))
    model.h2.add_module("norm", nn.Linear(8, 8))
    model.add_module("tail", nn.Sequential(nn.ReLU(), nn.Linear(8, 3)))
    x = np.random.default_rng(0).normal(size=(100, 6)).astype(np.float32)
    y = np.arange(100) % 3
    rows = {}
    for layer in ("h1.norm", "h2.norm"):
        study = sensitivity_study(
            model.eval(),
            x,
            layer=layer,
            y=y,
            nodes=[0],
            scales=(0.01, 10.0),
            random_state=0,
            progress=False,
        )
        rows[layer] = sensitivity_rows(study)
    folded = {
        layer: next(row for row in found if "folded out" in row.what)
        for layer, found in rows.items()
    }
    assert folded["h2.norm"].asserted and folded["h2.norm"].agrees
    assert not folded["h1.norm"].asserted and folded["h1.norm"].ours[0] > 1e-3
