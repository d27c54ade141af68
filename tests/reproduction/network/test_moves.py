"""Moves by shuffled directions, and pictures."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image

from nbinterp.datasets import load_mnist_classifier
from reproduction.network.moves import shuffled_moves, tiles


def test_a_shuffled_constant_step_is_the_step_itself() -> None:
    """All draws are then equal, and can be checked by hand."""
    model = load_mnist_classifier()
    base, step = np.linspace(0, 1, 200, dtype=np.float32), np.full(200, 0.1, np.float32)
    for layer, behind in (("h1", [model.h2, model.output]), ("h2", [model.output])):
        with torch.no_grad():
            ends = torch.as_tensor(np.stack([base - step, base + step]))
            for part in behind:
                ends = part(ends)
        margin = ends[:, 4] - ends[:, 9]
        found = shuffled_moves(model, layer, base, step, 3)
        np.testing.assert_allclose(found, float(margin[1] - margin[0]), atol=1e-4)


def test_shuffles_differ() -> None:
    step = np.linspace(0, 1, 200, dtype=np.float32)
    found = shuffled_moves(load_mnist_classifier(), "h2", np.zeros_like(step), step, 20)
    assert len(set(found.round(6).tolist())) == 20


def test_tiles_put_rows_below_each_other() -> None:
    black, white = np.ones(4, np.float32), np.zeros(4, np.float32)
    png = tiles([(black, white, white), (white, white, black)], size=2, gap=1)
    picture = np.asarray(Image.open(BytesIO(png)))
    assert picture.shape == (15, 24)  # three times 2 · 3 − 1 and 3 · 3 − 1 pixels
    assert picture[:6, :6].max() == 0 and picture[-6:, -6:].max() == 0
    assert picture[6:9].min() == 255 and picture[:6, 6:].min() == 255
