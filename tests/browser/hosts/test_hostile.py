"""Errors stay contained: hostile names, selections too small, failing callbacks."""

from collections.abc import Callable

import numpy as np
import pytest
from browser.conftest import Opened
from browser.page import circle
from playwright.sync_api import Locator, expect

HOSTILE = "<img src=x onerror=window.hit=1>"

CELLS = [
    f"""
import numpy as np, pandas as pd
from nbinterp import ClusterExplorer, LinearCorEx, LocalCorEx

rng = np.random.default_rng(0)
island = np.repeat([0, 1, 2], 60)
nodes = rng.normal(size=(180, 6))
nodes[:, 3:] += 2 * rng.normal(size=(180, 1))
nodes[:, 0] = 1.0
names = [f"h1[{{i}}]" for i in range(5)] + [{HOSTILE!r}]
corex = LinearCorEx(n_factors=2, random_state=0)
local = LocalCorEx(corex, random_state=0).fit(pd.DataFrame(nodes, columns=names), clusters=island)
local._map = np.array([[0, 0], [9, 0], [0, 9]])[island] + rng.normal(size=(180, 2)) * 0.5
kinds = np.array([{HOSTILE!r}, "b", "c"])
explorer = ClusterExplorer(local, columns={{{HOSTILE!r}: kinds[island]}})
explorer
""",
    "explorer.color_by = explorer._columns[1]['name']",
]


@pytest.fixture(scope="module")
def opened(open_cells: Callable[..., Opened]) -> Opened:
    return open_cells("hostile", CELLS)


def _nothing_ran(opened: Opened) -> None:
    page = opened[0].page
    assert page.evaluate("window.hit") is None
    assert page.locator('img[src="x"]').count() == 0


def _click(explorer: Locator, name: str) -> None:
    explorer.locator(f'[data-nbi="{name}"]').click()


def test_names_are_text(opened: Opened) -> None:
    page, _, _ = opened
    explorer = page.view("explorer")
    expect(explorer.locator('[data-nbi="legend"]')).to_contain_text(HOSTILE)
    page.picture("hostile-1-labels")
    _nothing_ran(opened)


def test_empty_lasso_changes_nothing(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    kernel.run("explorer.selection = [0, 1, 2, 3]")
    expect(explorer).to_have_attribute("data-nbi-selected", "4")
    (x, y) = page.project(explorer, np.array([[6.0, 6.0]]))[0]
    page.lasso(circle(x, y, 25))
    expect(explorer.locator('[data-nbi="hint"]')).to_contain_text("the selection stays")
    assert kernel.value("explorer.selection.tolist()") == [0, 1, 2, 3]


def test_lasso_of_two_samples_is_refused_in_words(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    kernel.run("explorer.selection = [0, 1]; before = explorer.factors")
    expect(explorer).to_have_attribute("data-nbi-selected", "2")
    _click(explorer, "fit")
    expect(explorer.locator('[data-nbi="error"]')).to_contain_text("at least 3")
    page.picture("hostile-2-error")
    assert kernel.value("explorer.factors is before")
    assert kernel.value("explorer.selection.tolist()") == [0, 1]


def test_fit_goes_on_after_an_error(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    (x, y) = page.project(explorer, np.array([[9.0, 0.0]]))[0]
    (edge, _) = page.project(explorer, np.array([[11.0, 0.0]]))[0]
    page.lasso(circle(x, y, abs(edge - x)))
    expect(explorer).to_have_attribute("data-nbi-selected", "60")
    assert kernel.value("sorted(set(island[explorer.selection].tolist()))") == [1]
    _click(explorer, "fit")
    expect(explorer.locator('[data-nbi="status"]')).to_contain_text("2 factors of 60 samples")
    assert HOSTILE in page.heatmap(explorer)["columns"]
    assert kernel.value("bool(np.isfinite(explorer.factors.mutual_information_).all())")
    page.picture("hostile-3-heatmap")
    _nothing_ran(opened)


def test_malformed_messages_are_refused(opened: Opened) -> None:
    page, kernel, _ = opened
    before = kernel.value("explorer.selection.tolist()")
    kernel.run(
        "for message in ({}, {'v': 1, 'kind': 'fit', 'seq': -1}, 'text', None,"
        " {'v': 1, 'kind': '__init__', 'seq': 1},"
        " {'v': 1, 'kind': 'thumbnail', 'seq': 1, 'index': float('nan')}):\n"
        "    explorer._handle_custom_msg(message, [])"
    )
    assert kernel.value("explorer.selection.tolist()") == before
    assert page.errors == []
