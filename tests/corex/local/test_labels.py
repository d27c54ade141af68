"""Classes as columns of a fit: named, at the end, and known as labels wherever factors are used."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA

from nbinterp import (
    BioCorEx,
    FactorSlider,
    InteractionHeatmap,
    LinearCorEx,
    LocalCorEx,
    ablation_study,
    load,
    perturb,
    record,
    save,
)

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 3, 240)
X = RNG.normal(size=(240, 8))
X[:, :3] += 2.0 * (Y == 1)[:, None]  # the first three tell class 1 from the others
REGION = np.repeat([0, 1], 120)
NAMES = [f"x{i}" for i in range(8)] + ["class 0", "class 1", "class 2"]


def fit(corex=None, x=X, y=Y, clusters=REGION, class_names=None, **options):
    corex = LinearCorEx(2) if corex is None else corex
    local = LocalCorEx(corex, PCA(3), random_state=0, **{"label_columns": True} | options)
    return local.fit(x, y, clusters=clusters, class_names=class_names)


@pytest.fixture(scope="module")
def local():
    return fit()


def test_classes_are_the_last_columns(local):
    for cluster in local.clusters_:
        assert cluster.feature_names == NAMES
        assert cluster.label_names == NAMES[8:]
        assert cluster.n_labels == 3
        shared = cluster.mutual_information_[0]
        assert {"x0", "x1", "x2", "class 1"} <= set(cluster.top_nodes(0, 5))
        assert shared[9] == shared[8:].max() > 3 * cluster.null_mutual_information_
        signs = np.sign(cluster.correlation_[0])
        assert signs[9] == signs[0]  # the class is where the nodes are large


def test_it_is_the_fit_of_data_and_one_hot_columns(local):
    joined = np.hstack([X, np.eye(3)[Y]])
    alone = LinearCorEx(2, random_state=0).fit(joined[REGION == 1])
    np.testing.assert_allclose(
        local.clusters_[1].mutual_information_, alone.mutual_information_, atol=1e-4
    )
    selected = local.fit_selection(REGION == 1)
    assert selected.label_names == NAMES[8:]
    assert selected.total_correlation_ == pytest.approx(alone.total_correlation_, abs=1e-6)
    assert len(selected.stable_) == 2


def test_clusters_map_and_prediction_do_not_see_the_labels():
    with_labels = fit(clusters=None, n_clusters=2)
    without = fit(clusters=None, n_clusters=2, label_columns=False)
    np.testing.assert_array_equal(with_labels.labels_, without.labels_)
    np.testing.assert_array_equal(with_labels.map_, without.map_)
    np.testing.assert_array_equal(with_labels.predict(X), without.predict(X))
    np.testing.assert_array_equal(fit().predict(X), fit(label_columns=False).predict(X))
    assert without.clusters_[0].label_names == []
    assert without.clusters_[0].feature_names == NAMES[:8]


def test_new_samples_need_no_label(local):
    cluster = local.clusters_[0]
    joined = np.hstack([X, np.eye(3)[Y]])
    known, unknown = cluster.transform(joined), cluster.transform(X)
    # Without a label, the nodes of the factor tell where the sample is.
    assert np.corrcoef(known[:, 0], unknown[:, 0])[0, 1] > 0.8
    hidden = np.where(np.arange(11) < 8, joined, np.nan)
    np.testing.assert_array_equal(unknown, cluster.transform(hidden))


@pytest.mark.parametrize(
    ("y", "class_names", "names"),
    [
        (np.array(["no", "yes", "maybe"])[Y], None, ["class maybe", "class no", "class yes"]),
        (Y, ["zero", "one", "two"], ["zero", "one", "two"]),
        (Y + 4, [f"kind {i}" for i in range(9)], ["kind 4", "kind 5", "kind 6"]),
        (Y == 1, None, ["class True"]),
        (Y.astype(float), None, ["class 0.0", "class 1.0", "class 2.0"]),
        (Y == 1, ["others", "ones"], ["ones"]),
    ],
    ids=["texts", "named", "named, some missing", "two", "floats", "two, named"],
)
def test_names_of_classes(y, class_names, names):
    found = fit(LinearCorEx(1), y=y, class_names=class_names, n_splits=0).clusters_[0]
    assert found.label_names == names
    # Two classes are one column: the first would be its opposite, and the pair an empty factor.
    assert found.mutual_information_.shape == (1, 8 + len(names))


def test_bio_corex_takes_labels_as_discrete():
    corex = BioCorEx(2, n_restarts=2, progress=False)
    found = fit(corex, n_splits=0)
    assert found.clusters_[0].label_names == NAMES[8:]
    joined = np.hstack([X, np.eye(3)[Y]])[REGION == 0]
    marginals = ["gaussian"] * 8 + ["discrete"] * 3
    alone = BioCorEx(2, marginals=marginals, n_restarts=2, random_state=0, progress=False)
    np.testing.assert_array_equal(
        found.clusters_[0].mutual_information_, alone.fit(joined).mutual_information_
    )
    assert corex.marginals == "gaussian"
    assert {"x0", "x1", "x2", "class 1"} <= set(found.clusters_[0].top_nodes(0, 5))


def test_nodes_with_labels_are_moved_and_ablated_as_nodes_alone(tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(8, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))
    data = X.astype(np.float32)
    nodes = record(model, data, "1", progress=False).concat("1")
    factors = fit(LinearCorEx(2), x=nodes).clusters_[0]
    moved = perturb(model, data, factors, layer="1", progress=False)
    assert moved.at([1.0, 0.0]).outputs.shape == (1, 3)
    study = ablation_study(
        model, data, factors, layer="1", y=Y, factor=0, sizes=[2], n_random=5, progress=False
    )
    assert study.sizes == (2,)
    heatmap = InteractionHeatmap(factors)
    state = heatmap.get_state()
    assert state["_nodes"][-3:] == ["class 0", "class 1", "class 2"]
    assert state["_outputs"] == 3
    assert FactorSlider(moved).snapshot().startswith(b"\x89PNG")
    save(factors, tmp_path / "factors.safetensors")
    assert load(tmp_path / "factors.safetensors").label_names == ["class 0", "class 1", "class 2"]


def test_labels_of_a_table_are_the_outputs_of_the_heatmap(local):
    state = InteractionHeatmap(local.clusters_[0]).get_state()
    assert state["_nodes"][-3:] == ["class 0", "class 1", "class 2"]
    assert state["_outputs"] == 3


def test_it_is_saved_with_its_labels(tmp_path):
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    local = LocalCorEx(LinearCorEx(2), label_columns=True, random_state=0)
    local.fit(frame, Y, clusters=REGION)
    save(local, tmp_path / "local.safetensors")
    again = load(tmp_path / "local.safetensors")
    assert again.label_columns is True
    one, other = again.fit_selection(range(90)), local.fit_selection(range(90))
    assert one.label_names == other.label_names
    np.testing.assert_array_equal(one.mutual_information_, other.mutual_information_)
    np.testing.assert_array_equal(again.predict(frame), local.predict(frame))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"y": None}, ValueError, r"LocalCorEx.fit must be given y, .* Pass fit\(X, y\)"),
        ({"y": Y[:5]}, ValueError, r"LocalCorEx.fit\(y=.* 240"),
        ({"y": X[:, 0]}, ValueError, "must be classes, not numbers with fractions. Cut numbers"),
        (
            {"y": np.arange(240)},
            ValueError,
            "not 240 different values in 240 samples",
        ),
        ({"class_names": ["a", "b"]}, ValueError, "must name the 3 classes of y. Pass one name"),
        (
            {"class_names": ["a", "x0", "b"]},
            ValueError,
            "from the names of the columns. Rename 'x0",
        ),
        ({"class_names": ["a", "a", "b"]}, ValueError, "different from one another .* Rename one"),
        ({"label_columns": "yes"}, TypeError, r"LocalCorEx\(label_columns='yes'\) must be True or"),
        (
            {"label_columns": False, "class_names": ["a", "b", "c"]},
            ValueError,
            "must be left out with label_columns=False",
        ),
    ],
)
def test_refusals(options, error, words):
    with pytest.raises(error, match=words):
        fit(**options)


def test_without_the_setting_y_is_ignored():
    """As scikit-learn wants of an estimator that learns without a truth."""
    one, other = fit(y=Y, label_columns=False), fit(y=None, label_columns=False)
    np.testing.assert_array_equal(
        one.clusters_[0].mutual_information_, other.clusters_[0].mutual_information_
    )
