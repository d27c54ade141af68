"""PHATE as users call it: structure found, seeds, new samples, other input types, bad input."""

import numpy as np
import pandas as pd
import phate
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import kneighbors_graph

from nbinterp._numerics.kmeans import k_means
from nbinterp.manifold import PHATE, graph
from nbinterp.manifold import phate as phate_module
from nbinterp.manifold.kernel import THRESHOLD


def gaussians(n_each: int, apart: float, p: int = 10, n_groups: int = 2):
    random = np.random.RandomState(0)
    labels = np.repeat(np.arange(n_groups), n_each)
    return random.standard_normal((len(labels), p)) + apart * labels[:, None], labels


def quick(**settings):
    return PHATE(**{"random_state": 0, "progress": False, **settings})


def spread(embedding):
    """Distances between samples as a share of the largest: free of position and orientation."""
    apart = np.linalg.norm(embedding[:, None] - embedding, axis=2)
    return apart / apart.max()


@pytest.mark.parametrize("n_landmarks", [None, 40])
def test_two_separate_gaussians_are_two_clusters(n_landmarks):
    data, labels = gaussians(80, 10)
    embedding = quick(n_landmarks=n_landmarks).fit_transform(data)
    found = k_means(embedding, 2, random_state=0).labels.numpy()
    assert max((found == labels).mean(), (found != labels).mean()) == 1


@pytest.mark.parametrize("n_landmarks", [None, 40])
def test_same_seed_same_map(n_landmarks):
    data, _ = gaussians(60, 3)
    one, two = (quick(n_landmarks=n_landmarks).fit(data) for _ in range(2))
    np.testing.assert_array_equal(one.embedding_, two.embedding_)
    if n_landmarks:
        other = quick(n_landmarks=n_landmarks, random_state=1).fit(data)
        assert not np.array_equal(one.embedding_, other.embedding_)


def test_scale_and_shift_of_the_data_change_nothing():
    data, _ = gaussians(50, 3)
    map_ = quick().fit_transform(data)
    np.testing.assert_allclose(quick().fit_transform(1000 * data - 50), map_, atol=1e-3)


def test_units_are_those_of_potentials():
    data, _ = gaussians(60, 3, p=3)
    ours = quick(n_components=20, t=4).fit(data)
    package = phate.PHATE(t=4, n_pca=None, verbose=0).fit(data)
    potentials = package.diff_potential
    true = np.linalg.norm(potentials[:, None] - potentials, axis=2)
    map_ = np.linalg.norm(ours.embedding_[:, None] - ours.embedding_, axis=2)
    misfit = np.linalg.norm(map_ - true) / np.linalg.norm(true)
    assert misfit == pytest.approx(ours.stress_, rel=1e-2)
    assert misfit < 0.02


@pytest.mark.parametrize("n_landmarks", [None, 120])
def test_agrees_with_the_package(n_landmarks, capfd):
    data, _ = gaussians(60, 4, n_groups=3)
    # Singular values, which the package takes, choose another t where the walk is not symmetric.
    settings = {"n_components": 3, "n_landmarks": n_landmarks, "t": 8 if n_landmarks else "auto"}
    ours, theirs = quick(**settings).fit(data), quick(**settings, engine="phate").fit(data)
    assert abs(ours.t_ - theirs.t_) <= 2
    assert ours.stress_ <= theirs.stress_
    correlation = np.corrcoef(spread(ours.embedding_).ravel(), spread(theirs.embedding_).ravel())
    assert correlation[0, 1] > 0.98
    assert theirs.transform(data[:5]).shape == (5, 3)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("n_landmarks", [None, 30])
def test_new_samples_are_kernel_means(n_landmarks):
    data, _ = gaussians(60, 2, p=4)
    new = np.random.RandomState(1).standard_normal((7, 4))
    fitted = quick(n_landmarks=n_landmarks).fit(data)
    if n_landmarks is None:
        for row, placed in zip(new, fitted.transform(new), strict=True):
            apart = np.linalg.norm(data - row, axis=1)
            weights = np.exp(-((apart / np.sort(apart)[4]) ** 40))
            weights[weights < THRESHOLD] = 0
            expected = weights @ fitted.embedding_ / weights.sum()
            np.testing.assert_allclose(placed, expected, atol=1e-9)
    again = fitted.transform(data)
    size = np.linalg.norm(fitted.embedding_, axis=1).mean()
    assert np.linalg.norm(again - fitted.embedding_, axis=1).mean() < 0.5 * size


