import numpy as np
import pytest
from views.png.reading import near, opened, pixels

from nbinterp.views.base.colours import ramp
from nbinterp.views.png.canvas import Scale
from nbinterp.views.png.matrix import matrix_png, pairs_png, thinned

HOSTILE = ["<img src=x onerror=alert(1)>", "a\nb\x00\u202e", "", "名前" * 300]


def share_near(image, colour):
    return float(near(image, colour, 6).mean())


def test_cells_have_the_colours_of_their_values():
    values = np.array([[0.0, 1.0], [0.5, 0.0]])
    scale = Scale("viridis", 0.0, 1.0, "nats", root=True)
    image = pixels(matrix_png(values, ["a", "b"], ["c", "d"], scale))
    for value in (0.0, 0.5, 1.0):
        assert share_near(image, ramp(np.array(value) ** 0.5, "viridis")) > 0.005
    weak = matrix_png(values, ["a", "b"], ["c", "d"], scale, weak=values < 2)
    assert share_near(pixels(weak), ramp(np.array(1.0), "viridis")) < 0.002


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (1, 1), (2, 400), (30, 2000), (300, 2)])
@pytest.mark.parametrize("diverging", [False, True])
def test_any_matrix_is_a_picture(shape, diverging):
    values = np.random.default_rng(0).uniform(-1, 1, shape)
    rows = (HOSTILE * shape[0])[: shape[0]]
    columns = (HOSTILE * shape[1])[: shape[1]]
    scale = Scale("diverging", -1.0, 1.0) if diverging else Scale("viridis", 0.0, 1.0, root=True)
    png = matrix_png(values, rows, columns, scale, block=min(2, shape[1]))
    image = opened(png)
    assert max(image.size) < 10_000
    assert len(png) < 300_000


def test_pairs_within_noise_are_hatched():
    values = np.array([[0.0, 2.0], [2.0, -0.5]])
    colours = [ramp(np.array(share), "diverging") for share in (1.0, 0.25)]
    scale = Scale("diverging", -2.0, 2.0, root=True)
    whole, none = (
        pixels(pairs_png(values, np.full((2, 2), noise), ["a", "b"], scale))
        for noise in (False, True)
    )
    for colour in colours:
        assert share_near(whole, colour) > 0.005
        assert share_near(none, colour) < 0.003  # the bar alone
    assert share_near(none, (200, 200, 200)) > share_near(whole, (200, 200, 200)) + 0.002


def test_of_more_pairs_than_can_be_seen_the_strongest_are_drawn():
    values, noise = np.zeros((300, 300)), np.zeros((300, 300), bool)
    values[7, 9], values[200, 200] = -2.0, 1.0
    values[299, 0], noise[299, 0] = 9.0, True  # not one: it is noise
    small, hatched = thinned(values, noise)
    assert max(small.shape) < 150
    assert (small.min(), small.max(), hatched.sum()) == (-2.0, 1.0, 0)
    assert thinned(values, ~noise | noise)[1].all()
