"""Factors of pixels as small images."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from views.page import displayed

from nbinterp import FactorImages
from nbinterp.corex import LinearCorEx, LocalCorEx


@pytest.fixture(scope="module")
def factors():
    x, y = load_digits(n_class=2, return_X_y=True)
    local = LocalCorEx(LinearCorEx(4, random_state=0), random_state=0).fit(x, clusters=y)
    return local.clusters_[1]


def tiles(view):
    """The title, the lines below it and the pixels of each image."""
    found = view.chart.to_dict()
    grid = found["hconcat"][0] if "hconcat" in found else found
    made = []
    for each in grid["concat"]:
        data = each.get("data") or grid.get("data") or found["data"]  # a single tile's is above it
        url = found["datasets"][data["name"]][0]["url"]
        image = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))
        pixels = np.asarray(image.convert("RGB")).astype(int)
        made.append((each["title"]["text"], each["title"]["subtitle"], pixels))
    return made


def test_a_tile_per_factor_with_its_total_and_its_mark(factors):
    view = FactorImages(factors, (8, 8))
    made = tiles(view)
    for j, (title, below, _) in enumerate(made):
        assert title == f"factor {j}"
        assert below[0] == f"{factors.total_correlations_[j]:.2f} nats"
    title = view.chart.to_dict()["title"]
    assert title["text"] == f"factors of cluster 1 ({factors.n_samples} samples)"
    assert f"(shuffled pixels: {factors.null_total_correlation_:.2f})" in title["subtitle"][0]


def test_marks_name_the_factors_that_are_not_stable(factors):
    wanted = [" " if stable else "(not stable)" for stable in factors.stable_]
    assert set(wanted) == {"(not stable)", " "}
    view = FactorImages(factors, (8, 8))
    assert [below[-1] for _, below, _ in tiles(view)] == wanted
    assert view.describe().count("(not stable)") == wanted.count("(not stable)")


def test_one_scale_for_all_or_one_for_each(factors):
    view = FactorImages(factors, (8, 8))
    weakest = int(np.argmin(view.images.max(axis=(1, 2))))
    bright = np.array([253, 231, 37])  # the end of viridis
    own = tiles(FactorImages(factors, (8, 8), scale="own"))
    for j, image in enumerate(view.images):
        at = np.unravel_index(image.argmax(), image.shape)
        assert abs(own[j][2][at] - bright).max() < 12
        assert own[j][1][1] == f"√MI to {image.max():.2f}"
    at = np.unravel_index(view.images[weakest].argmax(), (8, 8))
    assert abs(tiles(view)[weakest][2][at] - bright).max() > 40


def test_signs_are_orange_and_blue(factors):
    view = FactorImages(factors, (8, 8), signed=True)
    pixels = tiles(view)[0][2]
    high = np.unravel_index(view.images[0].argmax(), (8, 8))
    low = np.unravel_index(view.images[0].argmin(), (8, 8))
    assert pixels[high][0] > pixels[high][2] and pixels[low][2] > pixels[low][0]


def test_some_factors_of_a_global_fit():
    x = np.random.default_rng(0).normal(size=(200, 64))
    x[:, :8] += x[:, 8:9]
    corex = LinearCorEx(3, random_state=0).fit(x)
    view = FactorImages(corex, (8, 8), which=[2])
    assert [title for title, _, _ in tiles(view)] == ["factor 2"]
    assert "shuffled" not in view.describe() and "factor 2" in view.describe()
    data = displayed(view)
    assert any("vegalite" in kind for kind in data)
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_a_cluster_that_was_not_fitted_says_why():
    x = load_digits(n_class=2).data
    local = LocalCorEx(LinearCorEx(2), n_splits=0).fit(x, clusters=np.arange(len(x)) < 2)
    view = FactorImages(local.clusters_[1], (8, 8))
    assert "Not fitted: 2 samples" in view.chart.to_dict()["title"]["subtitle"][-1]
    assert view.snapshot().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"scale": "log"}, r"FactorImages\(scale='log'\) must be one of"),
        ({"which": [9]}, "must hold indices from 0 to 3"),
    ],
)
def test_bad_arguments(factors, options, match):
    with pytest.raises(ValueError, match=match):
        FactorImages(factors, (8, 8), **options)