def test_stress_falls_with_dimensions_and_below_classic():
    data, _ = gaussians(80, 2)
    low, high = quick(n_components=2).fit(data), quick(n_components=6).fit(data)
    assert high.stress_ < low.stress_
    assert low.stress_ < quick(mds="classic").fit(data).stress_


def test_automatic_t_is_the_knee_and_a_number_is_itself():
    data, _ = gaussians(60, 3)
    automatic = quick().fit(data)
    assert automatic.von_neumann_entropy_.shape == (100,)
    assert (np.diff(automatic.von_neumann_entropy_) <= 1e-12).all()
    chosen = quick(t=automatic.t_).fit(data)
    np.testing.assert_array_equal(chosen.embedding_, automatic.embedding_)


@pytest.mark.parametrize(
    "convert",
    [
        torch.as_tensor,
        pd.DataFrame,
        np.asfortranarray,
        lambda data: data.astype(np.float32),
        lambda data: torch.as_tensor(data).float().requires_grad_(),
    ],
)
def test_input_types_agree(convert):
    data, _ = gaussians(40, 4)
    np.testing.assert_allclose(
        spread(quick().fit_transform(convert(data))), spread(quick().fit_transform(data)), atol=1e-3
    )


def test_images_of_bytes():
    images = np.random.RandomState(0).randint(0, 256, (60, 64)).astype(np.uint8)
    np.testing.assert_allclose(
        quick().fit_transform(images), quick().fit_transform(images.astype(float)), atol=0.05
    )


def test_names_of_columns_and_pandas_output():
    data, _ = gaussians(30, 3)
    map_ = quick().set_output(transform="pandas").fit_transform(pd.DataFrame(data))
    assert list(map_.columns) == ["phate0", "phate1"]


@pytest.mark.filterwarnings("ignore:.*all samples at one point:UserWarning")
@pytest.mark.parametrize("n_landmarks", [None, 10])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data * 0,
        lambda data: np.repeat(data[:3], 20, axis=0),
        lambda data: np.concatenate([data[:20], np.repeat(data[:1], 40, axis=0)]),
        lambda data: np.column_stack([data, np.full(60, 7.0), data[:, 0]]),
        lambda data: data * 1e-200,
        lambda data: data * 1e150,
        lambda data: data[:, :1],
    ],
    ids=["one point", "three points", "crowd", "constant column", "tiny", "huge", "one column"],
)
def test_odd_data_give_a_finite_map(spoil, n_landmarks):
    data, _ = gaussians(30, 3)
    fitted = quick(n_landmarks=n_landmarks, max_iter=3000).fit(spoil(data))
    assert np.isfinite(fitted.embedding_).all()
    assert 0 <= fitted.stress_ <= 1
    assert np.isfinite(fitted.transform(spoil(data)[:4])).all()


def test_smallest_samples():
    assert quick(n_neighbors=1, n_components=1).fit_transform([[0.0], [1.0]]).shape == (2, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_neighbors": 20}, r"PHATE\(n_neighbors=20\) must be at most the number of other"),
        ({"n_components": 20}, r"PHATE\(n_components=20\) must be at most"),
        ({"n_components": 0}, r"PHATE\(n_components=0\) must be at least 1"),
        ({"decay": 0}, r"PHATE\(decay=0\) must be above 0"),
        ({"gamma": 2}, r"PHATE\(gamma=2\) must be"),
        ({"t": 0}, r"PHATE\(t=0\) must be at least 1"),
        ({"n_pca": 0}, r"PHATE\(n_pca=0\) must be at least 1"),
        ({"n_landmarks": 2}, r"PHATE\(n_landmarks=2\) must be at least 3"),
        ({"mds": "nonmetric"}, r"PHATE\(mds='nonmetric'\) must be one of"),
        ({"engine": "umap"}, r"PHATE\(engine='umap'\) must be one of"),
        ({"device": "tpu?"}, r"PHATE\(device='tpu\?'\) must be"),
    ],
)
def test_refuses_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        quick(**settings).fit(np.random.RandomState(0).standard_normal((20, 3)))


def test_refuses_a_t_of_another_type():
    with pytest.raises(TypeError, match=r"PHATE\(t='knee'\) must be a whole number"):
        quick(t="knee").fit(np.zeros((20, 3)))


