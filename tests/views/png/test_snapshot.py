import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nbinterp.views.png.snapshot import categorical, heatmap_png, ramp, scatter_png

HOSTILE = ["<img src=x onerror=alert(1)>", "a\nb\x00\u202e", "", "名前" * 300]
COLOURS = Path(__file__).parents[3] / "widgets" / "src" / "shared" / "colours.ts"


def opened(png):
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def pixels(png):
    return np.asarray(opened(png).convert("RGB")).astype(int)


def share_near(image, colour, reach=40):
    return float((np.abs(image - np.array(colour)).max(axis=-1) <= reach).mean())


def test_a_map_is_of_twice_the_resolution_while_that_takes_little():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 10, 10_000)
    xy = rng.normal(size=(10, 2))[codes] * 4 + rng.normal(size=(10_000, 2))
    for named in ([f"digit {i}" for i in range(10)], []):
        png = scatter_png(xy, codes.astype(float) if not named else codes, named)
        assert len(png) < 40_000
    assert opened(scatter_png(xy[:500], codes[:500])).size == (1280, 840)


def test_points_stand_where_they_are():
    names, colours = ["left", "right", "top"], ["#ff0000", "#00ff00", "#0000ff"]
    xy = np.array([[-1.0, 0], [1, 0], [0, 1]])
    image = pixels(scatter_png(xy, np.arange(3), names, colours=colours))[:, :1000]
    places = [np.argwhere(np.abs(image - rgb).max(axis=2) < 60) for rgb in np.eye(3) * 255]
    left, right, top = (place.mean(axis=0) for place in places)
    assert left[0] == pytest.approx(right[0], abs=2)
    assert left[1] < top[1] < right[1]
    assert left[0] - top[0] == pytest.approx((right[1] - left[1]) / 2, abs=3)  # one scale


def test_unselected_points_are_dimmed_not_dropped():
    xy = np.random.default_rng(0).normal(size=(500, 2))
    codes = np.zeros(500, int)
    full = pixels(scatter_png(xy, codes, ["one"], colours=["#000000"]))[:, :1000]
    some = scatter_png(xy, codes, ["one"], colours=["#000000"], selection=np.arange(50))
    dimmed = pixels(some)[:, :1000]
    assert share_near(dimmed, (0, 0, 0)) < 0.4 * share_near(full, (0, 0, 0))
    assert share_near(dimmed, (191, 191, 191)) > share_near(full, (191, 191, 191)) + 0.001


@pytest.mark.parametrize(
    ("xy", "codes", "names"),
    [
        (np.empty((0, 2)), None, ()),
        (np.zeros((1, 2)), np.zeros(1, int), ["only"]),
        (np.zeros((7, 2)), np.full(7, -1), ["none of these"]),
        (np.array([[np.nan, 0], [np.inf, 1], [1, 2]]), np.arange(3), HOSTILE),
        (np.ones((3, 2)) * 1e300, np.array([1.0, np.nan, 1.0]), ()),
        (np.random.default_rng(0).normal(size=(99, 2)), np.arange(99), [str(i) for i in range(99)]),
    ],
)
def test_any_map_is_a_picture(xy, codes, names):
    png = scatter_png(xy, codes, names, title="<b>", label="\x07", selection=np.empty(0, int))
    assert opened(png).format == "PNG"


def test_cells_have_the_colours_of_their_values():
    values = np.array([[0.0, 1.0], [0.5, 0.0]])
    image = pixels(heatmap_png(values, ["a", "b"], ["c", "d"]))
    for value in (0.0, 0.5, 1.0):
        assert share_near(image, ramp(np.array(value) ** 0.5, "viridis"), 6) > 0.005
    weak = heatmap_png(values, ["a", "b"], ["c", "d"], weak=values < 2)
    assert share_near(pixels(weak), ramp(np.array(1.0), "viridis"), 6) < 0.002


def test_zero_is_neutral_on_the_diverging_scale():
    red, green, blue = ramp(np.array(0.5), "diverging").astype(int)
    assert red == green == blue
    low, high = ramp(np.array([0.25, 0.75]), "diverging").astype(int)
    assert low[2] > low[0]
    assert high[0] > high[2]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (1, 1), (2, 400), (30, 2000), (300, 2)])
@pytest.mark.parametrize("diverging", [False, True])
def test_any_matrix_is_a_picture(shape, diverging):
    values = np.random.default_rng(0).uniform(-1, 1, shape)
    rows = (HOSTILE * shape[0])[: shape[0]]
    columns = (HOSTILE * shape[1])[: shape[1]]
    png = heatmap_png(values, rows, columns, diverging=diverging, block=min(2, shape[1]))
    image = opened(png)
    assert max(image.size) < 10_000
    assert len(png) < 300_000


def test_the_front_end_has_the_same_colours():
    source = COLOURS.read_text(encoding="utf-8")

    def listed(name):
        block = re.search(rf"const {name} = \[(.*?)\]", source, re.S).group(1)
        return np.array([list(bytes.fromhex(code)) for code in re.findall("#([0-9a-f]{6})", block)])

    assert np.array_equal(categorical(8), listed("OKABE_ITO"))
    stops = listed("VIRIDIS")
    assert np.array_equal(ramp(np.linspace(0, 1, len(stops)), "viridis"), stops)
    assert len(np.unique(categorical(40), axis=0)) == 40
