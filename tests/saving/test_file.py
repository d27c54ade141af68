"""Loaded objects behave like saved ones, and files with other content are refused."""

import json
from functools import cached_property

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

from nbinterp import PHATE, AndOr, BioCorEx, LinearCorEx, LocalCorEx, SmoothHess, load, save
from nbinterp.interactions import Players
from nbinterp.interactions.smooth import explainer


@pytest.fixture(scope="module")
def table():
    x = np.random.default_rng(0).normal(size=(120, 5)).cumsum(axis=1)
    return pd.DataFrame(x, columns=list("abcde"))


def held(thing):
    """Return the attributes of an object, without what it can compute again from the others."""
    kind = type(thing)
    return {
        name: value
        for name, value in vars(thing).items()
        if not isinstance(getattr(kind, name, None), cached_property)
    }


def assert_same(one, other):
    """Compare all that two objects hold, however deep."""
    if isinstance(other, np.generic):  # a number is a number
        other = other.item()
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype
        assert one.is_sparse == other.is_sparse
        assert torch.equal(one.to_dense(), other.to_dense())
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    elif type(one).__module__.startswith("nbinterp"):
        assert held(one).keys() == held(other).keys()
        for name, value in held(one).items():
            assert_same(value, held(other)[name])
    else:
        assert one == other or (one != one and other != other)


FITS = {
    "linear": lambda x: LinearCorEx(2, random_state=0).fit(x),
    "linear, empirical": lambda x: LinearCorEx(2, gaussianize="empirical").fit(x),
    "linear, missing": lambda x: LinearCorEx(2, random_state=0).fit(x.where(x < 2.0)),
    "linear, stream": lambda x: LinearCorEx(2, random_state=0).partial_fit(x),
    "bio": lambda x: BioCorEx(2, random_state=0, progress=False).fit(x),
    "bio, mixed": lambda x: BioCorEx(
        2, marginals=["discrete", *4 * ["gaussian"]], random_state=0, progress=False
    ).fit(x.assign(a=(x["a"] > 0).astype(float))),
    "phate": lambda x: PHATE(random_state=0, progress=False).fit(x),
    "phate, landmarks": lambda x: PHATE(n_landmarks=40, random_state=0, progress=False).fit(x),
    "local": lambda x: LocalCorEx(LinearCorEx(2), n_clusters=2, random_state=0).fit(x),
    "local bio": lambda x: LocalCorEx(BioCorEx(1), random_state=0).fit(
        x, clusters=np.arange(120) % 2
    ),
}


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_what_is_loaded_is_what_was_saved(fit, table, tmp_path):
    fitted = fit(table)
    save(fitted, tmp_path / "a.safetensors")
    again = load(tmp_path / "a.safetensors")
    assert_same(again, fitted)
    if hasattr(fitted, "transform"):
        np.testing.assert_array_equal(again.transform(table), fitted.transform(table))
    assert again.get_params(deep=False).keys() == fitted.get_params(deep=False).keys()


def test_local_factors_go_on_working(table, tmp_path):
    local = FITS["local"](table)
    save(local, tmp_path / "local.safetensors")
    again = load(tmp_path / "local.safetensors")
    np.testing.assert_array_equal(again.predict(table), local.predict(table))
    some = np.arange(0, 60)
    assert again.fit_selection(some).to_frame().equals(local.fit_selection(some).to_frame())
    save(local.clusters_[1], tmp_path / "one.safetensors")
    assert repr(load(tmp_path / "one.safetensors")) == repr(local.clusters_[1])


def test_a_stream_can_be_continued(table, tmp_path):
    save(LinearCorEx(2, random_state=0).partial_fit(table[:60]), tmp_path / "half.safetensors")
    again = load(tmp_path / "half.safetensors").partial_fit(table[60:])
    straight = LinearCorEx(2, random_state=0).partial_fit(table[:60]).partial_fit(table[60:])
    assert_same(again, straight)


