import numpy as np
import pytest
import torch
from distance.worlds import EXACT, gaussian, linear, rotation, whitening
from network.worlds import assert_same, state
from sklearn.mixture import GaussianMixture
from torch import nn

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.distance import LinearDistance


def finite(report):
    """Return whether no table has a NaN; infinite distances say that a node does not vary."""
    return not any(
        frame.select_dtypes("number").isna().any(axis=None)
        for frame in (report.nodes, report.clusters, report.layer)
    )


# Known answers of whitened data.


@pytest.mark.parametrize("turned", [False, True])
def test_a_whitening_layer_measures_the_mahalanobis_distance(turned):
    data, mean, covariance = gaussian()
    net = whitening(mean, covariance, rotation(4) if turned else None)
    report = EXACT.explain(net, data, "0")
    with torch.no_grad():
        distance = net(torch.as_tensor(data)).norm(dim=1).numpy()
    step = data - mean
    direct = np.sqrt(np.einsum("ij,ij->i", step @ np.linalg.inv(covariance), step))
    np.testing.assert_allclose(distance, direct, rtol=1e-10)
    np.testing.assert_allclose(report.nodes["plane_offset"], 0, atol=1e-12)
    np.testing.assert_allclose(report.nodes["unit_ratio"], 1, rtol=1e-12)
    figures = report.layer["value"]
    for name in ("whiteness", "sphericity", "centring", "residual", "mean_gap", "covariance_gap"):
        assert figures[name] < 1e-10, name
    np.testing.assert_allclose(report.gaussian.mean, mean, rtol=1e-10)
    np.testing.assert_allclose(report.gaussian.covariance, covariance, atol=1e-10)
    assert "rotation" in report.layer["meaning"]["covariance_gap"]


def test_only_without_a_rotation_lengths_are_eigenvalues():
    data, mean, covariance = gaussian()
    values = np.linalg.eigvalsh(covariance)
    plain = EXACT.explain(whitening(mean, covariance), data, "0").nodes
    np.testing.assert_allclose(plain["implied_variance"], values, rtol=1e-10)
    np.testing.assert_allclose(plain["component_cosine"], 1)
    np.testing.assert_allclose(plain["effective_components"], 1)
    assert plain["component"].tolist() == [3, 2, 1, 0]
    turned = EXACT.explain(whitening(mean, covariance, rotation(4)), data, "0").nodes
    assert (abs(turned["implied_variance"] / values - 1) > 0.05).any()
    np.testing.assert_allclose(turned["unit_ratio"], 1, rtol=1e-10)


def test_moments_of_distances_are_those_of_chi_squares():
    d, n = 5, 40_000
    data = np.random.default_rng(0).normal(size=(n, d))
    net = whitening(np.zeros(d), np.eye(d))
    report = EXACT.explain(net, data, "0")
    z = report.sampled.means.astype(float)
    squares = (z**2).sum(1)
    assert abs(np.abs(z).mean() - np.sqrt(2 / np.pi)) < 0.005
    assert abs(squares.mean() - d) < 0.1
    assert abs(squares.var() - 2 * d) < 0.5
    np.testing.assert_allclose(report.nodes["share_positive"], 0.5, atol=0.01)
    np.testing.assert_allclose(report.nodes["excess_kurtosis"], 0, atol=0.1)


def test_a_relu_pair_is_two_mirrors():
    data, mean, covariance = gaussian()
    one = whitening(mean, covariance)[0]
    weight, bias = one.weight.detach().numpy(), one.bias.detach().numpy()
    pairs = linear(np.r_[weight, -weight], np.r_[bias, -bias])
    nodes = EXACT.explain(pairs, data, "0").nodes
    assert nodes["mirror"].tolist() == [f"0[{i}]" for i in (4, 5, 6, 7, 0, 1, 2, 3)]
    with torch.no_grad():
        z = pairs(torch.as_tensor(data))
        both = z.relu()[:, :4] + z.relu()[:, 4:]
        torch.testing.assert_close(both, z[:, :4].abs())
        assert ((z.relu()[:, :4] > 0) & (z.relu()[:, 4:] > 0)).sum() == 0


