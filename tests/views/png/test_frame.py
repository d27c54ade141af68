import io

import numpy as np
import pytest
from PIL import Image

from nbinterp.views.base.colours import ramp
from nbinterp.views.png.frame import frame_png

BLUE, GREY = (0, 114, 178), (170, 170, 170)
NONE = np.empty(0)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def area(image, colour):
    """How many pixels have a colour, below the line that names the colours."""
    return int((image[96:] == np.array(colour)).all(axis=-1).sum())


def test_base_edited_and_difference_stand_side_by_side():
    base, edited = np.array([0.0, 1.0, 0.5, 0.5]), np.array([1.0, 0.0, 0.5, 0.5])
    image = pixels(frame_png(NONE, NONE, [], decoded=np.stack([base, edited]), shape=(2, 2)))
    firsts = [image[100 + 20, 2 * (8 + 160 * panel) + 20].tolist() for panel in range(3)]
    red = ramp(np.array(1.0), "diverging").tolist()
    assert firsts == [[0, 0, 0], [255, 255, 255], red]
    seconds = [image[100 + 20, 2 * (8 + 160 * panel) + 280].tolist() for panel in range(3)]
    assert seconds == [[255, 255, 255], [0, 0, 0], ramp(np.array(0.0), "diverging").tolist()]
    untouched = image[100 + 280, 2 * (8 + 320) + 20]
    assert (untouched == ramp(np.array(0.5), "diverging")).all()


def test_colours_are_kept():
    decoded = np.random.default_rng(0).uniform(size=(2, 12 * 20 * 3))
    image = pixels(frame_png(NONE, NONE, [], decoded=decoded, shape=(12, 20, 3)))
    first = np.round(decoded[0, :3] * 255).astype(int)
    assert (image[100 + 4, 16 + 4] == first).all()


def test_bars_are_as_long_as_the_outputs():
    one = pixels(frame_png(np.array([0.0, 0.0]), np.array([4.0, 0.0]), ["a", "b"]))
    two = pixels(frame_png(np.array([0.0, 0.0]), np.array([4.0, -2.0]), ["a", "b"]))
    base = pixels(frame_png(np.array([4.0, 0.0]), np.array([0.0, 0.0]), ["a", "b"]))
    assert area(two, BLUE) == pytest.approx(area(one, BLUE), rel=0.05)  # 6 parts, over 6
    assert area(base, GREY) == pytest.approx(2 * area(one, BLUE), rel=0.05)
    assert area(base, BLUE) == 0


def test_of_many_outputs_those_that_changed_are_drawn():
    baseline, edited = np.zeros(1000), np.zeros(1000)
    edited[700:720] = 1
    few = pixels(frame_png(np.zeros(20), np.ones(20), ["x"] * 20))
    many = pixels(frame_png(baseline, edited, ["x"] * 1000))
    assert np.array_equal(few, many)


def test_lines_of_other_data():
    decoded = np.array([[0.0] * 9, [1.0] * 9])
    image = pixels(frame_png(NONE, NONE, [], decoded=decoded, limits=(0.0, 2.0)))
    rows = np.flatnonzero((image == BLUE).all(axis=-1).sum(axis=1) > 400)
    assert abs(rows.mean() - 2 * (50 + 75)) < 3  # 1 is the middle of 0 to 2


@pytest.mark.parametrize("shape", [(), (1, 6), (6, 1), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e30])
@pytest.mark.filterwarnings("error")
def test_any_values_are_a_picture(shape, value):
    decoded, outputs = np.full((2, 6), 0.5), np.zeros(3)
    decoded[1, 2] = outputs[1] = value
    names = ["<b>", "\n" * 500, "–"]
    png = frame_png(np.zeros(3), outputs, names, decoded=decoded, shape=shape, title="x" * 999)
    assert png[1:4] == b"PNG"