def test_an_unfitted_estimator_comes_back_unfitted(table, tmp_path):
    save(LinearCorEx(7), tmp_path / "a.safetensors")
    again = load(tmp_path / "a.safetensors")
    assert again.n_factors == 7
    with pytest.raises(NotFittedError):
        again.transform(table)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: x, "must be one of LinearCorEx"),
        (
            lambda x: LocalCorEx(LinearCorEx(1), PCA(2), n_clusters=2, random_state=0).fit(x),
            r"embedding is PCA. Use joblib.dump",
        ),
        (
            lambda x: LinearCorEx(1, random_state=np.random.RandomState(0)).fit(x),
            "random_state is RandomState",
        ),
    ],
)
def test_what_is_not_numbers_and_text_is_refused(make, words, table, tmp_path):
    with pytest.raises(TypeError, match=words):
        save(make(table), tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def _tree(text):
    return {"format": "nbinterp 1", "tree": text}


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (None, "must be a file of nbinterp.save"),
        ({"format": "another"}, "must be a file of nbinterp.save"),
        ({"format": "nbinterp 1"}, "must be a whole file"),
        (_tree(json.dumps({"class": "Popen", "state": {}})), "must be a whole file"),
        (_tree(json.dumps({"class": "LinearCorEx"})), "must be a whole file"),
        (_tree(json.dumps({"array": "missing"})), "must be a whole file"),
        (_tree("[" * 100_000 + "]" * 100_000), "must be a whole file"),
        (_tree("{"), "must be a whole file"),
        (_tree(json.dumps({"class": "_Fitted", "state": {"nothing": 1}})), "must be a whole file"),
        (_tree("7"), "must be a file of nbinterp.save"),
    ],
)
def test_other_files_are_refused(metadata, words, tmp_path):
    save_file({"a": np.zeros(3)}, str(tmp_path / "b.safetensors"), metadata)
    with pytest.raises(ValueError, match=words):
        load(tmp_path / "b.safetensors")


def test_a_broken_file_is_refused(table, tmp_path):
    (tmp_path / "c.safetensors").write_bytes(b"not a file")
    with pytest.raises(ValueError, match="must be a whole file"):
        load(tmp_path / "c.safetensors")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.safetensors")
    path = tmp_path / "d.safetensors"
    save(FITS["linear"](table), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="must be a whole file"):
        load(path)


def test_interactions_go_on_working(tmp_path):
    settings = AndOr(
        groups=Players.patches((2, 2), 1), baseline=np.zeros((2, 2)), output=lambda z: z, tol=1e-4
    )
    models = {"a": lambda x: x.flatten(1).prod(1), "b": lambda x: x.flatten(1).amax(1)}
    found = settings.explain(models, np.array([[[1.0, 2.0], [3.0, 4.0]]]))
    save(found, tmp_path / "a.safetensors")
    again = load(tmp_path / "a.safetensors")
    assert repr(again) == repr(found)
    for name in ("and_", "or_", "gamma", "noise", "outputs", "objective", "gap", "converged"):
        assert_same(getattr(again, name), getattr(found, name))
    assert again.to_frame().equals(found.to_frame())
    assert_same(again.settings.groups, settings.groups)
    assert_same(again.resplit(alpha=0.5).and_, found.resplit(alpha=0.5).and_)
    assert_same(*(one.null_overlap(3, random_state=0).and_ for one in (again, found)))
    with pytest.raises(ValueError, match="the function of the output, which saved files"):
        again.settings.explain(models, np.ones((1, 2, 2)))


@pytest.mark.parametrize("widest", [4096, 2])
def test_a_smoothed_hessian_goes_on_working(widest, tmp_path, monkeypatch):
    monkeypatch.setattr(explainer, "WIDEST_MATRIX", widest)
    settings = SmoothHess(sigma=[0.3, 0.4, 0.5], n_samples=640, random_state=0)
    row = pd.DataFrame({"a": [0.1], "b": [0.2], "c": [0.3]})
    found = settings.explain(lambda x: x.relu().prod(1), row)
    save(found, tmp_path / "a.safetensors")
    again = load(tmp_path / "a.safetensors")
    assert repr(again) == repr(found)
    for name in ("x", "gradient", "hessian", "standard_error", "sigma", "n_samples", "converged"):
        assert_same(getattr(again, name), getattr(found, name))
    assert again.feature_names == found.feature_names == ("a", "b", "c")
    v = np.eye(3)[:2].T
    assert_same(again.product(v), found.product(v))
    assert_same(again.eigenpairs(2)[0], found.eigenpairs(2)[0])
    assert_same(again.attack(0.5), found.attack(0.5))
    with pytest.raises(ValueError, match="must have the network, which saved files do not contain"):
        again.pmse(0.5)
