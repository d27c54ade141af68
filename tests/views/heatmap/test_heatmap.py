import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import traitlets
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from views.page import Page, displayed
from views.png.reading import near, pixels

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.views.base.colours import ramp
from nbinterp.views.base.view import View
from nbinterp.views.heatmap.factor_matrix import EMPTY, arrange
from nbinterp.views.heatmap.heatmap import InteractionHeatmap

TRAITS = Path(__file__).parents[3] / "widgets" / "src" / "heatmap" / "traits.ts"
HOSTILE = "<img src=x onerror=alert(1)>"
GROUPS = [[3, 8, 11], [0, 5], [2, 9, 10, 12]]


def planted(seed=0, n=400):
    """Return a table of 13 nodes, some driven by three hidden causes, and of two outputs."""
    rng = np.random.default_rng(seed)
    causes = rng.normal(size=(n, 3))
    nodes = rng.normal(size=(n, 13))
    for cause, group in zip(causes.T, GROUPS, strict=True):
        nodes[:, group] += 3 * cause[:, None]
    outputs = np.c_[causes[:, 1] * 2 + rng.normal(size=n), rng.normal(size=n)]
    names = [f"h1[{i}]" for i in range(13)] + ["logit 4", HOSTILE]
    return pd.DataFrame(np.c_[nodes, outputs], columns=names)


@pytest.fixture(scope="module")
def local():
    table = planted()
    corex = LinearCorEx(n_factors=3, random_state=0)
    return LocalCorEx(corex, random_state=0).fit(table, clusters=np.zeros(len(table), int))


@pytest.fixture(scope="module")
def factors(local):
    return local.fit_selection(np.arange(300))


def matrix(page, quantity="mutual_information"):
    return page.array(f"_{quantity}").reshape(len(page["_ids"]), len(page["_nodes"]))


def test_shows_what_was_fitted(factors):
    page = Page(InteractionHeatmap(factors))
    frame = factors.to_frame().set_index(["factor", "node"])
    for quantity in ("mutual_information", "correlation"):
        for row, factor in enumerate(page["_ids"]):
            direct = frame.loc[factor].loc[page["_nodes"], quantity]
            np.testing.assert_allclose(matrix(page, quantity)[row], direct, rtol=1e-6)
    totals = sorted(factors.total_correlations_.tolist(), reverse=True)
    assert page["_total_correlations"] == totals
    assert page["_null_total_correlation"] == factors.null_total_correlation_
    assert page["_null_mutual_information"] == factors.null_mutual_information_


def test_the_nodes_of_a_planted_cause_stand_together(factors):
    page = Page(InteractionHeatmap(factors))
    shown = [int(name[3:-1]) for name in page["_nodes"] if name.startswith("h1")]
    for group in GROUPS:
        places = sorted(shown.index(node) for node in group)
        assert places[-1] - places[0] == len(group) - 1
    home = matrix(page)[:, :13].argmax(axis=0)
    assert (np.diff(home) >= 0).all()
    for factor in range(3):
        assert (np.diff(matrix(page)[factor, :13][home == factor]) <= 0).all()


def test_outputs_stand_apart_at_the_right(factors):
    page = Page(InteractionHeatmap(factors))
    assert page["_outputs"] == 2
    assert page["_nodes"][-2:] == ["logit 4", HOSTILE]
    # The cause behind logit 4 is the one behind nodes 0 and 5.
    bound = [
        name
        for name, home in zip(page["_nodes"], matrix(page).argmax(axis=0), strict=True)
        if home == matrix(page)[:, -2].argmax()
    ]
    assert {"h1[0]", "h1[5]", "logit 4"} <= set(bound)


def test_columns_without_layers_are_all_nodes():
    columns, n_outputs = arrange(np.array([[0.3, 0.2, 0.5]]), ["logit 1", "age", "height"])
    assert (columns.tolist(), n_outputs) == ([2, 0, 1], 0)


def test_arranging_does_not_depend_on_the_order_of_columns():
    rng = np.random.default_rng(0)
    information = rng.random((4, 30))
    names = [f"h[{i}]" for i in range(25)] + [f"logit {i}" for i in range(5)]
    columns, _ = arrange(information, names)
    order = np.r_[rng.permutation(25), 25:30]
    again, _ = arrange(information[:, order], [names[i] for i in order])
    assert [names[i] for i in columns] == [names[order[i]] for i in again]


