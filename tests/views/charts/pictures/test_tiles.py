"""Small images with titles."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from nbinterp.views.charts.pictures.tiles import colour_bar, grey_pixels, tile
from nbinterp.views.png.canvas import Scale


def drawn(chart):
    """The picture in a tile."""
    (rows,) = chart.to_dict()["datasets"].values()
    url = rows[0]["url"]
    return Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))


@pytest.mark.parametrize(
    ("shape", "size"),
    [((28, 28), (84, 84)), ((8, 8), (80, 80)), ((4, 30), (60, 8)), ((300, 100), (28, 84))],
)
def test_pixels_of_small_images_are_whole(shape, size):
    made = tile(np.zeros((*shape, 3), np.uint8), "a")
    assert (made.width, made.height) == size
    assert max(drawn(made).size) <= 2 * 84


def test_a_tile_holds_its_pixels():
    pixels = np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_array_equal(np.asarray(drawn(tile(pixels, "a")).convert("RGB")), pixels)


def test_greys_run_from_low_to_high_and_colours_stay():
    assert grey_pixels(np.array([[2.0, 4.0]]), 2.0, 4.0)[0].tolist() == [[0, 0, 0], [255, 255, 255]]
    colour = np.array([[[0.0, 0.5, 1.0]]])
    assert grey_pixels(colour, 0.0, 1.0)[0, 0].tolist() == [0, 128, 255]
    assert (grey_pixels(np.full((2, 2), 3.0), 3.0, 3.0) == 0).all()


def test_a_colour_bar_has_the_colours_of_its_scale():
    scale = Scale("diverging", -2.0, 2.0, "√MI")
    legend = colour_bar(scale).to_dict()["encoding"]["color"]
    ends = scale.pixels(np.array([-2.0, 0.0, 2.0]))
    shown = legend["scale"]["range"]
    assert [shown[0], shown[4], shown[8]] == [f"#{bytes(each).hex()}" for each in ends]
    assert legend["legend"]["values"] == [-2.0, 0.0, 2.0]
