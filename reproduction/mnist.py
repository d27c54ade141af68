"""R3: the pixels of handwritten digits (Local CorEx, Fig. 3, 4, 15 to 17, 22)."""

import io
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from PIL import Image

from nbinterp import PHATE, LinearCorEx, LocalCorEx
from nbinterp.corex import cluster_profile, factor_images
from nbinterp.datasets import load_mnist
from reproduction.report import Row, Section, above, told

_TITLE = "R3. MNIST pixels (Local CorEx, section 3.3, Fig. 3, 4, 15 to 17, 22)"
_TEXT = """\
{n} images of handwritten digits, 784 pixels from 0 to 255 (`load_mnist`; the paper takes all
70,000). `LocalCorEx` with `PHATE(10, random_state=42)`, 24 clusters and 20 factors of Linear
CorEx each, and 20 factors of all images together. The paper does not print the number of
clusters; 24 is the number in the authors' notebook. Numbers of clusters differ from run to run,
so clusters are found by their mixture: the one with most of the rarer of two digits, and the
purest cluster of 7s that is large.

The first picture shows which digits the clusters hold, and their mean images. The second shows
for each cluster its mean image, then √I(pixel; factor) of its 20 factors, the strongest first,
black where it is largest. From top to bottom: {names}. The factors of all images are blobs that
tell digits apart. Those of a cluster are strokes in which images that look alike still differ.
The first factors can be a few pixels near the border that are lit together in one or two images:
they share much and say little.
"""
_PURE = 0.9
_SHAPE = (28, 28)


class _Mixture(NamedTuple):
    """A cluster that the paper shows: what it mixes, and how many of each."""

    name: str
    digits: tuple[int, ...]
    paper: tuple[int, ...]  # how many of each the paper's cluster holds, and of all
    share: float  # of these digits in the cluster, at least


_MIXTURES = (
    _Mixture("4s and 9s", (4, 9), (1008, 1898, 2989), 0.9),
    _Mixture("8s and 3s", (8, 3), (2011, 681, 2974), 0.8),
    _Mixture("7s", (7,), (1297, 1313), 0.9),
)


def run(quick: bool) -> Section:
    """Return the section of pixels; the quick one has the 10,000 test images alone."""
    parts = [load_mnist(split) for split in (["test"] if quick else ["train", "test"])]
    pixels = np.concatenate([part.data for part in parts])
    digits = np.concatenate([part.target for part in parts])
    corex = LinearCorEx(20, random_state=42, progress=False)
    local = LocalCorEx(
        corex, PHATE(10, random_state=42, progress=False), 24, n_splits=0, random_state=0
    ).fit(pixels)
    counts = np.array([np.bincount(digits[each.indices], minlength=10) for each in local.clusters_])
    rows: list[Row] = []
    lines, shown = [], []
    for mixture in _MIXTURES:
        place = cluster_of(counts, mixture.digits)
        rows += _rows(mixture, counts[place])
        found = local.clusters_[place]
        shown.append(replace(found, name=mixture.name))
        lines.append((pixels[found.indices].mean(axis=0), factor_images(found, _SHAPE)))
    with warnings.catch_warnings():  # pixels that one image alone lights are copies of each other
        warnings.filterwarnings("ignore", ".*are copies of others", UserWarning)
        together = corex.fit(pixels)
    lines.append((pixels.mean(axis=0), factor_images(together, _SHAPE)))
    profile = cluster_profile(pixels, shown, y=digits, image_shape=_SHAPE)
    names = ", ".join([*(f"the cluster of {mixture.name}" for mixture in _MIXTURES), "all images"])
    text = _TEXT.format(n=f"{len(pixels):,}", names=names)
    plots = {"mnist_clusters": profile.view().chart, "mnist_factors": _picture(lines)}
    return Section(_TITLE, text, tuple(rows), plots)


def cluster_of(counts: np.ndarray, digits: tuple[int, ...]) -> int:
    """Return the cluster with most of the rarer of the digits, among those where they prevail."""
    share = counts[:, list(digits)].sum(axis=1) / counts.sum(axis=1)
    rarer = counts[:, list(digits)].min(axis=1)
    allowed = share > (_PURE if len(digits) == 1 else 0.5)
    return int(np.where(allowed, rarer, -1).argmax())


def _rows(mixture: _Mixture, counts: np.ndarray) -> Iterator[Row]:
    """Yield how a cluster mixes digits."""
    own, (*theirs, size) = counts[list(mixture.digits)], mixture.paper
    found, printed = (" and ".join(str(count) for count in each) for each in (own, theirs))
    yield above(
        f"{mixture.name}: {found} of {counts.sum()} images; their share",
        own.sum() / counts.sum(),
        mixture.share,
        f"{printed} of {size}: {sum(theirs) / size:.3f}",
    )
    if len(own) > 1:
        yield above(
            f"{mixture.name}: share of the rarer of the two",
            own.min() / own.sum(),
            0.1,
            f"{min(theirs) / sum(theirs):.3f}",
        )
    others = np.argsort(-counts)[: len(own) + 1]
    rest = next((int(each) for each in others if each not in mixture.digits), None)
    if rest is not None:
        yield told(
            f"{mixture.name}: share of the next digit, {rest}",
            counts[rest] / counts.sum(),
            why="Where a cluster ends depends on the versions of all programs.",
        )


def _picture(lines: list[tuple[np.ndarray, np.ndarray]]) -> bytes:
    """Return a PNG with a line for each cluster: its mean image, then its factors."""
    rows = []
    for mean, images in lines:
        tiles = np.vstack([mean.reshape(1, *_SHAPE), images])
        tiles = tiles / np.maximum(tiles.max(axis=(1, 2), keepdims=True), 1e-12)
        rows.append(np.hstack([np.pad(tile, 2) for tile in tiles]))
    ink = np.pad(np.vstack(rows), 2)
    grey = Image.fromarray((255 * (1 - ink)).round().astype(np.uint8))
    held = io.BytesIO()
    grey.resize((2 * grey.width, 2 * grey.height), Image.Resampling.NEAREST).save(held, "PNG")
    return held.getvalue()
