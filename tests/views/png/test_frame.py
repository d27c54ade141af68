import numpy as np
import pytest
from views.png.reading import pixels

from nbinterp.views.base.colours import ramp
from nbinterp.views.png.frame import frame_png

BLUE, GREY = (0, 114, 178), (170, 170, 170)
NONE = np.empty(0)


def area(image, colour):
    """How many pixels have exactly this colour."""
    return int((image == np.array(colour)).all(axis=-1).sum())


def middle(image, colour):
    """The row and column in the middle of the area of a colour; letters do not move it."""
    return np.median(np.argwhere((image == np.array(colour)).all(axis=-1)), axis=0)


def test_base_edited_and_difference_stand_side_by_side():
    base, edited = np.array([20, 200, 100, 100]), np.array([180, 40, 100, 100])
    decoded = np.stack([base, edited]) / 255
    image = pixels(frame_png(NONE, NONE, [], decoded=decoded, shape=(2, 2)))
    colours = [[[grey] * 3 for grey in pair[:2]] for pair in (base, edited)]
    colours.append([ramp(np.array(share), "diverging") for share in (1.0, 0.0)])
    places = np.array([[middle(image, colour) for colour in panel] for panel in colours])
    firsts, seconds = places.swapaxes(0, 1)
    step = seconds - firsts
    assert np.abs(step - step[0]).max() <= 1 and step[0, 0] == 0 < step[0, 1]
    apart = np.diff(firsts, axis=0)
    assert np.abs(apart[0] - apart[1]).max() <= 1 and apart[0, 0] == 0
    assert apart[0, 1] > 2 * step[0, 1]
    below = firsts + step[:, ::-1]  # as far down as the second pixel is to the right
    untouched = [image[tuple(place)].tolist() for place in np.round(below).astype(int)]
    assert untouched == [[100] * 3, [100] * 3, ramp(np.array(0.5), "diverging").tolist()]


def test_colours_are_kept():
    decoded = np.random.default_rng(0).uniform(size=(2, 12 * 20 * 3))
    image = pixels(frame_png(NONE, NONE, [], decoded=decoded, shape=(12, 20, 3)))
    corners = np.round(decoded[0] * 255).reshape(12, 20, 3)[::11, ::19]
    (first, right), (below, last) = [[middle(image, one) for one in row] for row in corners]
    np.testing.assert_allclose(last - below, right - first, atol=1)
    np.testing.assert_allclose(last - right, below - first, atol=1)
    width, height = (right - first)[1], (below - first)[0]
    assert width / 19 == pytest.approx(height / 11, rel=0.01) and width > 0


def test_bars_are_as_long_as_the_outputs():
    def bars(baseline, edited):
        image = pixels(frame_png(np.array(baseline), np.array(edited), ["a", "b"]))
        return {colour: area(image, colour) - area(legend, colour) for colour in (BLUE, GREY)}

    legend = pixels(frame_png(np.zeros(2), np.zeros(2), ["a", "b"]))
    one, two = bars([0.0, 0.0], [4.0, 0.0]), bars([0.0, 0.0], [4.0, -2.0])
    base = bars([4.0, 0.0], [0.0, 0.0])
    assert two[BLUE] == pytest.approx(one[BLUE], rel=0.02)  # 6 parts, over 6
    assert base[GREY] == pytest.approx(2 * one[BLUE], rel=0.02)
    assert base[BLUE] == 0 < one[BLUE]


def test_of_many_outputs_those_that_changed_are_drawn():
    baseline, edited = np.zeros(1000), np.zeros(1000)
    edited[700:720] = 1
    few = pixels(frame_png(np.zeros(20), np.ones(20), ["x"] * 20))
    many = pixels(frame_png(baseline, edited, ["x"] * 1000))
    assert np.array_equal(few, many)


def test_lines_of_other_data():
    def height(value):
        decoded = np.array([[0.2] * 9, [value] * 9])
        image = pixels(frame_png(NONE, NONE, [], decoded=decoded, limits=(0.0, 2.0)))
        return np.flatnonzero((image == BLUE).all(axis=-1).sum(axis=1) > 400).mean()

    low, centre, high = (height(value) for value in (0.0, 1.0, 2.0))
    assert abs(centre - (low + high) / 2) < 3  # 1 is the middle of 0 to 2
    assert low > centre > high
    assert height(0.5) == pytest.approx((low + centre) / 2, abs=3)
    assert height(3.0) == high  # the limits hold


@pytest.mark.parametrize("shape", [(), (1, 6), (6, 1), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 1e30])
@pytest.mark.filterwarnings("error")
def test_any_values_are_a_picture(shape, value):
    decoded, outputs = np.full((2, 6), 0.5), np.zeros(3)
    decoded[1, 2] = outputs[1] = value
    names = ["<b>", "\n" * 500, "–"]
    png = frame_png(np.zeros(3), outputs, names, decoded=decoded, shape=shape, title="x" * 999)
    assert png[1:4] == b"PNG"
