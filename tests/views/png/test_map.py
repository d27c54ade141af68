import numpy as np
import pytest
from views.png.reading import near, opened, pixels

from nbinterp.views.base.colours import OKABE_ITO, rgb
from nbinterp.views.png.map import scatter_png

HOSTILE = ["<img src=x onerror=alert(1)>", "a\nb\x00\u202e", "", "名前" * 300]
BLUE = rgb(OKABE_ITO[:1])[0]


def share_near(image, colour):
    return float(near(image, colour).mean())


def test_a_map_of_many_samples_takes_little_room():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 10, 10_000)
    xy = rng.normal(size=(10, 2))[codes] * 4 + rng.normal(size=(10_000, 2))
    for named in ([f"digit {i}" for i in range(10)], []):
        png = scatter_png(xy, codes.astype(float) if not named else codes, named)
        assert len(png) < 40_000
        assert opened(png).size == (1280, 840)
    assert opened(scatter_png(xy[:500], codes[:500])).size == (1280, 840)


def test_points_stand_where_they_are():
    xy = np.array([[-1.0, 0], [1, 0], [0, 1]])
    image = pixels(scatter_png(xy, np.arange(3), ["left", "right", "top"]))[:, :1000]
    places = [np.argwhere(near(image, rgb([code])[0], 60)) for code in OKABE_ITO[:3]]
    left, right, top = (place.mean(axis=0) for place in places)
    assert left[0] == pytest.approx(right[0], abs=2)
    assert left[1] < top[1] < right[1]
    assert left[0] - top[0] == pytest.approx((right[1] - left[1]) / 2, abs=3)  # one scale


def test_unselected_points_are_dimmed_not_dropped():
    xy = np.random.default_rng(0).normal(size=(500, 2))
    codes = np.zeros(500, int)
    full = pixels(scatter_png(xy, codes, ["one"]))[:, :1000]
    dimmed = pixels(scatter_png(xy, codes, ["one"], selection=np.arange(50)))[:, :1000]
    faint = BLUE * 0.25 + 255 * 0.75
    assert share_near(dimmed, BLUE) < 0.4 * share_near(full, BLUE)
    assert share_near(dimmed, faint) > share_near(full, faint) + 0.001


@pytest.mark.parametrize(
    ("xy", "codes", "names"),
    [
        (np.empty((0, 2)), None, ()),
        (np.zeros((1, 2)), np.zeros(1, int), ["only"]),
        (np.zeros((7, 2)), np.full(7, -1), ["none of these"]),
        (np.array([[np.nan, 0], [np.inf, 1], [1, 2]]), np.arange(3), HOSTILE),
        (np.ones((3, 2)) * 1e300, np.array([1.0, np.nan, 1.0]), ()),
        (np.ones((3, 2)), np.array([-3.0, np.inf, -1.0]), ()),
        (np.random.default_rng(0).normal(size=(99, 2)), np.arange(99), [str(i) for i in range(99)]),
    ],
)
def test_any_map_is_a_picture(xy, codes, names):
    png = scatter_png(xy, codes, names, label="\x07", selection=np.empty(0, int))
    assert opened(png).format == "PNG"
