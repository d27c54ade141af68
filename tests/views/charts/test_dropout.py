"""The chart of a dropout study."""

import base64

import numpy as np
import pandas as pd
import pytest
from views.page import displayed

from nbinterp.network import DropoutStudy
from nbinterp.views import DropoutChart


def study(n_pairs=4, hidden=("20-20", "20-20-20")):
    rng = np.random.default_rng(0)
    rows = [
        {
            "depth": len(widths.split("-")),
            "hidden": widths,
            "layer": f"h{layer + 1}",
            "dropout": rate,
            "pair": pair,
            "total_correlation": 30 + 40 * layer * (rate > 0) + rng.normal(),
            "null_total_correlation": 5 + rate + rng.normal() / 10,
            "first_five": 20 + rng.normal(),
            "accuracy": 0.9,
            "dead_nodes": 0,
            "converged": True,
        }
        for widths in hidden
        for layer in range(len(widths.split("-")))
        for pair in range(n_pairs)
        for rate in (0.0, 0.5)
    ]
    return DropoutStudy(pd.DataFrame(rows), {})


def encodings(drawn, channel):
    """All encodings of a channel, at any depth of a chart."""
    found = []

    def walk(part):
        if isinstance(part, dict):
            found.extend([part["encoding"][channel]] if channel in part.get("encoding", {}) else [])
            for each in part.values():
                walk(each)
        elif isinstance(part, list):
            for each in part:
                walk(each)

    walk(drawn)
    return found


def test_a_study_shows_itself():
    data = displayed(study())
    assert any("vegalite" in kind for kind in data)
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"].startswith("DropoutChart(4 pairs, dropout minus plain above the")


def test_differences_are_those_of_the_summary():
    made = study()
    found = made.view().differences.groupby(["hidden", "layer"])["difference"]
    summary = made.summary()
    np.testing.assert_allclose(found.mean(), summary["difference"])
    np.testing.assert_allclose(found.sem(), summary["difference_error"])
    assert f"20-20 h2 {summary.loc[('20-20', 'h2'), 'difference']:+.1f} ± " in repr(made.view())


def test_each_architecture_has_its_panels_and_its_layers():
    drawn = study().view().chart.to_dict()
    titles = [each["vconcat"][0]["title"] for each in drawn["hconcat"]]
    assert titles == ["hidden 20-20", "hidden 20-20-20"]
    sorts = {tuple(each["sort"]) for each in encodings(drawn, "x")}
    assert sorts == {("h1", "h2"), ("h1", "h2", "h3")}


@pytest.mark.parametrize("measure", ["total_correlation", "first_five", "above_null"])
def test_the_null_is_drawn_where_it_is_of_what_is_drawn(measure):
    made = study(hidden=("20-20",))
    chart = made.view(measure=measure).chart.to_dict()
    colours = [each for each in encodings(chart, "color") if "scale" in each]
    names = {tuple(each["scale"]["domain"]) for each in colours}
    has_null = measure == "total_correlation"
    assert names == {("plain", "dropout", *["shuffled values, mean"] * has_null)}
    table = made.to_frame()
    value = made.view(measure=measure).frame["value"]
    if measure == "above_null":
        wanted = table["total_correlation"] - table["null_total_correlation"]
    else:
        wanted = table[measure]
    np.testing.assert_allclose(value, wanted)


def test_one_pair_has_no_error_and_says_so():
    view = study(n_pairs=1, hidden=("20-20",)).view()
    assert view.chart.to_dict()["title"]["subtitle"] == [
        "one pair has no standard error: raise n_pairs"
    ]
    assert "±" not in view.describe()


def test_bad_arguments():
    with pytest.raises(ValueError, match="must be one of 'total_correlation', 'first_five', 'abov"):
        study().view(measure="nats")
    with pytest.raises(TypeError, match="Pass what dropout_study"):
        DropoutChart(study().to_frame())
