"""Local CorEx: planted regions, selections, any CorEx, and clusters that are too small."""

import threading

import numpy as np
import pandas as pd
import pytest
from corex.known_covariances import DISJOINT, MODULAR
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.preprocessing import FunctionTransformer

from nbinterp._numerics import progress as progress_bars
from nbinterp.corex import BioCorEx, LinearCorEx, LocalCorEx, match_factors
from nbinterp.corex.local import fit
from nbinterp.corex.local.fit import chance_level

NAMES = [f"node {i}" for i in range(25)]


def two_regions(n=250, seed=0):
    """The two classes of the synthetic study, far apart: each has factors of its own."""
    rng = np.random.default_rng(seed)
    first = rng.multivariate_normal(np.full(25, 8.0), MODULAR, n)
    second = rng.multivariate_normal(np.full(25, -8.0), DISJOINT, n)
    return np.concatenate([first, second]), np.repeat([0, 1], n)


def local(**options):
    options = {"embedding": PCA(3), "n_clusters": 2, "random_state": 0, **options}
    return LocalCorEx(LinearCorEx(5, tol=1e-4), **options)


@pytest.fixture(scope="module")
def fitted():
    x, _ = two_regions()
    return local().fit(pd.DataFrame(x, columns=NAMES))


def test_regions_and_their_factors_are_found(fitted):
    _, truth = two_regions()
    agree = (fitted.labels_ == truth).mean()
    assert agree in (0.0, 1.0)
    first = fitted.clusters_[fitted.labels_[0]]
    second = fitted.clusters_[fitted.labels_[-1]]
    assert set(first.top_nodes(0, 6)) == {f"node {i}" for i in range(15, 21)}
    assert set(second.top_nodes(0, 5)) == {f"node {i}" for i in range(0, 25, 5)}
    assert first.total_correlation_ == pytest.approx(6.73, abs=0.8)
    # What chance gives is far below what is there.
    assert first.null_total_correlation_ < 0.1 * first.total_correlation_
    assert 0 < first.null_mutual_information_ < first.mutual_information_[0].max()


def test_a_cluster_is_the_fit_of_its_samples(fitted):
    x, _ = two_regions()
    for cluster in fitted.clusters_:
        alone = LinearCorEx(5, tol=1e-4, random_state=0).fit(x[cluster.indices])
        np.testing.assert_allclose(
            cluster.mutual_information_, alone.mutual_information_, atol=1e-4
        )
        assert cluster.total_correlation_ == pytest.approx(alone.total_correlation_, abs=1e-6)
        np.testing.assert_allclose(
            np.abs(cluster.transform(x)), np.abs(alone.transform(x)), atol=1e-3
        )


def test_labels_and_clusters_line_up(fitted):
    assert [c.name for c in fitted.clusters_] == ["cluster 0", "cluster 1"]
    for label, cluster in zip(fitted.classes_, fitted.clusters_, strict=True):
        np.testing.assert_array_equal(cluster.indices, np.flatnonzero(fitted.labels_ == label))
        assert cluster.n_samples == len(cluster.indices)


def test_one_warning_names_all_small_clusters():
    x, truth = two_regions(30)
    with pytest.warns(UserWarning, match="of 2 clusters have fewer than 50 samples") as told:
        local(n_clusters=2).fit(x)
    assert len(told) == 1
    assert str(told[0].message) == (
        "2 of 2 clusters have fewer than 50 samples, too few for factors to rely on: "
        "0 (30), 1 (30). Use a smaller n_clusters than 2, or more samples."
    )
    assert told[0].filename == __file__
    # Who gives the clusters knows their sizes, and so does who selects.
    local().fit(x, clusters=truth).fit_selection(range(20))
    large, _ = two_regions(50)
    local(n_clusters=2).fit(large)


def test_given_labels_need_no_embedding():
    x, truth = two_regions(60)
    names = np.where(truth == 0, "left", "right")
    fit = local(embedding=FunctionTransformer(_explode)).fit(x, clusters=names)
    assert [c.name for c in fit.clusters_] == ["cluster left", "cluster right"]
    assert not hasattr(fit, "embedding_")
    np.testing.assert_array_equal(fit.predict(x), names)


def _explode(x):
    raise AssertionError("embedded without need")


def test_map_is_drawn_when_asked_for(fitted):
    x, truth = two_regions(60)
    assert fitted.map_.shape == (500, 2)
    assert fitted.map_ is fitted.map_
    plane = local(embedding=PCA(2)).fit(x)
    assert plane.map_ is plane.embedding_
    given = local().fit(x, clusters=truth)
    np.testing.assert_allclose(np.abs(given.map_), np.abs(PCA(2).fit_transform(x)), atol=1e-6)
    bare = local(embedding=FunctionTransformer()).fit(x)
    assert bare.map_.shape == (120, 2)


