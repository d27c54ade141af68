import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from network.worlds import Conv, seeded
from scipy.stats import chi2, kstest, ncf
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from nbinterp.distance import MahalanobisOOD, auroc
from nbinterp.network import record
from nbinterp.views.explorer.samples import table

GENERATOR = np.random.default_rng(0)
D = 5
ROOT = GENERATOR.normal(size=(D, D))


def drawn(n, shift=0.0, seed=1):
    """Samples of one Gaussian, moved by so many standard deviations."""
    white = np.random.default_rng(seed).normal(size=(n, D))
    return (white + shift * np.eye(D)[0]) @ ROOT + 7


@parametrize_with_checks([MahalanobisOOD()])
def test_conventions(estimator, check):
    check(estimator)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_auroc_is_that_of_a_noncentral_chi_square(shift):
    ood = MahalanobisOOD(shrinkage=0.0).fit(drawn(100_000))
    inside, outside = ood.scores(drawn(5000, seed=2)), ood.scores(drawn(5000, shift, seed=3))
    assert kstest(inside, chi2(D).cdf).pvalue > 0.01
    # P(Y > X) of χ²_d(δ²) and χ²_d is that of their ratio, a noncentral F, above 1.
    found, predicted = auroc(inside, outside), ncf.sf(1.0, D, D, shift**2)
    assert found.lower <= predicted <= found.upper
    assert found.value == pytest.approx(predicted, abs=0.01)


def noisy_classes(n, seed, out=False):
    """Classes apart in one of 60 directions; outliers between them."""
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=(n, 60)), generator.integers(0, 2, n)
    x[:, 0] *= 0.5
    x[:, 0] += 0.0 if out else 4.0 * (2 * y - 1)
    x[:, 1:] *= generator.gamma(4.0, 0.25, size=(n, 1))  # samples of very different length
    return x, y


def test_relative_distances_find_what_lies_between_classes():
    x, y = noisy_classes(3000, 0)
    inside, outside = noisy_classes(1000, 1)[0], noisy_classes(1000, 2, out=True)[0]
    plain = MahalanobisOOD().fit(x, y).evaluate(inside, outside)["auroc"].item()
    relative = MahalanobisOOD(relative=True).fit(x, y).evaluate(inside, outside)["auroc"].item()
    assert relative > 0.99 and plain < 0.85


def layered(n, shift, seed):
    generator = np.random.default_rng(seed)
    noise, telling = generator.normal(size=(n, 40)), generator.normal(size=(n, 3))
    telling[:, 0] += shift
    return {"noise": 50 * noise, "telling": telling}


def test_layers_combined_by_known_outliers_weigh_the_one_that_tells():
    ood = MahalanobisOOD().fit(layered(2000, 0, 0))
    inside, outside = layered(1000, 0, 1), layered(1000, 2.5, 2)
    before = ood.evaluate(inside, outside)
    assert list(before.index) == ["noise", "telling", "combined"]
    assert ood.combination_ is None
    standard = (ood.distances(inside) - ood.centre_) / ood.scale_
    np.testing.assert_allclose(ood.scores(inside), standard.mean(axis=1))
    ood.combine(layered(300, 0, 3), layered(200, 2.5, 4))
    after = ood.evaluate(inside, outside)["auroc"]
    noise, telling = ood.combination_.coef_[0]
    assert telling > 10 * abs(noise)
    assert after["combined"] > before["auroc"]["combined"] + 0.02
    assert after["combined"] == pytest.approx(after["telling"], abs=0.005)
    again = clone(ood).fit(layered(2000, 0, 0))
    assert again.combination_ is None
    ood.fit(layered(100, 0, 0))
    assert ood.combination_ is None  # of other distances than those it was fitted to


@pytest.mark.parametrize("in_folder", [False, True])
def test_from_recordings_of_any_network(in_folder, tmp_path):
    model = seeded(Conv)
    images = GENERATOR.normal(size=(60, 1, 6, 6)).astype(np.float32)
    rec = record(model, images, ["conv", "pool"], folder=tmp_path / "rec" if in_folder else None)
    y = np.array(["cat", "dog"])[GENERATOR.integers(0, 2, 60)]
    ood = MahalanobisOOD().fit(rec, y)
    assert ood.layers_ == ("conv", "pool") and ood.classes_.tolist() == ["cat", "dog"]
    assert ood.gaussians_["conv"].n_features == 4  # channel means
    alone = MahalanobisOOD().fit(rec["conv"].mean(axis=(2, 3)), y)
    found = ood.distances(rec)
    np.testing.assert_allclose(alone.scores(rec["conv"].mean(axis=(2, 3))), found["conv"])
    np.testing.assert_allclose(
        MahalanobisOOD(layers="pool", pool=None).fit(rec, y).scores(rec),
        MahalanobisOOD().fit(rec["pool"].reshape(60, -1), y).scores(rec["pool"].reshape(60, -1)),
    )
    # What the cluster explorer takes as columns.
    names = [column.name for column in table(found, 60)]
    assert names == ["conv", "pool"]
    assert table({"ood": ood.scores(rec)}, 60)[0].categories is None


