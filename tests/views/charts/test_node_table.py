import re
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import traitlets
from views.layers import explained_layer
from views.page import Page

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.views.base.view import View
from nbinterp.views.charts.node_table import NodeTable

TRAITS = Path(__file__).parents[3] / "widgets" / "src" / "node_table" / "traits.ts"


def column(table, name):
    """Return a column as the page reads it."""
    state = Page(table).state
    headers = state["_columns"]
    place = [header["name"] for header in headers].index(name)
    is_text = headers[place]["digits"] is None
    at = sum((header["digits"] is None) == is_text for header in headers[:place])
    n = len(state["_names"])
    values = np.frombuffer(state["_numbers"], "<f4")
    return state["_texts"][at] if is_text else values[at * n : (at + 1) * n]


@pytest.fixture(scope="module")
def report():
    return explained_layer()[-1]


def test_shows_the_figures_of_the_report(report):
    table = NodeTable(report)
    assert table.frame.index.tolist() == report.nodes.index.tolist()
    assert Page(table).state["_names"] == report.nodes.index.tolist()
    for name in ("plane_offset", "unit_ratio"):
        np.testing.assert_allclose(column(table, name), report.nodes[name], rtol=1e-6)
    for name in ("component", "cosine_percentile", "effective_components"):
        np.testing.assert_allclose(column(table, name)[:5], report.nodes[name][:5], rtol=1e-6)
        assert np.isnan(column(table, name)[5])  # a constant node lies in no direction
    assert column(table, "prototype") == [str(value) for value in report.nodes["prototype"]]
    assert (
        set(column(table, "prototype")[:5]) <= {"0", "1", "2"} and not column(table, "prototype")[5]
    )
    assert column(table, "plane_offset")[5] in (np.inf, -np.inf)
    assert table.frame["state"].tolist() == report.nodes["state"].tolist()


def test_factors_that_use_a_node(report):
    rng = np.random.default_rng(0)
    nodes = rng.normal(size=(120, 6))
    nodes[:, :3] += 3 * rng.normal(size=(120, 1))
    frame = pd.DataFrame(nodes, columns=[f"0[{i}]" for i in range(6)])
    local = LocalCorEx(LinearCorEx(1), random_state=0).fit(frame, clusters=[0] * 120)
    told = column(NodeTable(report, factors=local), "factors")
    assert all(text.startswith("cluster 0 factor 0 (") for text in told[:3])
    assert told[3:] == ["", "", ""]


def test_factors_that_are_not_stable_are_marked_when_that_is_known(report):
    rng = np.random.default_rng(0)
    nodes = rng.normal(size=(120, 6))
    nodes[:, :3] += 3 * rng.normal(size=(120, 1))
    frame = pd.DataFrame(nodes, columns=[f"0[{i}]" for i in range(6)])
    local = LocalCorEx(LinearCorEx(1), random_state=0).fit(frame, clusters=[0] * 120)
    known = local.clusters_[0].comparison_
    go = threading.Event()

    def compare(_information):
        assert go.wait(30)
        return replace(known, stability=np.array([0.1]))

    local.clusters_ = [replace(local.clusters_[0], _comparison=None, _compare=compare)]
    table = NodeTable(report, factors=local)
    table.show_selection(np.arange(10))
    assert "not stable" not in "".join(column(table, "factors"))
    go.set()
    table.page_parts()  # a page waits for the marks
    assert all(text.endswith(", not stable)") for text in column(table, "factors")[:3])
    assert table.frame.columns[0] == "selection"  # stays beside it
    assert "not stable" in NodeTable(report, factors=local).frame["factors"].iloc[0]


def test_a_factor_tells_about_nodes(report):
    rng = np.random.default_rng(0)
    nodes = rng.normal(size=(120, 6))
    nodes[:, :2] += 3 * rng.normal(size=(120, 1))
    nodes[:, 3:5] += 3 * rng.normal(size=(120, 1))
    frame = pd.DataFrame(nodes, columns=[f"0[{i}]" for i in range(6)])
    fit = LocalCorEx(LinearCorEx(2, random_state=0), random_state=0)
    fit = fit.fit(frame, clusters=[0] * 120).clusters_[0]
    table = NodeTable(report, factors=fit)
    groups = [sorted(table.top_nodes(factor)) for factor in (0, 1)]
    assert sorted(groups) == [[0, 1], [3, 4]]
    Page(table).set(factor=1)
    told = table.frame["factor"].to_numpy()
    within_chance = fit.mutual_information_[1] <= fit.null_mutual_information_
    np.testing.assert_array_equal(np.isnan(told), within_chance)
    np.testing.assert_allclose(
        told[~within_chance], fit.mutual_information_[1][~within_chance], rtol=1e-6
    )
    with pytest.raises(traitlets.TraitError, match="one of those shown, 0, 1"):
        table.factor = 2
    assert Page(NodeTable(report)).state["_ids"] == []


def test_a_selection_is_a_column_more(report):
    table = NodeTable(report)
    selected = np.arange(0, 120, 3)
    table.show_selection(selected)
    z = report.sampled.means[selected][:, :5]
    found = column(table, "selection")
    np.testing.assert_allclose(found[:5], z.mean(0) / z.std(0), rtol=1e-4)
    table.sort = "selection"
    table.show_selection(np.array([7]))  # in deviations of all data: it has none of its own
    expected = report.sampled.means[7] / report.planes.deviation.clip(1e-300)
    np.testing.assert_allclose(column(table, "selection")[:5], expected[:5], rtol=1e-4)
    table.show_selection(np.array([], int))
    assert "selection" not in [header["name"] for header in Page(table).state["_columns"]]
    assert table.sort == "prototype_offset"


def test_choosing_goes_both_ways(report):
    table, seen = NodeTable(report), []
    stop = table.on_choose(seen.append)
    Page(table).set(chosen=[2])
    table.chosen = [2, 4]
    stop()
    table.chosen = []
    assert seen == [[2], [2, 4]]


@pytest.mark.parametrize(
    "state",
    [
        {"chosen": [6]},
        {"chosen": [-1]},
        {"chosen": [1, 1]},
        {"chosen": [1, 2, 3]},
        {"chosen": "all"},
        {"sort": "beauty"},
        {"height": 1},
        {"query": None},
    ],
)
def test_malformed_state_from_the_page_has_no_effect(report, state):
    table = NodeTable(report)
    with pytest.raises(traitlets.TraitError):
        table.set_state(state)
    assert (table.chosen, table.sort, table.height, table.query) == (
        [],
        "prototype_offset",
        300,
        "",
    )


@pytest.mark.parametrize(
    ("given", "options", "words", "kind"),
    [
        (None, {}, "must be a DistanceReport", TypeError),
        ("report", {"sort": "beauty"}, "must be one of 'node'", ValueError),
        ("report", {"height": 3}, "must be at least 80", ValueError),
        ("report", {"factors": 3}, "must be a fitted LocalCorEx", TypeError),
    ],
)
def test_bad_arguments(report, given, options, words, kind):
    with pytest.raises(kind, match=words):
        NodeTable(report if given else None, **options)


def test_python_and_typescript_have_the_same_traits():
    source = TRAITS.read_text(encoding="utf-8")
    body = re.search(r"NodeTableTraits = ViewTraits & \{(.*?)\n\};", source, re.S).group(1)
    typescript = set(re.findall(r"^  (\w+):", body, re.M))
    python = set(NodeTable.class_traits(sync=True)) - set(View.class_traits(sync=True))
    assert python == typescript
