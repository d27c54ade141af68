"""With and without fast paths, every study gives the same up to rounding."""

import numpy as np
import pytest
from network.worlds import Conv, Skip, factors_of, normed, plain, seeded
from torch import nn

from nbinterp.distance import sensitivity_study
from nbinterp.interactions import SmoothHess
from nbinterp.interactions.smooth import first_layer
from nbinterp.network import ablation_study, fast_paths, perturb
from nbinterp.network.subject import forward
from nbinterp.network.subject.fast_paths import fast_paths_enabled
from nbinterp.network.subject.graph import tail_behind

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(90, 6)).astype(np.float32)
Y = GENERATOR.integers(0, 3, 90)
WORLDS = {plain: ("0", 8), normed: ("0", 8), Skip: ("layer", 6), Conv: ("conv", 4)}


@pytest.mark.parametrize("make", WORLDS)
def test_networks(make):
    layer, n = WORLDS[make]
    data = X if make is not Conv else np.tile(X, 6).reshape(90, 1, 6, 6)
    model = seeded(make).eval()
    factors = factors_of([f"{layer}[{i}]" for i in range(n)], GENERATOR.random((2, n)))

    def found():
        ablation = ablation_study(
            model, data, factors, layer=layer, y=Y, sizes=(1, 3), n_random=7, random_state=0
        )
        shown = perturb(model, data, factors, layer=layer).at([[1.0, -2.0], [0.0, 3.0]])
        moved = sensitivity_study(model, data, layer=layer, shifts=[1], scales=[2], n_random=2,
                                  random_state=0)  # fmt: skip
        return [ablation.change, ablation.random, shown.outputs, shown.hidden, moved.node_shift]

    fast = found()
    with fast_paths(False):
        for one, other in zip(fast, found(), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_smooth_hess():
    model = seeded(lambda: nn.Sequential(nn.Linear(6, 20), nn.Softplus(), nn.Linear(20, 1)))
    smooth = SmoothHess(sigma=0.5, n_samples=4000, random_state=0, progress=False)
    fast = smooth.explain(model, X[:2], target=0)
    with fast_paths(False):
        plainly = smooth.explain(model, X[:2], target=0)
    np.testing.assert_allclose(fast.hessian, plainly.hessian, atol=1e-4)
    np.testing.assert_allclose(fast.gradient, plainly.gradient, atol=1e-5)


def test_without_fast_paths_nothing_is_proven_or_used(monkeypatch):
    model, asked = seeded(plain).eval(), []

    def spy(*args):
        asked.append(args)
        return tail_behind(*args)

    monkeypatch.setattr(forward, "tail_behind", spy)
    monkeypatch.setattr(first_layer, "tail_behind", spy)
    factors = factors_of([f"0[{i}]" for i in range(8)], GENERATOR.random((2, 8)))

    def run():
        ablation_study(model, X, factors, layer="0", y=Y, sizes=(2,), n_random=3, progress=False)
        SmoothHess(n_samples=100, progress=False).explain(model, X[:1], target=0)

    with fast_paths(False):
        run()
    assert not asked
    run()
    assert len(asked) == 2


def test_the_innermost_block_decides_then_the_environment(monkeypatch):
    assert fast_paths_enabled()
    with fast_paths(False), pytest.raises(KeyboardInterrupt), fast_paths(True):
        assert fast_paths_enabled()
        raise KeyboardInterrupt
    with fast_paths(False):
        assert not fast_paths_enabled()
    monkeypatch.setenv("NBINTERP_FAST_PATHS", "0")
    assert not fast_paths_enabled()
    with fast_paths(True):
        assert fast_paths_enabled()
    with (
        pytest.raises(TypeError, match=r"^fast_paths\(enabled=1\) must be True or False"),
        fast_paths(1),
    ):
        pass
