import numpy as np
import pandas as pd
import pytest
import torch
from network.worlds import hooks
from torch import nn

from nbinterp.datasets import load_mnist_classifier
from nbinterp.views.workbench.defaults import (
    guess_image_shape,
    guess_layer,
    guess_radius,
    patch_grid,
    patches_code,
    pictures,
)


def test_the_last_hidden_block_of_a_classifier():
    assert guess_layer(load_mnist_classifier(), np.zeros((3, 784))) == "h2"


def test_layers_of_nodes_go_before_maps_and_activations_before_sums():
    convolutional = nn.Sequential(
        *(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()),
        *(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 3)),
    )
    assert guess_layer(convolutional, np.random.default_rng(0).random((4, 1, 12, 12))) == "5"
    assert set(hooks(convolutional)) == {(0, 0)} and convolutional.training
    maps = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert guess_layer(maps, np.ones((4, 1, 6, 6))) in {"0", "1", "2"}


def test_without_a_hidden_layer_it_asks_for_one():
    with pytest.raises(ValueError, match="must have a hidden layer to look into"):
        guess_layer(nn.Linear(4, 3), np.zeros((3, 4)))


class Odd(nn.Module):
    """A network whose layers are of one of the kinds that cannot be explained."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.act = kind, nn.ReLU()
        self.a, self.b, self.o = nn.Linear(8, 12), nn.Linear(12, 12), nn.Linear(12, 3)
        self.cell, self.places = nn.GRUCell(8, 12), nn.Embedding(8, 12)

    def forward(self, x):
        if self.kind == "cell":
            h = self.cell(x, self.cell(x))
        elif self.kind == "positions":
            h = x @ self.places(torch.arange(8))
        elif self.kind == "experts":
            h = x.new_zeros(len(x), 12)
            for choice in (x[:, 0] > 0, x[:, 0] <= 0):
                h[choice] = self.a(x[choice])
        elif self.kind == "batch":
            h = self.act(self.a(x - x.mean(0)))
        else:
            h = self.act(self.b(self.act(self.a(x))))
        return self.o(h)


def test_a_layer_is_guessed_that_runs_once():
    x = np.random.default_rng(0).normal(size=(30, 8))
    assert guess_layer(Odd("activation"), x) == "b"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("cell", "'cell' runs 2 times"),
        ("positions", "'places' does not return one row a sample"),
        ("experts", "'a' runs 2 times"),
        ("batch", "a row of 'a' changes with the batch"),
    ],
)
def test_without_a_layer_that_can_be_explained_it_says_why(kind, reason):
    x = np.random.default_rng(0).normal(size=(30, 8))
    with pytest.raises(ValueError, match=rf"{reason}.* Name a layer"):
        guess_layer(Odd(kind), x)


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (np.zeros((5, 784)), (28, 28)),
        (np.full((5, 64), 255, np.uint8), (8, 8)),
        (np.zeros((5, 28, 28)), (28, 28)),
        (torch.zeros(5, 3, 16, 16), (3, 16, 16)),
        (np.zeros((5, 16, 16, 1)), (16, 16, 1)),
        (-np.ones((5, 784)), None),
        (np.zeros((5, 10)), None),
        (pd.DataFrame(np.zeros((5, 63))), None),
        ({"x": np.zeros((5, 784))}, None),
    ],
)
def test_images(data, shape):
    assert guess_image_shape(data) == shape


def test_pictures_have_their_channels_last():
    assert pictures(np.zeros((5, 3, 8, 9)), (3, 8, 9)).shape == (5, 8, 9, 3)
    assert pictures(np.zeros((5, 1, 8, 9)), (1, 8, 9)).shape == (5, 8, 9)
    assert pictures(np.zeros((5, 64)), (8, 8)).shape == (5, 8, 8)


@pytest.mark.parametrize("shape", [(28, 28), (3, 30, 20), (30, 20, 3)])
def test_patches_are_numbered_row_by_row(shape):
    patches = eval(patches_code(shape), {"np": np}).reshape(shape)
    side, down, across = patch_grid(shape)
    flat = patches if len(shape) == 2 else np.moveaxis(patches, int(np.argmin(shape)), 0)[1]
    assert flat[0, 0] == 0 and flat.max() == down * across - 1
    assert flat[side, 0] == across and flat[0, side] == 1
    assert set(patches.ravel()) == set(range(down * across))


def test_the_radius_is_of_the_size_of_the_data():
    x = np.random.default_rng(0).normal(size=(500, 4))
    assert guess_radius(x, None)[0] == pytest.approx(0.5, rel=0.1)
    assert guess_radius(100 * x, None)[0] == pytest.approx(50, rel=0.1)
    assert guess_radius({"x": x}, None)[0] == guess_radius(np.zeros((5, 3)), None)[0] == 0.5


def test_each_column_of_a_table_has_a_radius_of_its_own():
    scale = np.array([1e-3, 1.0, 1.2e4])
    x = scale * np.random.default_rng(0).normal(size=(3000, 3))
    radius, constant = guess_radius(pd.DataFrame(x), None)
    np.testing.assert_allclose(radius, 0.25 * 3**0.5 * scale, rtol=0.1)
    assert len(constant) == 0
    # A constant column has the size of its value, or, at zero, the median spread.
    still = np.column_stack([x, np.full(3000, -40.0), np.zeros(3000)])
    radius, constant = guess_radius(still, None)
    np.testing.assert_allclose(radius[3:], [0.25 * 5**0.5 * 40, 0.25 * 5**0.5], rtol=0.1)
    assert constant.tolist() == [3, 4]


def test_the_pixels_of_an_image_share_a_radius_and_sensors_do_not():
    images = np.random.default_rng(0).random((200, 8, 8))
    images[:, 0] = 0
    images[:, 1] *= 1e-3
    radius, constant = guess_radius(images, (8, 8))
    assert isinstance(radius, float) and len(constant) == 0
    for axis in (1, 2):
        waves = np.random.default_rng(0).normal(size=(200, 3, 3))
        scale = np.array([1.0, 30.0, 900.0])
        waves *= scale[:, None] if axis == 1 else scale
        radius, _ = guess_radius(waves, None)
        expected = np.repeat(scale, 3) if axis == 1 else np.tile(scale, 3)
        np.testing.assert_allclose(radius, 0.25 * 3 * expected, rtol=0.1)
