"""Random draws are made among the nodes that vary, one of each kind."""

import numpy as np
import pytest
import torch
from network.worlds import factors_of
from torch import nn

from nbinterp.network import ablated, ablation_study
from nbinterp.network.ablation.live_nodes import live_nodes, steps_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 5)).astype(np.float32)


def partly_dead(n_live=4, n_dead=20, n_equal=3):
    """The nodes of a layer: some live, some that are never on, and copies of the last live one."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(5, n_live + n_dead + n_equal), nn.ReLU(), nn.Linear(27, 3))
    with torch.no_grad():
        model[0].weight[n_live : n_live + n_dead] = 0
        model[0].bias[n_live : n_live + n_dead] = -1
        model[0].weight[n_live + n_dead :] = model[0].weight[n_live - 1]
        model[0].bias[n_live + n_dead :] = model[0].bias[n_live - 1]
    return model


def study_of(model, n_nodes, **asked):
    y = model(torch.from_numpy(X)).argmax(1).numpy()
    factors = factors_of([f"1[{i}]" for i in range(n_nodes)], RNG.random(n_nodes))
    return ablation_study(
        model, X, factors, layer="1", y=y, factor=0, random_state=0, progress=False, **asked
    )


def test_draws_leave_out_constant_and_equal_nodes():
    model = partly_dead()
    study = study_of(model, 27, sizes=[1, 3], n_random=60)
    assert study.n_left_out == 23
    assert "60 random draws without 23 constant or equal nodes" in repr(study)
    # One live node at a time: each draw is one of the four, and there is no fifth outcome.
    outcomes = []
    for node in range(4):
        with torch.no_grad(), ablated(model, "1", node):
            outcomes.append(model(torch.from_numpy(X)).mean(0).numpy())
    found = study.random[:, 0, 0, :3] + study.baseline[0, :3]
    nearest = np.abs(found[:, None] - np.array(outcomes)).max(axis=2)
    assert (nearest.min(axis=1) < 1e-4).all() and len(set(nearest.argmin(axis=1))) == 4
    assert np.abs(study.random[:, 0, 0, :3]).max(axis=1).min() > 1e-3


def test_sizes_that_cannot_be_drawn_are_refused_by_name():
    with pytest.raises(ValueError, match=r"sizes=\[2, 9\]\) must be at most .*, 4 of 27, or"):
        study_of(partly_dead(), 27, sizes=[2, 9], n_random=5)
    assert study_of(partly_dead(), 27, sizes=[2, 9], n_random=0).sizes == (2, 9)
    model = partly_dead(n_live=1, n_dead=26, n_equal=0)
    with torch.no_grad():
        model[0].bias[0] = -1e6
    with pytest.raises(ValueError, match="must vary over the samples, but all are constant"):
        study_of(model, 27, n_random=5)


@pytest.mark.parametrize(("width", "expected"), [(3, (1,)), (16, (5, 10)), (60, (5, 10, 20, 50))])
def test_default_sizes_fit_the_layer(width, expected):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(5, width), nn.Tanh(), nn.Linear(width, 3))
    assert study_of(model, width, n_random=3).sizes == expected


def test_default_sizes_leave_draws_to_choose_from():
    for n_live in range(2, 80):
        sizes = steps_of(None, n_live, 100)
        assert len(sizes) > 0 and min(sizes) > 0 and max(sizes) < n_live


def test_equal_nodes_are_found_in_every_order_and_up_to_rounding():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        own = rng.normal(size=(50, 6))
        column = rng.integers(0, 6, 30)
        values = own[:, column] * (1 + 1e-7 * rng.normal(size=(50, 30)))
        expected = sorted(np.unique(column, return_index=True)[1])
        found = live_nodes(values.astype(np.float32), [np.array([at]) for at in range(30)])
        assert found.tolist() == expected


def test_a_channel_is_constant_only_if_its_whole_map_is():
    maps = np.zeros((10, 3, 2))
    maps[:, 1, 1] = np.arange(10)
    assert live_nodes(maps, [np.arange(2), np.arange(2, 4), np.arange(4, 6)]).tolist() == [1]


def test_small_differences_of_small_nodes_count():
    values = np.stack([1e6 * RNG.normal(size=40), *1e-3 * RNG.normal(size=(2, 40))], axis=1)
    assert live_nodes(values, [np.array([at]) for at in range(3)]).tolist() == [0, 1, 2]