@pytest.mark.parametrize("shift", [-2.0, 0.5])
def test_a_shift_moves_the_offset_and_a_scale_the_unit_ratio(shift):
    data, _, _ = gaussian()
    rng = np.random.default_rng(3)
    weight, bias = rng.normal(size=(3, 4)), rng.normal(size=3)
    plain = EXACT.explain(linear(weight, bias), data, "0").nodes
    moved = bias + shift * plain["deviation"].to_numpy()
    nodes = EXACT.explain(linear(weight, moved), data, "0").nodes
    np.testing.assert_allclose(nodes["plane_offset"], plain["plane_offset"] + shift, rtol=1e-9)
    scaled = EXACT.explain(linear(3 * weight, 3 * bias), data, "0").nodes
    np.testing.assert_allclose(scaled["unit_ratio"], 9 * plain["unit_ratio"], rtol=1e-9)
    np.testing.assert_allclose(scaled["plane_offset"], plain["plane_offset"], rtol=1e-9)


def test_xor_by_one_node():
    corners = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])
    net = linear([[0.5, 0.5]], [0.0])
    report = EXACT.explain(net, corners, "0", clusters=["same", "different", "different", "same"])
    assert abs(report.sampled.means[:, 0]).tolist() == [1, 0, 0, 1]
    row = report.clusters.set_index("cluster")
    assert report.nodes["prototype"].tolist() == ["different"]
    assert row["typical_distance"]["different"] == 0
    assert row["typical_distance"]["same"] == pytest.approx(np.sqrt(2))


def test_clusters_are_measured_in_their_own_deviations():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [300, 200, 100])
    data = rng.normal(size=(600, 3)) * np.array([1, 2, 5])[labels][:, None]
    data += 10 * labels[:, None]
    rng = np.random.default_rng(1)
    weight, bias = rng.normal(size=(4, 3)), rng.normal(size=4)
    report = EXACT.explain(linear(weight, bias), data, "0", clusters=labels)
    z = data @ weight.T + bias
    table = report.clusters.set_index(["cluster", "node"])
    for label in range(3):
        mine = z[labels == label]
        rows = table.loc[label]
        np.testing.assert_allclose(rows["offset"], mine.mean(0) / mine.std(0), rtol=1e-9)
        np.testing.assert_allclose(rows["share_positive"], (mine > 0).mean(0))
        typical = np.sqrt((mine**2).mean(0)) / z.std(0)
        np.testing.assert_allclose(rows["typical_distance"], typical, rtol=1e-9)
    nearest = table["distance"].unstack("cluster").idxmin(axis=1)
    assert report.nodes["prototype"].tolist() == nearest[report.nodes.index].tolist()
    assert report.prototypes(1, n=2)["distance"].is_monotonic_increasing


def test_batches_and_their_order_do_not_matter():
    data, mean, covariance = gaussian(n=301)
    net, labels = whitening(mean + 1, covariance, rotation(4)), np.arange(301) % 3
    whole = EXACT.explain(net, data, "0", clusters=labels)
    order = np.random.default_rng(0).permutation(301)
    small = LinearDistance(shrinkage=0.0, batch_size=7, random_state=0)
    again = small.explain(net, data[order], "0", clusters=labels[order])
    for one, other in ((whole.nodes, again.nodes), (whole.clusters, again.clusters)):
        numbers = one.select_dtypes("number")
        np.testing.assert_allclose(numbers, other[numbers.columns], rtol=1e-8, atol=1e-10)


def test_the_same_seed_gives_the_same_report():
    data, mean, covariance = gaussian()
    net = whitening(mean, covariance, rotation(4))
    one, other = (LinearDistance(random_state=3).explain(net, data, "0").nodes for _ in "ab")
    assert one.equals(other)


# Any module.


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 3)
        self.unused = nn.Linear(3, 2)

    def forward(self, x):
        return self.inner(self.inner(x))


@pytest.mark.parametrize("conv", ["patches", "means"])
@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3},
        {"kernel_size": 3, "padding": 1, "stride": 2},
        {"kernel_size": (2, 3), "dilation": 2, "padding": "same", "padding_mode": "circular"},
        {"kernel_size": 1, "groups": 2, "bias": False},
    ],
)
def test_convolutions_as_patches_or_means(conv, options):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 4, **options), nn.ReLU()).double()
    images = torch.randn(30, 2, 9, 8, dtype=torch.float64)
    report = LinearDistance(shrinkage=0.0, conv=conv, batch_size=8).explain(net, images, "0")
    with torch.no_grad():
        z = net[0](images).flatten(2).movedim(1, 2)
    rows = (z.mean(1) if conv == "means" else z.flatten(0, 1)).numpy()
    np.testing.assert_allclose(report.nodes["centre"], rows.mean(0), atol=1e-12)
    np.testing.assert_allclose(report.nodes["deviation"], rows.std(0), rtol=1e-9)
    np.testing.assert_allclose(report.sampled.means, z.mean(1), rtol=1e-5, atol=1e-6)
    assert report.layer["value"]["n_rows"] == len(rows)


