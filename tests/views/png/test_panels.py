import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from nbinterp.views.png.panels import panels_png

PLOT = slice(130, None)  # below the legend
COLOURS = ("#0072b2", "#e69f00")


def drawn(frame, groups=("all",), spell="{:+.0f} %".format):
    names = ["first", "second", "chance"]
    png = panels_png(frame, groups, ["one", "two"], COLOURS, "title", names=names, spell=spell)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def table(**changed):
    columns = {
        "group": "all",
        "size": [5, 10],
        "one": [0.0, -40.0],
        "two": [-20.0, -20.0],
        "chance_lower": [-30.0, -30.0],
        "chance_upper": [-10.0, -10.0],
    }
    return pd.DataFrame(columns | changed)


def near(pixels, colour):
    return np.abs(pixels - np.array(colour)).sum(axis=-1) < 12


def test_lines_and_band_lie_where_their_values_are():
    pixels = drawn(table())
    rows = np.flatnonzero(near(pixels, (230, 159, 0))[PLOT].any(axis=1))
    band = np.flatnonzero(near(pixels, (215, 215, 215))[PLOT].sum(axis=1) > 100)
    # -20 is the middle of 0 to -40, and of the band, which takes half of the height.
    assert abs(rows.mean() - (band[0] + band[-1]) / 2) < 3
    assert band[-1] - band[0] == pytest.approx(90, abs=3)


def test_the_legend_names_what_is_drawn():
    legend = drawn(table())[56:80]
    for colour in ((0, 114, 178), (230, 159, 0), (215, 215, 215)):
        assert near(legend, colour).any()
    text = near(legend, (33, 33, 33)).any(axis=0)
    assert text.sum() > 60


def test_ends_are_spelled_as_asked():
    said = []
    drawn(table(), spell=lambda value: said.append(value) or "")
    assert said == [0.0, -40.0]


def test_without_random_draws_there_is_no_band():
    missing = table(chance_lower=np.nan, chance_upper=np.nan)
    assert not (near(drawn(missing), (215, 215, 215))[PLOT].sum(axis=1) > 100).any()


def test_many_groups_take_several_rows():
    groups = [f"class {k}" for k in range(6)]
    frame = pd.concat([table(group=group) for group in groups])
    assert drawn(frame, groups).shape[0] > drawn(frame, groups[:4]).shape[0]
