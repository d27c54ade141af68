import math

import pytest

from nbinterp.views.png.canvas import text_width

NAMES = {
    "empty": "",
    "short": "node 7",
    "kerned": "AVAVAV.To.fi." * 9,
    "hostile": "名é\u0301\u202e\n" * 20,
    "long": "i" * 239 + "W",
}


@pytest.mark.parametrize("most", [0, 3, 20, 150, 900])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_line_is_cut_to_the_most_letters_that_fit(name, most):
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    whole = text_width([line], 10, math.inf)
    cuts = [text_width([line[:k] + "…"], 10, math.inf) for k in range(len(line))]
    fitting = [width for width in cuts if width <= most] or cuts[:1]
    assert text_width([name], 10, most) == (whole if whole <= most else fitting[-1])