def test_tokens_and_named_inputs():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(10, 6)
            self.mix = nn.Linear(6, 5)

        def forward(self, ids, mask):
            return self.mix(self.embed(ids) * mask[..., None]).sum(1)

    ids = np.random.default_rng(0).integers(0, 10, (40, 7))
    report = EXACT.explain(Tokens(), {"ids": ids, "mask": np.ones((40, 7))}, "mix")
    assert report.layer["value"]["n_rows"] == 280
    assert report.columns(0)["distance to mix[0]"].shape == (40,)


def test_one_dimension_and_half_precision():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(2, 3, 4), nn.Flatten(), nn.Linear(15, 2)).bfloat16()
    data = np.random.default_rng(0).normal(size=(50, 2, 8))
    for layer in ("0", "2"):
        assert finite(LinearDistance().explain(net, data, layer))


def test_the_model_is_restored():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(), nn.Linear(6, 2)).train()
    before, data = state(net), np.random.default_rng(0).normal(size=(30, 4))
    LinearDistance().explain(net, data, "3")
    assert_same(before, state(net))
    with pytest.raises(ValueError, match="must have one label per sample"):
        LinearDistance(batch_size=8).explain(net, data, "3", clusters=np.zeros(20))
    assert_same(before, state(net))
    assert net.training
    assert net[1].training
    assert all(parameter.grad is None for parameter in net.parameters())


# Clusters.


def test_clusters_of_a_local_corex():
    data, mean, covariance = gaussian(n=120)
    labels = np.repeat([0, 1], 60)
    local = LocalCorEx(LinearCorEx(n_factors=1), random_state=0).fit(data, clusters=labels)
    net = whitening(mean, covariance)
    one = EXACT.explain(net, data, "0", clusters=local).clusters
    assert one.equals(EXACT.explain(net, data, "0", clusters=labels).clusters)


def test_a_mixture_assigns_each_row_of_the_layer():
    rng = np.random.default_rng(0)
    images = torch.as_tensor(rng.normal(size=(40, 1, 4, 4)) + 8 * (np.arange(4) > 1))
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 3, 1)).double()
    rows = images.movedim(1, 3).reshape(-1, 1).numpy()
    mixture = GaussianMixture(2, means_init=[[0.0], [8.0]], random_state=0).fit(rows)
    report = EXACT.explain(net, images, "0", clusters=mixture)
    counts = report.clusters.groupby("cluster")["n_rows"].first()
    assert counts.tolist() == [320, 320]
    np.testing.assert_allclose(report.cluster_means, mixture.means_, atol=0.05)


def test_a_component_without_a_row_is_left_out():
    data = np.random.default_rng(0).normal(size=(50, 2))
    mixture = GaussianMixture(2, random_state=0).fit(np.r_[data, data + 100])
    report = EXACT.explain(linear(np.eye(2)), data, "0", clusters=mixture)
    assert len(report.cluster_names) == 1
    assert set(report.sampled.codes) == {0}


# Bad input.


def test_fewer_samples_than_dimensions():
    rng = np.random.default_rng(0)
    data, net = rng.normal(size=(6, 20)), linear(rng.normal(size=(30, 20)))
    report = LinearDistance().explain(net, data, "0", clusters=[0, 0, 0, 1, 1, 1])
    assert finite(report)
    assert np.isfinite(report.nodes["plane_offset"]).all()
    assert 0 < report.layer["value"]["shrinkage"] <= 1
    assert np.linalg.eigvalsh(report.planes.covariance)[0] > 0
    bare = EXACT.explain(net, data, "0")
    assert finite(bare)


def test_constant_features_and_rank_deficient_weights():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(100, 5))
    data[:, 3:] = 2.0
    weight = np.zeros((4, 5))
    weight[0, 3] = 1.0  # reads a constant only
    weight[1, 0] = 1.0
    weight[2] = 2 * weight[1]
    report = EXACT.explain(linear(weight, [-2.0, 0.5, 1.0, 3.0]), data, "0")
    assert finite(report)
    assert report.nodes["state"].tolist() == ["constant", "live", "live", "constant"]
    assert report.nodes["plane_offset"].tolist()[0] == 0  # the data lie in its plane
    assert report.nodes["plane_offset"].tolist()[3] == np.inf
    assert report.nodes["prototype"].tolist() == ["", "all", "all", ""]
    assert report.nodes["duplicate"].tolist() == ["", "0[2]", "0[1]", ""]
    assert report.layer["value"]["rank"] == 2
    assert "2 of 5 directions" in report.layer["meaning"]["covariance_gap"]