@pytest.mark.parametrize(
    "data", [np.zeros((1, 3)), [[np.nan] * 2] * 9, [[np.inf] * 2] * 9, [["a"] * 2] * 9, [1.0] * 9]
)
def test_refuses_data(data):
    with pytest.raises(ValueError, match=r"PHATE\.fit\(X="):
        quick().fit(data)


def test_refuses_other_columns_and_an_unfitted_transform():
    data, _ = gaussians(20, 3)
    with pytest.raises(NotFittedError, match="PHATE is not fitted yet"):
        quick().transform(data)
    with pytest.raises(ValueError, match="Pass the same columns as in fit"):
        quick().fit(data).transform(data[:, :3])


def test_a_failed_fit_leaves_the_last_one():
    data, _ = gaussians(20, 3)
    fitted = quick().fit(data)
    before = fitted.embedding_
    with pytest.raises(ValueError, match="refused"):
        fitted.fit(np.full((20, 3), np.nan))
    assert fitted.embedding_ is before
    assert fitted.n_features_in_ == 10


def test_nothing_of_an_earlier_fit_stays():
    data, _ = gaussians(20, 3)
    fitted = quick().fit(pd.DataFrame(data).add_prefix("x"))
    fitted.set_params(engine="phate").fit(data)
    assert not hasattr(fitted, "n_iter_")
    assert not hasattr(fitted, "feature_names_in_")
    assert fitted.transform(data[:2]).shape == (2, 2)
    assert fitted.set_params(engine="torch").fit(data).n_iter_ > 0
    assert np.isfinite(fitted.transform(data[:2])).all()


def test_unconverged_scaling_says_so():
    data, _ = gaussians(40, 1)
    with pytest.warns(ConvergenceWarning, match="Use a larger max_iter"):
        assert not quick(max_iter=1).fit(data).converged_


def test_distances_given_are_as_good_as_features():
    data, _ = gaussians(50, 3)
    apart = np.linalg.norm(data[:, None] - data, axis=2)
    fitted = quick(metric="precomputed").fit(apart)
    expected = quick(n_pca=None).fit(data)
    np.testing.assert_allclose(fitted.embedding_, expected.embedding_, atol=1e-3)
    new = np.random.RandomState(1).standard_normal((5, 10))
    to_data = np.linalg.norm(new[:, None] - data, axis=2)
    np.testing.assert_allclose(fitted.transform(to_data), expected.transform(new), atol=1e-3)


def test_neighbours_given_are_as_good_as_features():
    data, _ = gaussians(50, 3)
    near = kneighbors_graph(data, 60, mode="distance")
    fitted = quick(metric="precomputed").fit(near)
    expected = quick(n_pca=None).fit(data)
    np.testing.assert_allclose(fitted.embedding_, expected.embedding_, atol=1e-3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones((20, 19)), "must be square"),
        (-np.ones((20, 20)), "must hold no negative distances"),
        (kneighbors_graph(np.eye(20), 3, mode="distance"), "must list at least 5 neighbours"),
        (np.full((20, 20), np.nan), "NaN"),
        (np.exp(-np.square(np.subtract.outer(range(20), range(20)))), "look like similarities"),
        (np.eye(20) * 9 + 1, r"must hold 0 as the distance of each sample from itself, not 10"),
        (csr_array(np.eye(20) + 0.5), "Pass distances, such as 1 - similarity"),
        (
            kneighbors_graph(np.arange(20)[:, None], 6),
            r"all that are stored are 1.*mode='distance'",
        ),
    ],
)
def test_refuses_distances(given, message):
    with pytest.raises(ValueError, match=message):
        quick(metric="precomputed").fit(given)


def test_copies_of_rows_are_one_point_and_change_nothing():
    data, _ = gaussians(60, 3)
    copies = np.random.RandomState(3).permutation(np.repeat(np.arange(120), 5))
    _, first = np.unique(copies, return_index=True)
    order = copies[np.sort(first)]  # the order in which the distinct rows come
    apart = np.linalg.norm(data[:, None] - data, axis=2)
    new = np.random.RandomState(1).standard_normal((5, 10))
    to_data = np.linalg.norm(new[:, None] - data, axis=2)
    for n_landmarks in [30, 200, None]:
        fitted, expected = (quick(n_landmarks=n_landmarks) for _ in range(2))
        expected.fit(data[order])
        np.testing.assert_array_equal(
            fitted.fit(data[copies]).embedding_,
            expected.embedding_[np.argsort(order)[copies]],
        )
        np.testing.assert_array_equal(fitted.transform(new), expected.transform(new))
        given, distinct = (quick(n_landmarks=n_landmarks, metric="precomputed") for _ in range(2))
        distinct.fit(apart[np.ix_(order, order)])
        np.testing.assert_array_equal(
            given.fit(apart[np.ix_(copies, copies)]).embedding_,
            distinct.embedding_[np.argsort(order)[copies]],
        )
        np.testing.assert_array_equal(
            given.transform(to_data[:, copies]), distinct.transform(to_data[:, order])
        )


