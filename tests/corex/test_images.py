"""Factors of pixels as images."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from nbinterp.corex import BioCorEx, LinearCorEx, LocalCorEx, factor_images


@pytest.fixture(scope="module")
def local():
    x, y = load_digits(n_class=2, return_X_y=True)
    return LocalCorEx(LinearCorEx(3, random_state=0), n_splits=0).fit(x, clusters=y)


def test_images_are_roots_of_the_mutual_information_row_by_row(local):
    factors = local.clusters_[1]
    images = factor_images(factors, (8, 8))
    np.testing.assert_allclose(images[2, 3, 5] ** 2, factors.mutual_information_[2, 3 * 8 + 5])
    wide = factor_images(factors, [4, 16])
    np.testing.assert_array_equal(wide.reshape(3, 64), images.reshape(3, 64))


def test_signs_are_those_of_the_correlation(local):
    factors = local.clusters_[0]
    signed = factor_images(factors, (8, 8), signed=True)
    np.testing.assert_array_equal(abs(signed), factor_images(factors, (8, 8)))
    assert signed.min() < 0 < signed.max()
    moved = abs(factors.correlation_) > 0.1
    same = np.sign(signed.reshape(3, 64)) == np.sign(factors.correlation_)
    assert same[moved].all()


def test_label_columns_are_no_pixels():
    x, y = load_digits(n_class=3, return_X_y=True)
    corex = LinearCorEx(2, random_state=0)
    local = LocalCorEx(corex, label_columns=True, n_splits=0).fit(x, y, clusters=y < 2)
    factors = local.clusters_[1]
    images = factor_images(factors, (8, 8), signed=True)
    np.testing.assert_allclose(
        images.reshape(2, 64) ** 2, factors.mutual_information_[:, :64], atol=1e-12
    )


def test_bio_has_images_but_no_signs():
    x = np.repeat(np.random.default_rng(0).normal(size=(60, 2)), 2, axis=1)
    bio = BioCorEx(2, random_state=0, max_iter=500).fit(x + 0.1 * x[::-1])
    assert factor_images(bio, (2, 2)).shape == (2, 2, 2)
    with pytest.raises(ValueError, match=r"factor_images\(signed=True\) must be left out here"):
        factor_images(bio, (2, 2), signed=True)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (("fit", (28, 28)), ValueError, "must be the height and width of images of 64 pixels"),
        (("fit", (8, 8, 1)), ValueError, "of colour images their grey values"),
        (("fit", 8), ValueError, "must be the height and width"),
        (("fit", (8.0, 8)), TypeError, "must be a whole number"),
        ((LinearCorEx(), (8, 8)), TypeError, "must be a fitted CorEx"),
    ],
)
def test_what_has_no_images_is_refused(local, arguments, error, match):
    factors, shape = arguments
    with pytest.raises(error, match=match):
        factor_images(local.clusters_[0] if factors == "fit" else factors, shape)