def test_predict_takes_the_nearest_centre(fitted):
    x, _ = two_regions(seed=1)
    frame = pd.DataFrame(x, columns=NAMES)
    expected = np.repeat([fitted.labels_[0], fitted.labels_[-1]], 250)
    np.testing.assert_array_equal(fitted.predict(frame), expected)


@pytest.mark.parametrize("seed", range(3))
def test_predict_skips_centres_without_samples(seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, size=(14, 4)).astype(float)[rng.integers(0, 14, size=200)]
    fitted = LocalCorEx(LinearCorEx(2), PCA(2), n_clusters=20, random_state=seed).fit(x)
    assert len(fitted.classes_) < 20
    placed = PCA(2).fit(x).transform(x)
    means = np.stack([placed[fitted.labels_ == label].mean(0) for label in fitted.classes_])
    gaps = np.linalg.norm(placed[:, None] - means, axis=2)
    np.testing.assert_array_equal(fitted.predict(x), fitted.classes_[gaps.argmin(1)])


def test_a_selection_is_fitted_as_a_cluster_is(fitted):
    first = fitted.clusters_[0]
    selected = fitted.fit_selection(first.indices)
    np.testing.assert_allclose(selected.mutual_information_, first.mutual_information_, atol=1e-3)
    assert selected.name == "selection of 250"
    mask = np.isin(np.arange(500), first.indices)
    np.testing.assert_array_equal(fitted.fit_selection(mask).indices, first.indices)


