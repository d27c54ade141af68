import altair as alt
import pandas as pd

from nbinterp.views.base.vega_lite import chart_bundle


def test_a_bundle_is_what_jupyterlab_draws():
    chart = alt.Chart(pd.DataFrame({"x": [1, 2]})).mark_point().encode(x="x:Q")
    bundle = chart_bundle(chart, b"\x89PNG", "a chart")
    drawn = bundle["application/vnd.vegalite.v5+json"]
    assert drawn["$schema"].endswith("/v5.json") and drawn["encoding"] == {
        "x": {"field": "x", "type": "quantitative"}
    }
    assert drawn["config"]["background"] == "transparent"  # also of a dark page
    assert bundle["image/png"] == "iVBORw==" and bundle["text/plain"] == "a chart"
