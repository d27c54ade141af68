import numpy as np
import pytest
import torch

from nbinterp.distance import LinearDistance
from nbinterp.views.charts.projections import MOST_CLUSTERS, Projection


@pytest.fixture(scope="module")
def report():
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 3
    data = rng.normal(size=(600, 3)) + 3 * labels[:, None]
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4))
    return LinearDistance(random_state=0).explain(net, data, "0", clusters=labels)


def test_nearest_first_in_deviations_of_the_data(report):
    found = Projection.of(report, [1])
    rows = report.clusters[report.clusters["node"] == "0[1]"].sort_values("distance")
    assert found.names == [str(cluster) for cluster in rows["cluster"]]
    z = report.sampled.means[:, 1] / report.planes.deviation[1]
    np.testing.assert_allclose(found.values[:, 0], z, rtol=1e-6)
    summary = found.summary()
    for code, name in enumerate(found.names):
        assert summary["mean"][code] == pytest.approx(z[np.arange(600) % 3 == int(name)].mean())


def test_a_histogram_has_all_of_each_cluster_and_no_bin_on_both_sides(report):
    bins = Projection.of(report, [0]).histogram()
    shares = bins.groupby("cluster")["share"].sum()
    assert (shares > 0.99).all()
    assert not ((bins["left"] < -1e-9) & (bins["right"] > 1e-9)).any()


def test_ellipses_lie_two_deviations_out(report):
    found = Projection.of(report, [0, 2])
    rings = found.ellipses()
    for code, name in enumerate(found.names):
        mine = found.values[found.codes == code]
        inverse = np.linalg.inv(np.cov(mine.T, bias=True))
        step = rings.loc[rings["cluster"] == name, ["x", "y"]].to_numpy() - mine.mean(0)
        np.testing.assert_allclose(np.einsum("ij,jk,ik->i", step, inverse, step), 4, rtol=1e-8)
    assert set(found.points()["cluster"]) == set(found.names)


def test_some_points_of_every_cluster_are_drawn_where_clusters_take_turns():
    codes = np.arange(3000) % 2
    values = np.random.default_rng(0).normal(size=(3000, 2))
    found = Projection(["a", "b"], ["even", "odd"], values, codes).points()
    assert len(found) == 1500
    assert found["cluster"].value_counts().min() > 600


def test_a_selection_is_a_cluster_more(report):
    found = Projection.of(report, [0, 1], np.array([5, 9]))
    assert found.names[-1] == "selection"
    np.testing.assert_array_equal(found.values[-2:], found.values[[5, 9]])
    assert (found.codes[-2:] == 3).all()


def test_of_many_clusters_the_nearest_are_drawn_and_one_of_one_has_no_ellipse():
    data = np.random.default_rng(0).normal(size=(40, 2))
    net = torch.nn.Sequential(torch.nn.Linear(2, 2))
    report = LinearDistance().explain(net, data, "0", clusters=np.arange(40))
    found = Projection.of(report, [0, 1])
    assert len(found.names) == MOST_CLUSTERS
    assert (found.codes >= 0).sum() == MOST_CLUSTERS
    assert found.ellipses().empty


def test_clusters_of_two_nodes_are_in_their_natural_order():
    data = np.random.default_rng(0).normal(size=(60, 2))
    labels = np.array([f"cluster {k % 12}" for k in range(60)])
    net = torch.nn.Sequential(torch.nn.Linear(2, 2))
    report = LinearDistance().explain(net, data, "0", clusters=labels)
    found = Projection.of(report, [0, 1])
    assert found.names == [f"cluster {k}" for k in range(12)]
    means = [data[labels == name].mean(0) for name in found.names]
    planes = report.planes.deviation[:2]
    weight, bias = (each.detach().numpy() for each in net[0].parameters())
    for code, mean in enumerate(means):
        mine = found.values[found.codes == code].mean(0)
        np.testing.assert_allclose(mine, (weight @ mean + bias) / planes, rtol=1e-4, atol=1e-4)
