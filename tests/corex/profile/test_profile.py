"""Clusters beside all other samples."""

import numpy as np
import pandas as pd
import pytest
import torch

from nbinterp import cluster_profile
from nbinterp.corex import LinearCorEx, LocalCorEx

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(60, 3)), columns=["age", "income", "rooms"])
LABELS = np.repeat(["a", "b", "c"], 20)
X.loc[LABELS == "b", "income"] += 5.0
Y = np.where(np.arange(60) < 25, "yes", "no")
IMAGES = RNG.random((60, 4, 5))


@pytest.fixture(scope="module")
def local():
    corex = LinearCorEx(1, random_state=0)
    return LocalCorEx(corex, n_splits=0).fit(X, clusters=LABELS)


def test_a_planted_column_comes_first():
    profile = cluster_profile(X, LABELS)
    first = profile.to_frame(n=1).set_index("cluster")
    assert first.loc["cluster b", "column"] == "income"
    assert first.loc["cluster b", "lower"] > 1
    frame = profile.to_frame()
    assert len(frame) == 9 and (frame["n_samples"] == 20).all()
    for _, rows in frame.groupby("cluster"):
        assert (abs(rows["difference"]).diff().dropna() <= 0).all()
    row = frame[(frame["cluster"] == "cluster a") & (frame["column"] == "rooms")].iloc[0]
    assert row["mean"] == pytest.approx(X["rooms"][:20].mean())
    assert row["rest_mean"] == pytest.approx(X["rooms"][20:].mean())


def test_classes_and_images():
    profile = cluster_profile(X, LABELS, y=Y, images=IMAGES)
    shares = profile.composition().set_index(["cluster", "class"])
    assert shares.loc[("cluster b", "no"), "n_samples"] == 15
    shown = shares.loc[("cluster b", "yes"), ["share", "share_of_all"]].tolist()
    assert shown == [0.25, pytest.approx(25 / 60)]
    np.testing.assert_allclose(profile.mean_images[1], IMAGES[20:40].mean(0))
    np.testing.assert_allclose(profile.mean_image, IMAGES.mean(0))
    assert cluster_profile(X, LABELS).composition().empty


def test_every_way_to_name_groups_is_the_same(local):
    ways = [
        cluster_profile(X, local),
        cluster_profile(X, local.clusters_),
        cluster_profile(torch.tensor(X.to_numpy()), LABELS),
    ]
    for profile in ways:
        assert profile.names == ["cluster a", "cluster b", "cluster c"]
        np.testing.assert_allclose(profile.difference, ways[0].difference)
    one = [
        cluster_profile(X, local.clusters_[1]),
        cluster_profile(X, selection=LABELS == "b"),
        cluster_profile(X, selection=range(20, 40)),
    ]
    for profile in one:
        np.testing.assert_allclose(profile.upper, ways[0].upper[1:2])
    chosen = local.fit_selection(range(10))
    twice = cluster_profile(X, [chosen, chosen])
    assert twice.names == ["selection of 10, 1", "selection of 10, 2"]


def test_pixels_of_the_table_are_images():
    flat = IMAGES.reshape(60, 20)
    np.testing.assert_allclose(
        cluster_profile(flat, LABELS, image_shape=(4, 5)).mean_images,
        cluster_profile(X, LABELS, images=flat, image_shape=(4, 5)).mean_images,
    )
    colours = RNG.integers(0, 255, (60, 4, 5, 3)).astype(np.uint8)
    assert cluster_profile(X, LABELS, images=colours).mean_image.shape == (4, 5, 3)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({}, "must have clusters or a selection"),
        ({"clusters": LABELS, "selection": [1]}, "must have clusters or a selection"),
        ({"clusters": np.zeros(60)}, "of cluster 0.0 must leave samples outside"),
        ({"selection": range(60)}, "must leave samples outside to compare with, but it has 60"),
        ({"selection": []}, "must hold at least 1 sample"),
        ({"clusters": LABELS[:5]}, "must be one label per sample, 60"),
        ({"clusters": LABELS, "y": np.arange(60) / 7}, ""),
        ({"clusters": LABELS, "images": IMAGES[:5]}, "must hold one image per sample"),
        ({"clusters": LABELS, "images": IMAGES.reshape(60, 20)}, "must have shape"),
        ({"clusters": LABELS, "images": IMAGES, "image_shape": (3, 3)}, "number of pixels"),
        ({"clusters": LABELS, "images": np.where(IMAGES > 0.5, np.nan, 1)}, "missing or infinite"),
    ],
)
def test_what_makes_no_sense_is_refused(options, match):
    if not match:  # 60 values are classes, 200 are not
        assert len(cluster_profile(X, **options).class_names) == 60
        return
    with pytest.raises((ValueError, TypeError), match=match):
        cluster_profile(X, **options)


def test_other_data_than_those_of_the_fit_are_refused(local):
    with pytest.raises(ValueError, match="must be a fit to the samples of data, 59"):
        cluster_profile(X[:59], local)
    with pytest.raises(ValueError, match="has sample 59 and data has 50"):
        cluster_profile(X[:50], local.clusters_)
    with pytest.raises(ValueError, match="must be classes, 100 at most, but has 200 different"):
        cluster_profile(np.eye(200), np.arange(200) % 2, y=np.arange(200))
    twice = pd.DataFrame(X.to_numpy(), columns=[1, "1", "rooms"])
    with pytest.raises(ValueError, match="columns with names of their own"):
        cluster_profile(twice, LABELS)
