import base64

import altair as alt
import pandas as pd
import pytest
from views.png.reading import near, opened, pixels

from nbinterp.views.charts.vega_lite import chart_bundle, chart_png


@pytest.fixture
def chart():
    table = pd.DataFrame({"x": [1, 2], "name": ["a", "<img src=x onerror=alert(1)>"]})
    encoded = alt.Chart(table).mark_bar(color="#0072b2").encode(x="x:Q", y="name:N")
    return encoded.properties(width=300).interactive()


def test_a_bundle_is_what_jupyterlab_draws(chart):
    bundle = chart_bundle(chart, "a chart")
    drawn = bundle["application/vnd.vegalite.v5+json"]
    assert drawn["$schema"].endswith("/v5.json") and drawn["encoding"] == {
        "x": {"field": "x", "type": "quantitative"},
        "y": {"field": "name", "type": "nominal"},
    }
    assert drawn["config"]["background"] == "transparent"  # also of a dark page
    assert bundle["text/plain"] == "a chart"
    assert base64.b64decode(bundle["image/png"]) == chart_png(chart)
    assert "image/png" not in chart_bundle(chart, "a chart", still=False)


def test_the_still_picture_is_the_chart_on_white(chart):
    png = chart_png(chart)
    image = pixels(png)
    assert image[0, 0].tolist() == [255, 255, 255]
    bars = near(image, (0, 114, 178), 6).sum(axis=1)
    long, short = bars[bars > 0].max(), bars[bars > 0].min()
    assert long == pytest.approx(450, abs=3)  # 300 at one and a half
    assert short == pytest.approx(225, abs=3)
    assert len(png) < 10_000
    assert opened(png).info["dpi"][0] == pytest.approx(144, abs=1)
