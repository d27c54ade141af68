"""The heatmap of pairs: data sent to the page, and its requests."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
import torch
import traitlets
from PIL import Image
from sklearn.exceptions import ConvergenceWarning
from views.page import Page, displayed, wire

from nbinterp import ClusterExplorer, InteractionHeatmap, SmoothHess
from nbinterp.corex import LinearCorEx
from nbinterp.interactions.smooth import explainer
from nbinterp.views.heatmap import pair_table
from nbinterp.views.heatmap.pair_source import read

BARE = dict.fromkeys(["feature_names", "image_shape", "unit", "standard_error"])
HOSTILE = "<img src=x onerror=alert(1)>"


def corner(x):
    """A function of linear pieces: pixels 5 and 6 interact, and so do 9 and 10."""
    x = x.reshape(len(x), -1)
    return torch.maximum(x[:, 5], x[:, 6]) + x[:, 0] + 3 * x[:, 9] * x[:, 10]


@pytest.fixture(scope="module")
def images():
    return torch.rand((4, 4, 4), generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def found(images):
    return SmoothHess(sigma=0.5, n_samples=3000, random_state=0).explain(corner, images)


def matrix(page, name="_values"):
    """Return what the page gets as the matrix it stands for."""
    n = len(page["_names"])
    full = np.zeros((n, n))
    full[np.triu_indices(n)] = page.array(name, packed=True)
    return full + np.triu(full, 1).T


def assert_close(page, values, errors):
    """Say that the page has entries to a sixteenth of their error, and errors to a part in 30."""
    apart = np.abs(matrix(page) - values)
    assert (apart <= np.maximum(errors / 16, np.abs(values) / 2048) + 1e-5).all()
    np.testing.assert_allclose(matrix(page, "_errors"), errors, rtol=1 / 30, atol=1e-5)


def bits(page):
    n = len(page["_names"])
    flags = np.zeros((n, n), bool)
    told = page.array("_beyond", "u1", packed=True)
    flags[np.triu_indices(n)] = np.unpackbits(told, bitorder="little")[: n * (n + 1) // 2]
    return flags | flags.T


def test_a_result_shows_its_matrix_with_its_errors(found):
    bundle = displayed(found)
    assert {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).width > 400
    page = Page(found.view())
    assert page["_form"] == "pairs" and (page["top"], page["height"]) == (16, 520)
    assert_close(page, found.hessian[0], found.standard_error[0])
    np.testing.assert_array_equal(bits(page), found.beyond_noise()[0])
    assert page["_grid"] == [1, 4, 4] and page["_names"][6] == "pixel 1,2"
    np.testing.assert_allclose(page.array("_picture", packed=True), found.x[0].ravel())
    assert "strongest: pixel 2,1 × pixel 2,2 " in bundle["text/plain"]
    assert (page["_ids"], page["_unit"]) == ([], "output per squared input")


def test_only_what_interacts_is_beyond_noise(found):
    flags = bits(Page(found.view()))
    pairs = {tuple(pair) for pair in np.argwhere(np.triu(flags, 1)).tolist()}
    assert {(5, 6), (9, 10)} <= pairs
    assert len(pairs) <= 4


def test_another_sample_and_the_mean(found):
    view = found.view()
    page = Page(view)
    page.set(sample=2)
    assert_close(page, found.hessian[2], found.standard_error[2])
    assert "sample 2" in page["_about"]
    view.sample = None
    # Samples share directions, so that their errors may go together.
    assert_close(page, found.hessian.mean(0), found.standard_error.mean(0))
    assert "mean of 4 samples" in page["_about"]


def test_the_explorer_chooses_the_sample(found):
    explorer = ClusterExplorer(np.random.default_rng(0).normal(size=(30, 2)))
    explorer.selection = [7]
    view = InteractionHeatmap(found, explorer=explorer, samples=[12, 3, 7, 29])
    assert view.sample == 2
    page, of_map = Page(view), Page(explorer)
    of_map.set(selection=wire([3], "<u4"))  # a click
    assert view.sample == 1 and "sample 3" in page["_about"]
    explorer.selection = [3, 4, 29]  # a lasso
    assert view.sample is None and "mean of 2 samples" in page["_about"]
    assert_close(page, found.hessian[[1, 3]].mean(0), found.standard_error[[1, 3]].mean(0))
    explorer.selection = [12, 7]
    assert_close(page, found.hessian[[0, 2]].mean(0), found.standard_error[[0, 2]].mean(0))
    explorer.selection = [4]
    assert "Sample 4 is not among the 4 explained samples." in page["_warning"]
    explorer.selection = []
    assert page["_warning"] == ""
    assert_close(page, found.hessian.mean(0), found.standard_error.mean(0))
    stop = InteractionHeatmap(found).link(explorer, [12, 3, 7, 29])
    stop()


def test_another_source_is_no_longer_that_of_the_map(found):
    explorer = ClusterExplorer(np.random.default_rng(0).normal(size=(4, 2)))
    view = InteractionHeatmap(found, explorer=explorer)
    explorer.selection = [3]
    assert view.sample == 3
    view.show(np.eye(3))
    explorer.selection = [2]
    assert view.sample == 0


def test_a_link_that_cannot_be(found):
    explorer = ClusterExplorer(np.zeros((30, 2)))
    with pytest.raises(ValueError, match="must come with the numbers of the 4"):
        InteractionHeatmap(found, explorer=explorer)
    with pytest.raises(ValueError, match="must be 4 sample numbers"):
        InteractionHeatmap(found, explorer=explorer, samples=[1])
    with pytest.raises(TypeError, match="must be a ClusterExplorer"):
        InteractionHeatmap(found, explorer=3)
    with pytest.raises(TypeError, match="must show matrices of samples"):
        InteractionHeatmap().link(explorer)


def test_choosing_a_pair_goes_both_ways(found):
    view, seen = found.view(), []
    view.on_choose(seen.append)
    view.pair = (5, 6)
    view.set_state({"pair": [9, 10]})
    view.pair = None
    assert seen == [(5, 6), (9, 10), None]
    for wrong in ((0, 16), (-1, 2), (1,), "ab", 3):
        with pytest.raises(traitlets.TraitError):
            view.pair = wrong
    with pytest.raises(traitlets.TraitError):
        view.sample = 4
    with pytest.raises(traitlets.TraitError):
        view.set_state({"order": "random"})


def test_a_pair_across_samples(found):
    page = Page(found.view())
    answer, (values, errors) = page.ask("across", first=5, second=6)
    assert answer["ok"] and answer["pair"] == [5, 6]
    np.testing.assert_allclose(np.frombuffer(values, "<f4"), found.hessian[:, 5, 6], rtol=1e-6)
    np.testing.assert_allclose(np.frombuffer(errors, "<f4"), found.standard_error[:, 5, 6], 1e-6)
    assert not page.ask("across", first=5, second=16)[0]["ok"]
    assert not Page(InteractionHeatmap()).ask("partners", feature=0)[0]["ok"]


def test_a_wide_matrix_is_shown_by_its_strongest_rows(monkeypatch, images, found):
    monkeypatch.setattr(explainer, "WIDEST_MATRIX", 8)
    monkeypatch.setattr(pair_table, "MOST", 4)
    settings = SmoothHess(sigma=0.5, n_samples=3000, random_state=0)
    wide = settings.explain(corner, images)
    assert wide.hessian is None
    view = wide.view(sample=1)
    page = Page(view)
    assert page.array("_features", "<u4", packed=True).tolist() == [5, 6, 9, 10]
    assert page["_width"] == 16
    rows = np.ix_([1], [5, 6, 9, 10], [5, 6, 9, 10])
    assert_close(page, found.hessian[rows][0], found.standard_error[rows][0])
    assert "16 inputs · the 4 of the strongest pairs" in page["_about"]
    answer, (values, errors, flags) = page.ask("partners", feature=6)
    assert answer["ok"]
    np.testing.assert_allclose(np.frombuffer(values, "<f4"), found.hessian[1, 6], atol=1e-4)
    np.testing.assert_allclose(np.frombuffer(errors, "<f4"), found.standard_error[1, 6], atol=1e-4)
    told = np.flatnonzero(np.unpackbits(np.frombuffer(flags, "u1"), bitorder="little"))
    assert {5, 6} <= set(told.tolist()) and len(told) <= 3
    assert view.snapshot().startswith(b"\x89PNG")


def test_columns_of_a_table_keep_their_names():
    x = pd.DataFrame({"age": [1.0, 2.0], "income": [3.0, 4.0]})
    found = SmoothHess(n_samples=64, random_state=0).explain(lambda z: z.prod(1), x)
    assert read(found, **BARE).names == ["age", "income"]
    assert read(found, **{**BARE, "feature_names": ["a", "b"]}).names == ["a", "b"]
    assert read(found, **{**BARE, "image_shape": (1, 2)}).names == ["pixel 0,0", "pixel 0,1"]


def test_groups_of_pixels(images):
    groups = np.arange(16).reshape(4, 4) // 8 * 2 + np.arange(16).reshape(4, 4) % 4 // 2
    settings = SmoothHess(sigma=0.5, n_samples=2000, groups=groups.ravel(), random_state=0)
    view = settings.explain(corner, images).view()
    page = Page(view)
    assert page["_names"] == ["group 0", "group 1", "group 2", "group 3"]
    np.testing.assert_array_equal(page.array("_groups", "<i4", packed=True), groups.ravel())
    view.pair = (1, 2)
    assert view.snapshot().startswith(b"\x89PNG")


def test_matrices_and_frames_of_ones_own():
    table = pd.DataFrame([[0, 2.0], [2.0, 1]], columns=["age", HOSTILE])
    page = Page(InteractionHeatmap(table, unit="nats"))
    assert (page["_names"], page["_unit"]) == (["age", HOSTILE], "nats")
    assert page.array("_errors", packed=True).size == 0
    assert bits(page).all()  # nothing to compare with
    stack = np.stack([np.eye(3), 2 * np.eye(3)])
    view = InteractionHeatmap(stack, standard_error=stack * 0 + 0.1, sample=1)
    page = Page(view)
    assert matrix(page)[0, 0] == 2 and not bits(page)[0, 1]
    view.show(LinearCorEx(n_factors=1).fit(np.random.default_rng(0).normal(size=(50, 4))))
    assert page["_form"] == "factors" and page["_names"] == []
    assert (view.top, view.height) == (40, 380)
    view.show(None)
    assert view.snapshot() is None


@pytest.mark.parametrize("width", [1, 2, 3, 300])
def test_sizes(width):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(width, width))
    view = InteractionHeatmap(values + values.T, top=min(width, 50))
    page = Page(view)
    assert matrix(page).shape == (width, width)
    order = page.array("_seriation", "<u4", packed=True)
    assert sorted(order.tolist()) == list(range(width))
    assert view.snapshot().startswith(b"\x89PNG")
    assert InteractionHeatmap(np.zeros((width, width))).snapshot().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("source", "options", "words", "kind"),
    [
        ([[0, 1], [2, 0]], {}, r"must be symmetric.*\(m \+ m.T\)", ValueError),
        ([[0, np.nan], [np.nan, 0]], {}, "must be finite", ValueError),
        (np.zeros((2, 3)), {}, "numbers of shape", TypeError),
        ([["a"]], {}, "numbers of shape", TypeError),
        (np.eye(2), {"standard_error": -np.eye(2)}, "nothing below zero", ValueError),
        (np.eye(2), {"standard_error": np.eye(3)}, "shape of the source", ValueError),
        (np.eye(2), {"feature_names": ["a"]}, "must be 2 names", ValueError),
        (np.eye(2), {"image_shape": (2, 2)}, "of 2 inputs", ValueError),
        (np.eye(2), {"sample": 1}, "must be at most the last one, 0", ValueError),
    ],
)
def test_bad_arguments(source, options, words, kind):
    with pytest.raises(kind, match=words):
        InteractionHeatmap(source, **options)


def test_a_result_has_its_own_errors(found):
    with pytest.raises(ValueError, match="which has its own"):
        found.view(standard_error=found.standard_error)
    with pytest.raises(ValueError, match="of 16 inputs"):
        found.view(image_shape=(5, 5))


def test_noise_on_its_face(images):
    noisy = SmoothHess(sigma=0.5, n_samples=64, sampling="plain", tolerance=1e-6, random_state=0)
    with pytest.warns(ConvergenceWarning):
        result = noisy.explain(lambda x: x.reshape(len(x), -1).sum(1) * 100, images[:1])
    page = Page(result.view())
    assert "The requested tolerance was not reached." in page["_warning"]
    assert not bits(page).any()
    assert "no pair beyond noise" in repr(page.view)