def test_tokens_that_are_padding_do_not_count():
    class Tokens(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Identity()

        def forward(self, values, attention_mask):
            return self.layer(values).sum(dim=(1, 2))[:, None]

    values = GENERATOR.normal(size=(30, 4, 3)).astype(np.float32)
    mask = np.arange(4) < GENERATOR.integers(1, 5, (30, 1))
    rec = record(Tokens(), {"values": values, "attention_mask": mask.astype(np.int64)}, "layer")
    means = (values * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        MahalanobisOOD().fit(rec).scores(rec), MahalanobisOOD().fit(means).scores(means), rtol=1e-5
    )


def test_the_same_from_arrays_frames_and_tensors_and_after_saving(tmp_path):
    x = drawn(200)
    ood = MahalanobisOOD().fit(x)
    expected = ood.scores(x)
    for data in (pd.DataFrame(x, columns=list("abcde")), torch.as_tensor(x), {"X": x}):
        np.testing.assert_allclose(MahalanobisOOD().fit(data).scores(data), expected)
    joblib.dump(ood, tmp_path / "ood.joblib")
    np.testing.assert_array_equal(joblib.load(tmp_path / "ood.joblib").scores(x), expected)


def test_a_fit_that_fails_leaves_the_object_as_it_was():
    ood = MahalanobisOOD().fit(layered(50, 0, 0))
    before = ood.distances(layered(20, 0, 1))
    with pytest.raises(ValueError):
        ood.fit({"noise": drawn(30), "telling": np.ones((30, 2))})
    pd.testing.assert_frame_equal(ood.distances(layered(20, 0, 1)), before)


LAYERED = layered(50, 0, 0)


@pytest.mark.parametrize(
    ("settings", "given", "match"),
    [
        ({"relative": True}, (LAYERED,), "must hold two classes or more"),
        ({"relative": True}, (LAYERED, np.ones(50)), "must hold two classes or more"),
        ({}, (LAYERED, np.ones(49)), "one label per sample, 50"),
        ({}, (LAYERED, np.arange(50)), "in layer 'noise' must hold classes of more than one"),
        ({"layers": "none"}, (LAYERED,), "must hold the layer 'none'"),
        ({"layers": []}, (LAYERED,), "must have at least one layer"),
        ({}, ({},), "must have at least one layer"),
        ({}, ({**LAYERED, "more": np.ones((3, 2))},), "the same number of samples in each layer"),
        ({"shrinkage": "none"}, (LAYERED,), "must be one of 'oas', 'ledoit_wolf'"),
        ({"shrinkage": 2.0}, (LAYERED,), "at most 1"),
        ({"ridge": -1.0}, (LAYERED,), "at least 0"),
        ({"pool": "sum"}, (LAYERED,), "must be one of 'mean'"),
    ],
)
def test_bad_fits(settings, given, match):
    with pytest.raises(ValueError, match=match):
        MahalanobisOOD(**settings).fit(*given)


def test_bad_new_samples():
    ood = MahalanobisOOD()
    with pytest.raises(NotFittedError):
        ood.scores(LAYERED)
    ood.fit(LAYERED)
    with pytest.raises(ValueError, match="must hold the layer 'telling'"):
        ood.scores({"noise": LAYERED["noise"]})
    with pytest.raises(ValueError, match="must have 3 features, as in fit, not 4"):
        ood.scores({**LAYERED, "telling": np.ones((50, 4))})
    for part in (np.float64(1), np.array(["a", "b"])):
        with pytest.raises(TypeError, match="must be numbers"):
            ood.scores({**LAYERED, "telling": part})
    with pytest.raises(ValueError, match="must hold the layer 'noise'"):
        ood.combine(LAYERED, drawn(10))


@pytest.mark.parametrize("gap", [np.nan, None])
def test_a_class_that_is_missing_is_none(gap):
    y = np.arange(50).astype(object) % 2
    y[3] = gap
    for given in (y, np.ma.masked_array(np.arange(50) % 2, mask=np.arange(50) == 3)):
        with pytest.raises(ValueError, match=r"\.fit\(y=.* must name the group of each sample"):
            MahalanobisOOD().fit(LAYERED, given)


def test_a_failed_fit_leaves_the_last_one():
    fitted = MahalanobisOOD().fit(drawn(60), np.arange(60) % 3)
    before = dict(vars(fitted))
    for data in (np.zeros((60, D + 1)), np.full((60, D + 2), np.nan)):
        with pytest.raises(ValueError):
            fitted.fit(data, np.arange(60) % 3)
        assert vars(fitted) == before