def test_all_constant():
    report = LinearDistance().explain(linear(np.eye(3), np.ones(3)), np.ones((10, 3)), "0")
    assert finite(report)
    assert report.nodes["state"].tolist() == ["constant"] * 3
    assert report.layer["value"]["n_constant"] == 3


def test_dead_nodes_and_nodes_that_are_always_on():
    data, mean, covariance = gaussian()
    layer = whitening(mean, covariance)
    with torch.no_grad():
        layer[0].bias += torch.tensor([0.0, -99.0, 99.0, 0.0])
    report = EXACT.explain(layer, data, "0")
    assert report.nodes["state"].tolist() == ["live", "dead", "always on", "live"]
    assert report.nodes["share_positive"].tolist()[1:3] == [0, 1]
    assert finite(report)


@pytest.mark.parametrize("shrinkage", ["oas", "ledoit_wolf", 0.0, 1.0])
def test_one_cluster_or_a_cluster_of_one(shrinkage):
    data, mean, covariance = gaussian(n=60)
    net = whitening(mean, covariance)
    explainer = LinearDistance(shrinkage=shrinkage)
    assert finite(explainer.explain(net, data, "0", clusters=np.zeros(60)))
    alone = explainer.explain(net, data, "0", clusters=np.r_[np.zeros(59, int), 1])
    assert finite(alone)
    assert np.isfinite(alone.clusters["offset"]).all()
    by_cluster = alone.clusters.set_index("cluster")
    # Without a spread of its own it is measured by that of the others.
    np.testing.assert_allclose(by_cluster["deviation"][1], by_cluster["deviation"][0], rtol=0.1)
    assert finite(explainer.explain(net, data, "0", clusters=np.arange(60)))


@pytest.mark.parametrize(
    ("options", "call", "words", "kind"),
    [
        ({"shrinkage": "lasso"}, {}, "must be one of 'oas'", ValueError),
        ({"shrinkage": 2.0}, {}, "must be at least 0 and at most 1", ValueError),
        ({"ridge": -1.0}, {}, "must be at least 0", ValueError),
        ({"conv": "pixels"}, {}, "must be one of 'patches'", ValueError),
        ({"n_random": 0}, {}, "must be at least 1", ValueError),
        ({}, {"layer": "2"}, "must be the name of a submodule", ValueError),
        ({}, {"layer": "1"}, "must be a Linear or a convolution, not ReLU", TypeError),
        ({}, {"clusters": [0, 1]}, "must have one label per sample", ValueError),
        ({}, {"clusters": np.zeros((9, 2))}, "must be one label per sample", ValueError),
        ({}, {"clusters": np.zeros(10)}, "must have one label per sample, 9", ValueError),
        ({}, {"clusters": GaussianMixture()}, "is not fitted", ValueError),
        ({}, {"data": np.full((9, 3), np.nan)}, "must be finite", ValueError),
        ({}, {"data": np.ones((1, 3))}, "at least 2 rows", ValueError),
        ({}, {"data": np.ones((0, 3))}, "at least one sample", ValueError),
        ({}, {"model": np.tanh}, "must be a torch.nn.Module", TypeError),
        ({}, {"model": Twice(), "layer": "inner"}, "run once", ValueError),
        ({}, {"model": Twice(), "layer": "unused"}, "it ran 0 times", ValueError),
    ],
)
def test_bad_arguments(options, call, words, kind):
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    given = {"model": model, "layer": "0", "data": np.ones((9, 3)), "clusters": None} | call
    model, layer, data, clusters = given.values()
    with pytest.raises(kind, match=words):
        LinearDistance(**options).explain(model, data, layer, clusters=clusters)


def test_what_the_network_makes_infinite_is_refused():
    class Blow(nn.Module):
        def forward(self, x):
            return x / 0

    net = nn.Sequential(Blow(), nn.Linear(3, 2))
    with pytest.raises(ValueError, match="must be finite numbers before and after the layer"):
        LinearDistance().explain(net, np.ones((9, 3)), "1")


def test_a_mixture_of_other_features_is_refused():
    mixture = GaussianMixture(1).fit(np.random.default_rng(0).normal(size=(20, 2)))
    with pytest.raises(ValueError, match="a mixture of inputs of the layer, 3 features"):
        LinearDistance().explain(linear(np.eye(3)), np.ones((9, 3)), "0", clusters=mixture)