def test_a_fit_shows_itself(factors, local):
    bundle = displayed(factors)
    assert {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    assert "factor 0 · " in bundle["text/plain"]
    corex = LinearCorEx(n_factors=2, random_state=0).fit(planted())
    assert isinstance(corex.view(top=3), InteractionHeatmap)
    assert Page(corex.view())["_null_mutual_information"] is None


def test_choosing_goes_both_ways(factors):
    view = InteractionHeatmap(factors)
    seen = []
    stop = view.on_choose(seen.append)
    view.factor = 2
    Page(view).set(factor=1)
    view.factor = None
    stop()
    view.factor = 0
    assert seen == [2, 1, None]


@pytest.mark.parametrize("factor", [3, -1, -2, 10**9, "x", True, 1.5])
def test_a_factor_that_is_not_there_is_refused(factors, factor):
    view = InteractionHeatmap(factors)
    view.factor = 1
    with pytest.raises(traitlets.TraitError):
        view.factor = factor
    assert view.factor == 1


@pytest.mark.parametrize(
    "state", [{"quantity": "x"}, {"top": 0}, {"height": 10**6}, {"top": None}, {"quantity": 3}]
)
def test_malformed_state_from_the_page_has_no_effect(factors, state):
    view = InteractionHeatmap(factors)
    with pytest.raises(traitlets.TraitError):
        view.set_state(state)
    assert (view.quantity, view.top, view.height) == ("mutual_information", 40, 380)


def test_filled_later_and_emptied():
    view = InteractionHeatmap()
    page = Page(view)
    assert (page["_about"], page["_ids"], view.snapshot()) == (EMPTY, [], None)
    corex = LinearCorEx(n_factors=2, random_state=0).fit(planted())
    view.show(corex)
    assert view.source is corex
    view.factor = 1
    view.show(corex)
    assert view.factor is None  # of another fit, factor 1 is another factor
    view.show(None)
    assert (page["_ids"], page["_nodes"], view.source) == ([], [], None)
    assert EMPTY in repr(view)


def test_nothing_fitted_says_why(local):
    few = LocalCorEx(LinearCorEx(n_factors=2), random_state=0)
    few.fit(planted(), clusters=np.r_[0, np.ones(399, int)])
    page = Page(InteractionHeatmap(few.clusters_[0]))
    assert page["_ids"] == []
    assert "Not fitted" in page["_about"]


def test_an_unconverged_fit_says_so_on_its_face():
    table = planted()
    with pytest.warns(ConvergenceWarning):
        corex = LinearCorEx(n_factors=2, max_iter=1, tol=1e-12, random_state=0).fit(table)
    page = Page(InteractionHeatmap(corex))
    assert page["_warning"] == "Not converged in max_iter=1 iterations."
    converged = LinearCorEx(n_factors=2).fit(table)
    assert Page(InteractionHeatmap(converged))["_warning"] == ""


def test_one_node_that_its_factor_copies_leaves_the_others_bright(factors):
    information = np.full((1, 4), 2.5)

    def picture(first):
        information[0, 0] = first
        source = replace(
            factors,
            feature_names=[f"h1[{i}]" for i in range(4)],
            mutual_information_=information.copy(),
            correlation_=np.full((1, 4), 0.9),
            total_correlations_=np.array([2.0]),
            null_mutual_information_=0.1,
        )
        return pixels(InteractionHeatmap(source).snapshot())

    expected = ramp(np.sqrt(np.array(2.5 / 3.0)), "viridis")
    for copied in (3.0, 7.3):
        assert near(picture(copied), expected, 6).mean() > 0.005


@pytest.mark.parametrize(("m", "p"), [(1, 1), (1, 40), (30, 2000)])
def test_sizes(factors, m, p):
    rng = np.random.default_rng(0)
    large = replace(
        factors,
        feature_names=[f"h1[{i}]" for i in range(p)],
        mutual_information_=rng.random((m, p)),
        correlation_=rng.uniform(-1, 1, (m, p)),
        total_correlations_=rng.random(m),
    )
    for quantity in ("mutual_information", "correlation"):
        view = InteractionHeatmap(large, quantity=quantity, top=10**6)
        assert matrix(Page(view)).shape == (m, p)
        assert view.snapshot().startswith(b"\x89PNG")


def test_what_is_not_a_number_is_drawn_as_nothing(factors):
    broken = np.full_like(factors.mutual_information_, np.nan)
    nothing = InteractionHeatmap(replace(factors, mutual_information_=broken))
    assert Page(nothing)["_ids"] == []
    broken[0, 0] = 1.0
    page = Page(InteractionHeatmap(replace(factors, mutual_information_=broken)))
    assert np.isfinite(matrix(page)).all()


@pytest.mark.parametrize(
    ("options", "words", "kind"),
    [
        ({"source": [1.0]}, "or a fit or result", TypeError),
        ({"source": LinearCorEx()}, "is not fitted yet", NotFittedError),
        ({"top": 0}, "must be at least 1", ValueError),
        ({"top": "many"}, "must be a whole number", TypeError),
        ({"quantity": "weights"}, "must be one of", ValueError),
        ({"height": 10}, "must be at least 60", ValueError),
    ],
)
def test_bad_arguments(options, words, kind):
    with pytest.raises(kind, match=words):
        InteractionHeatmap(**options)


def test_python_and_typescript_have_the_same_traits():
    source = TRAITS.read_text(encoding="utf-8")
    body = re.search(r"HeatmapTraits = ViewTraits & \{(.*?)\n\};", source, re.S).group(1)
    typescript = set(re.findall(r"^  (\w+):", body, re.M))
    python = set(InteractionHeatmap.class_traits(sync=True)) - set(View.class_traits(sync=True))
    assert python == typescript
