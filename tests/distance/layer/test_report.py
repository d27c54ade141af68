import dataclasses

import numpy as np
import pytest
from distance.worlds import EXACT, gaussian, linear

from nbinterp import ClusterExplorer
from nbinterp.distance.stream.sampling import Sampled


@pytest.fixture(scope="module")
def world():
    data, _, _ = gaussian(3, 90)
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(size=(5, 3)), rng.normal(size=5)
    weight[4] = 0
    labels = np.repeat(["x", "y", "z"], 30)
    return data, weight, bias, EXACT.explain(linear(weight, bias), data, "0", clusters=labels)


def test_columns_are_distances_in_deviations(world):
    data, weight, bias, report = world
    z = data @ weight.T + bias
    found = report.columns(1, "0[3]")
    np.testing.assert_allclose(found["distance to 0[1]"], z[:, 1] / z[:, 1].std(), rtol=1e-5)
    np.testing.assert_allclose(found["distance to 0[3]"], z[:, 3] / z[:, 3].std(), rtol=1e-5)
    np.testing.assert_array_equal(
        report.columns(1, absolute=True)["distance to 0[1]"], abs(found["distance to 0[1]"])
    )


def test_columns_colour_a_map(world):
    data, _, _, report = world
    explorer = ClusterExplorer(data[:, :2], columns=report.columns(), color_by=None)
    assert explorer.color_by in report.columns()


def test_prototypes(world):
    report = world[-1]
    found = report.prototypes("y", n=3)
    assert len(found) == 3
    assert "0[4]" not in set(found["node"])
    with pytest.raises(ValueError, match="must be a cluster of this report"):
        report.prototypes("w")


def test_what_cannot_be_given_is_refused(world):
    report = world[-1]
    for node, words in (("h9", "must be a node of this layer"), (5, "must be at most"), (4, "var")):
        with pytest.raises(ValueError, match=words):
            report.columns(node)
    few = Sampled(4, *(part[::4] for part in (report.sampled.means,) * 2), report.sampled.codes)
    with pytest.raises(ValueError, match="only every 4th was kept"):
        dataclasses.replace(report, sampled=few).columns(0)


def test_it_is_frozen_and_says_what_it_is(world):
    report = world[-1]
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.name = "other"
    assert repr(report).startswith("DistanceReport(0: 5 nodes (4 live, 1 constant), 90 rows")
