import re
from pathlib import Path

import numpy as np

from nbinterp.views.base.colours import categorical, ramp, rgb

COLOURS = Path(__file__).parents[3] / "widgets" / "src" / "shared" / "colours.ts"


def test_zero_is_neutral_on_the_diverging_scale():
    red, green, blue = ramp(np.array(0.5), "diverging").astype(int)
    assert red == green == blue
    low, high = ramp(np.array([0.25, 0.75]), "diverging").astype(int)
    assert low[2] > low[0]
    assert high[0] > high[2]


def test_the_front_end_has_the_same_colours():
    source = COLOURS.read_text(encoding="utf-8")

    def listed(name):
        block = re.search(rf"const {name} = \[(.*?)\]", source, re.S).group(1)
        return re.findall("#[0-9a-f]{6}", block)

    assert categorical(8) == listed("OKABE_ITO")
    stops = rgb(listed("VIRIDIS"))
    assert np.array_equal(ramp(np.linspace(0, 1, len(stops)), "viridis"), stops)
    assert len(set(categorical(40))) == 40
