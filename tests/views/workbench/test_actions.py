"""Interactions of a table whose columns have different units."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from views.page import Page

from nbinterp import LinearCorEx, LocalCorEx, Workbench, record

SCALE = np.array([1.0, 1e-3, 1.2e4], np.float32)
NAMES = ["age", "rate", "income"]


class Product(nn.Module):
    """Its second logit is the product of two inputs, each in units of its own spread."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second
        self.layer = nn.Tanh()

    def forward(self, x):
        z = self.layer(x / torch.from_numpy(SCALE) / 10) * 10
        both = z[:, self.first] * z[:, self.second]
        return torch.stack([-both, both], dim=1) + 0 * z[:, :2]


def bench_of(model, data):
    clusters = np.arange(len(data)) % 2
    nodes = record(model, data, "layer").concat("layer", output=True)
    local = LocalCorEx(LinearCorEx(1, random_state=0)).fit(nodes, clusters=clusters)
    return Workbench(model, data, layer="layer", local=local, progress=False)


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_the_true_pair_is_found_with_the_sign_it_has_and_by_name(pair):
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32) * SCALE
    data = pd.DataFrame(x, columns=NAMES, index=np.arange(60)[::-1] / 2)  # rows count, not labels
    bench = bench_of(Product(*pair), data)
    page = Page(bench)
    answers = record(Product(*pair), data, "layer").output.argmax(axis=1)
    for sample in (int(np.flatnonzero(answers)[0]), int(np.flatnonzero(answers == 0)[0])):
        bench.sample = sample
        assert bench.wait(20)
        chart = page.state["_interactions"]
        bar = chart["bars"][0]
        assert bar["label"] == " × ".join(NAMES[at] for at in pair)
        # The answer is explained: of the other class it is minus the product.
        assert (bar["value"] > 0) == answers[sample] and abs(bar["value"]) > 3 * bar["high"]
        for other in chart["bars"][1:]:
            assert abs(other["value"]) < 0.2 * abs(bar["value"])
        assert "smoothing deviation" in chart["unit"]
        shown = bench.pairs.describe()
        assert all(NAMES[at] in shown for at in pair)
        # The bar is the second derivative in units of sigma.
        found = bench.interactions
        step = found.sigma[pair[0]] * found.sigma[pair[1]]
        assert bar["value"] == pytest.approx(found.hessian[0][pair] * step, rel=1e-3)
        assert found.to_frame(1)[["first", "second"]].iloc[0].tolist() == [NAMES[k] for k in pair]
    space = {"model": Product(*pair), "data": data, "local": bench.explorer.source}
    exec(bench.code, space)
    np.testing.assert_allclose(space["interactions"].hessian, found.hessian, rtol=1e-4, atol=1e-9)
    assert space["interactions"].feature_names == tuple(NAMES)


def test_constant_columns_are_told():
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32) * SCALE)
    data[1] = 0.5
    with pytest.warns(UserWarning, match="has 1 constant inputs, such as number 1"):
        bench = bench_of(Product(0, 2), data)
    bench.sample = 3
    assert bench.wait(20) and np.isfinite(bench.interactions.hessian).all()