def test_selections_from_other_threads(fitted):
    expected = fitted.fit_selection(range(100)).mutual_information_
    found = []

    def select():
        found.append(fitted.fit_selection(range(100)).mutual_information_)

    threads = [threading.Thread(target=select) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in found:
        np.testing.assert_array_equal(each, expected)


def states(n=200, seed=0):
    """Two far regions of eight columns that two hidden states move: first halves, then parities."""
    rng = np.random.default_rng(seed)
    hidden = rng.integers(0, 2, size=(2 * n, 2))
    x = 3.0 * np.repeat(hidden, 4, axis=1) + rng.normal(size=(2 * n, 8))
    x[n:] = x[n:][:, [0, 4, 1, 5, 2, 6, 3, 7]] + 40.0
    return x, np.repeat([0, 1], n)


@pytest.fixture(scope="module")
def fitted_bio():
    x, _ = states()
    return LocalCorEx(BioCorEx(2), PCA(2), n_clusters=2, random_state=0).fit(x)


class TestOfBio:
    """A CorEx that is not linear, fitted to one cluster after the other."""

    def test_regions_and_their_factors_are_found(self, fitted_bio):
        _, truth = states()
        assert (fitted_bio.labels_ == truth).mean() in (0.0, 1.0)
        halves, parities = (
            fitted_bio.clusters_[fitted_bio.labels_[0]],
            fitted_bio.clusters_[fitted_bio.labels_[-1]],
        )
        found = {frozenset(halves.top_nodes(j, 4)) for j in range(2)}
        assert found == {frozenset(f"x{i}" for i in part) for part in (range(4), range(4, 8))}
        found = {frozenset(parities.top_nodes(j, 4)) for j in range(2)}
        assert found == {
            frozenset(f"x{i}" for i in part) for part in (range(0, 8, 2), range(1, 8, 2))
        }
        assert halves.null_total_correlation_ < 0.1 * halves.total_correlation_
        assert halves.note == "" and halves.converged_
        assert match_factors(halves, parities)["similarity"].max() < 0.75

    def test_a_cluster_is_the_fit_of_its_samples(self, fitted_bio):
        x, _ = states()
        for cluster in fitted_bio.clusters_:
            own = x[cluster.indices]
            alone = BioCorEx(2, random_state=0).fit(own)
            np.testing.assert_allclose(cluster.mutual_information_, alone.mutual_information_)
            np.testing.assert_allclose(cluster.total_correlations_, alone.total_correlations_)
            assert cluster.total_correlation_ == pytest.approx(alone.total_correlation_)
            assert cluster.n_iter_ == len(cluster.history_[0]) == alone.n_iter_
            np.testing.assert_array_equal(cluster.transform(x), alone.transform(x))
            # What has no weights says so, and correlates by its states.
            assert np.isnan(cluster.weights_).all()
            expected = np.corrcoef(own.T, alone.labels_.T)[8:, :8]
            np.testing.assert_allclose(cluster.correlation_, expected, atol=1e-9)

    def test_a_selection_is_fitted_as_a_cluster_is(self, fitted_bio):
        first = fitted_bio.clusters_[0]
        selected = fitted_bio.fit_selection(first.indices)
        assert selected.to_frame().equals(first.to_frame())
        assert selected.null_total_correlation_ == first.null_total_correlation_

    def test_missing_entries_and_small_clusters(self):
        x, labels = states(40)
        x[3, 2] = np.nan
        labels[:2], labels[4:8], x[4:8] = 7, 8, 1.0
        fit = LocalCorEx(BioCorEx(2), random_state=0).fit(x, clusters=labels)
        assert np.isfinite([cluster.correlation_ for cluster in fit.clusters_]).all()
        zero, _, small, constant = fit.clusters_
        own = pd.DataFrame(x[zero.indices])
        states_ = pd.DataFrame(zero.transform(x[zero.indices]))
        for j in range(2):
            expected = own.corrwith(states_[j])
            np.testing.assert_allclose(zero.correlation_[j], expected, atol=1e-9)
        assert small.note == "Not fitted: 2 samples, of at least 3."
        assert constant.note == "Not fitted: no column varies."
        assert (small.transform(x) == 0).all() and len(small.to_frame()) == 16

    def test_unconverged_clusters_are_counted_once(self):
        x, labels = states(40)
        model = LocalCorEx(BioCorEx(2, max_iter=3, tol=1e-12), random_state=0)
        with pytest.warns(ConvergenceWarning, match="2 of 2 .* max_iter=3. .* BioCorEx") as said:
            fit = model.fit(x, clusters=labels)
        assert len(said) == 1
        assert fit.clusters_[0].note == "Not converged in 3 iterations."

    def test_an_interrupt_leaves_the_fit(self, monkeypatch):
        x, labels = states(40)
        model = LocalCorEx(BioCorEx(2), random_state=0).fit(x, clusters=labels)
        before = model.clusters_

        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(fit, "_correlation", interrupt)
        with pytest.raises(KeyboardInterrupt):
            model.fit(x[:40], clusters=labels[:40])
        assert model.clusters_ is before and len(model.labels_) == 80

    def test_progress_is_the_estimators(self, monkeypatch):
        asked = []

        def bar(groups, **options):
            asked.append((options["disable"], len(groups)))
            return groups

        monkeypatch.setattr(progress_bars, "tqdm", bar)
        x, labels = states(20)
        for progress in (True, False):
            LocalCorEx(BioCorEx(1, progress=progress), random_state=0).fit(x, clusters=labels)
        # Over the clusters; the bars of each fit are off.
        assert [off for off, n in asked if n == 2] == [False, True]
        assert all(off for off, n in asked if n != 2)


class Strongest(BaseEstimator):
    """The least that a CorEx is: one factor, which is the first column."""

    def fit(self, X, y=None):
        r = np.corrcoef(X.T)[:1]
        self.mutual_information_ = -0.5 * np.log1p(1e-6 - r**2)
        self.total_correlations_ = self.mutual_information_.sum(1)
        return self


def test_any_corex_may_be_given():
    x, labels = two_regions(60)
    first = LocalCorEx(Strongest()).fit(x, clusters=labels).clusters_[0]
    assert first.top_nodes(0, 1) == ["x0"]
    assert first.total_correlation_ == first.total_correlations_.sum()
    assert 0 < first.null_total_correlation_ < first.total_correlation_
    assert np.isnan(first.correlation_).all()  # nothing is known of its factor's values
    assert first.converged_
    with pytest.raises(TypeError, match="method with transform, not of Strongest"):
        first.transform(x)


@pytest.mark.parametrize("part", [PCA(2), "linear", LinearCorEx, FunctionTransformer()])
def test_what_is_no_corex_is_refused(part):
    x, labels = two_regions(30)
    with pytest.raises(TypeError, match=r"corex=.* must be a CorEx.*mutual_information_.*total_"):
        LocalCorEx(part).fit(x, clusters=labels)


def test_clusters_too_small_are_reported():
    x, labels = two_regions(40)
    labels[:2], x[5:10] = 7, 1.0
    labels[5:10] = 8
    fit = local().fit(x, clusters=labels)
    by_name = {cluster.name: cluster for cluster in fit.clusters_}
    assert by_name["cluster 7"].note == "Not fitted: 2 samples, of at least 3."
    assert by_name["cluster 8"].note == "Not fitted: no column varies."
    for name in ("cluster 7", "cluster 8"):
        assert (by_name[name].mutual_information_ == 0).all()
        assert np.isfinite(by_name[name].transform(x)).all()
        assert len(by_name[name].to_frame()) == 125
    assert by_name["cluster 0"].note == ""


def test_copies_are_noted():
    x, labels = two_regions(40)
    x[:, 3] = x[:, 2]
    fit = local().fit(x, clusters=labels)
    assert "2 columns are copies of others" in fit.clusters_[0].note


def test_unconverged_clusters_are_counted():
    x, labels = two_regions(40)
    model = local().set_params(corex__max_iter=5, corex__tol=1e-12)
    with pytest.warns(ConvergenceWarning, match="2 of 2 clusters did not converge in max_iter=5"):
        fit = model.fit(x, clusters=labels)
    assert "Not converged" in fit.clusters_[0].note


def test_parameters_follow_scikit_learn():
    model = clone(local()).set_params(corex__n_factors=4, embedding__n_components=2)
    assert model.get_params()["corex__n_factors"] == 4
    x, _ = two_regions(30)
    assert model.fit(x).clusters_[0].weights_.shape == (4, 25)
    assert model.corex.random_state is None  # the user's part is not written to


def test_any_partition_may_be_given():
    x, _ = two_regions(60)
    labels = KMeans(4, random_state=0).fit_predict(x)
    assert len(local().fit(x, clusters=labels).clusters_) == 4


def test_random_parts_of_standardized_data_are_trusted():
    x = np.random.default_rng(0).multivariate_normal(np.zeros(25), MODULAR, 400)
    x = (x - x.mean(0)) / x.std(0)
    clusters = np.arange(400) % 4
    clusters[0] = 9  # too few to fit
    found = LocalCorEx(LinearCorEx(5, gaussianize="none", random_state=0)).fit(x, clusters=clusters)
    for cluster in found.clusters_:
        assert np.isfinite(cluster.mutual_information_).all()
    assert found.clusters_[-1].note == "Not fitted: 1 samples, of at least 3."
    with pytest.raises(ValueError, match=r"gaussianize='none'.*has mean .* Use gaussianize"):
        found.fit(x, clusters=x[:, 0] > 0)


def test_refusals(fitted):
    x, labels = two_regions(30)
    for model, options, message in [
        (local(n_clusters=100), {}, "at most the number of samples, 60"),
        (local(n_clusters=0), {}, "must be at least 1"),
        (local(), {"clusters": labels[:5]}, "one label per sample, 60"),
        (local().set_params(corex__n_factors=26), {}, "Use fewer factors"),
        (local(), {"clusters": np.where(labels == 1, np.nan, labels)}, "some are NaN or None"),
        (local(), {"clusters": [None, *labels[1:].tolist()]}, "some are NaN or None"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.fit(x, **options)
    with pytest.raises(TypeError, match="must be an estimator with fit_transform"):
        local().set_params(embedding="phate").fit(x)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        local().fit_selection([1, 2, 3])
    for indices, message in [
        ([], "at least 3 samples, not 0"),
        ([4, 5], "at least 3 samples, not 2"),
        ([1, 2, 500], "indices from 0 to 499"),
        ([-1, 2, 3], "indices from 0 to 499"),
        (np.ones(7, dtype=bool), "one entry per sample"),
        (["a", "b", "c"], "list of sample indices"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            fitted.fit_selection(indices)


def test_the_level_of_chance_leaves_out_what_a_factor_takes_for_itself():
    rng = np.random.default_rng(0)
    null = rng.uniform(0.0, 0.01, size=(10, 300))
    null[np.arange(10), rng.permutation(300)[:10]] = 4.0
    assert 0.0098 < chance_level(null) < 0.01
    # Columns that never vary say nothing about chance.
    assert chance_level(np.pad(null, ((0, 0), (0, 3000)))) == chance_level(null)
    assert chance_level(np.zeros((2, 5))) == chance_level(np.ones((3, 1))) == 0.0


def test_hardly_a_cell_of_independent_columns_is_above_chance():
    data = np.random.default_rng(1).normal(size=(400, 30))
    local = LocalCorEx(LinearCorEx(n_factors=5), random_state=0).fit(data, clusters=np.zeros(400))
    (factors,) = local.clusters_
    # Beside the one column that each factor may take for itself.
    above = factors.mutual_information_ > factors.null_mutual_information_
    assert (above.sum(axis=1) - 1).clip(0).mean() < 0.05 * 30