def test_fewer_distinct_rows_than_neighbours_are_all_neighbours():
    fitted = quick().fit(np.repeat([[0.0, 0], [1, 0], [0, 3]], 2000, axis=0))
    assert len(np.unique(fitted.embedding_, axis=0)) == 3
    assert fitted.to_state()["graph"].kernel.shape == (3, 3)


def test_many_rows_of_few_whole_numbers_are_as_cheap_as_their_distinct_rows():
    data = np.random.RandomState(0).randint(0, 4, size=(30_000, 3))
    kernel_ = quick(t=5).fit(data).to_state()["graph"].kernel
    assert kernel_.shape == (64, 64)


def test_one_column_of_many_numbers_is_searched_exactly():
    """Neighbours are closer than rounding in float32, so products cannot find them."""
    data = np.sort(np.random.RandomState(0).standard_normal((25_000, 1)), axis=0)
    made = graph.graph_of_features(
        torch.as_tensor(data), None, 5, 40, np.random.RandomState(0), exact=False
    )
    assert made.recall == 1
    rows, columns = made.kernel.indices()
    assert (rows - columns).abs().max() < 60
    assert made.kernel.values().numel() < 25_000 * 13


def test_the_package_takes_no_distances():
    with pytest.raises(ValueError, match=r"PHATE\(metric='precomputed'\) must be 'euclidean'"):
        quick(metric="precomputed", engine="phate").fit(1 - np.eye(20))


def test_a_second_fit_reuses_what_did_not_change(monkeypatch):
    data, _ = gaussians(60, 3)
    calls = []
    for name in ("graph_of_features", "walk_on"):
        original = getattr(phate_module, name)
        monkeypatch.setattr(
            phate_module,
            name,
            lambda *a, _f=original, _n=name, **k: (calls.append(_n), _f(*a, **k))[1],
        )

    def refit(fitted, data, **settings):
        calls.clear()
        fitted.set_params(**settings).fit(data)
        np.testing.assert_array_equal(
            fitted.embedding_, quick(**fitted.get_params()).fit(data).embedding_
        )
        return calls[: len(calls) - 2]  # without those of the fresh one

    fitted = quick().fit(data)
    assert refit(fitted, data, t=5) == []
    assert refit(fitted, data, n_components=3, gamma=0) == []
    assert refit(fitted, data, n_landmarks=30) == ["walk_on"]
    assert refit(fitted, data, n_neighbors=7) == ["graph_of_features", "walk_on"]
    assert refit(fitted, data, random_state=1) == ["graph_of_features", "walk_on"]
    data[0, 0] += 1  # in place
    assert refit(fitted, data) == ["graph_of_features", "walk_on"]


def test_many_samples_are_searched_in_cells(monkeypatch):
    data, labels = gaussians(400, 6, n_groups=4)
    monkeypatch.setattr(graph, "_CELLS_ABOVE", 1000)
    fast, exact = quick(n_landmarks=50).fit(data), quick(n_landmarks=50, exact_neighbors=True)
    exact.fit(data)
    assert 0.99 <= fast.neighbor_recall_ <= 1
    assert exact.neighbor_recall_ == 1
    found = k_means(fast.embedding_, 4, random_state=0).labels
    assert adjusted_rand_score(labels, found) > 0.9


@pytest.mark.parametrize(
    ("x", "options"),
    [
        (np.eye(30), {"n_neighbors": 29, "t": 60}),
        (np.random.default_rng(0).normal(size=(200, 5)), {"t": 1000}),
        (np.random.default_rng(0).normal(size=(1000, 5)), {"t": 1000}),
        (np.ones((40, 3)), {}),
    ],
)
def test_a_map_that_says_nothing_is_said_to(x, options):
    with pytest.warns(UserWarning, match="all samples at one point: after .* so the map says noth"):
        fitted = PHATE(random_state=0, progress=False, **options).fit(x)
    assert np.ptp(fitted.embedding_) < 1e-3
