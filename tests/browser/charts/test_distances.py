"""The view of a distance report in a real JupyterLab: choose, sort, lasso, colour."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from browser.conftest import Opened
from browser.lab import wait_for
from browser.page import NotebookPage, circle
from playwright.sync_api import Browser, Locator, expect

CELLS = [
    """
import numpy as np
from nbinterp import ClusterExplorer, LinearDistance, LocalCorEx, record
from nbinterp.corex import LinearCorEx
from nbinterp.datasets import load_mnist, load_mnist_classifier

mnist, model = load_mnist(), load_mnist_classifier()
pixels, digits = mnist.data[:2000] / 255, mnist.target[:2000]
report = LinearDistance(random_state=0).explain(model, pixels, "h2.linear", clusters=digits)
nodes = record(model, pixels, "h2").concat("h2")
local = LocalCorEx(LinearCorEx(4, random_state=0)).fit(nodes, clusters=digits)
rng = np.random.default_rng(0)
angles = digits * 2 * np.pi / 10
places = np.c_[np.cos(angles), np.sin(angles)] + rng.normal(size=(2000, 2)) * 0.07
explorer = ClusterExplorer(places, columns={"digit": digits})
explorer
""",
    """
view = report.view(explorer=explorer, factors=local, nodes="h2.linear[3]", height=180)
view
""",
]


@pytest.fixture(scope="module")
def opened(open_cells: Callable[..., Opened]) -> Opened:
    return open_cells("distances", CELLS)


def _cell(page: NotebookPage) -> Locator:
    """Return the cell of the view, scrolled to."""
    cell = page.page.locator(".jp-CodeCell").last.locator(".jp-OutputArea").first
    cell.scroll_into_view_if_needed()
    return cell


def _seen(table: Locator) -> dict[str, Any]:
    answer: dict[str, Any] = table.evaluate("root => root.nbi")
    return answer


@pytest.mark.slow
def test_choose_sort_filter_and_colour(opened: Opened) -> None:
    page, kernel, _ = opened
    table = page.view("node_table")
    chart = page.page.locator(".jp-OutputArea-output canvas, .jp-OutputArea-output svg.marks").last
    expect(chart).to_be_visible(timeout=30_000)
    page.picture("distances", _cell(page))
    assert _seen(table)["chosen"] == [3]
    table.locator('[data-nbi-column="unit_ratio"]').click()
    values = kernel.value("view.report.nodes['unit_ratio'].sort_values().index.tolist()")
    assert _seen(table)["rows"] == values
    table.locator('[data-nbi="search"]').fill("prototype=4 state=live")
    wanted = kernel.value(
        "view.report.nodes.query(\"prototype == 4 and state == 'live'\").index.tolist()"
    )
    assert sorted(_seen(table)["rows"]) == sorted(wanted)
    row = table.locator("[data-nbi-node]").first
    row.click()
    chosen = _seen(table)["chosen"]
    wait_for(lambda: kernel.value("list(view.table.chosen)") == chosen, "the chosen node")
    assert kernel.value("view.chart.numbers") == chosen
    name = kernel.value(f"'distance to ' + view.report.nodes.index[{chosen[0]}]")
    wait_for(lambda: kernel.value("explorer.color_by") == name, "the colour of the map")
    explorer = page.view("explorer")
    expect(explorer).to_contain_text(name)
    page.picture("distances_coloured", _cell(page))


@pytest.mark.slow
def test_two_nodes_make_a_plane(opened: Opened) -> None:
    page, kernel, _ = opened
    table = page.view("node_table")
    table.locator('[data-nbi="search"]').fill("")
    kernel.run("view.table.chosen = []")
    wait_for(lambda: _seen(table)["chosen"] == [], "no node chosen")
    note = page.page.locator('[data-nbi="note-line"]')
    expect(note).to_have_text("Choose a node to see the clusters.")
    page.picture("distances_none", _cell(page))
    font = "element => getComputedStyle(element).fontFamily"
    assert note.evaluate(font) == table.evaluate(font)
    rows = table.locator("[data-nbi-node]")
    rows.nth(0).click()
    rows.nth(1).click(modifiers=["Shift"])
    wait_for(lambda: len(kernel.value("list(view.table.chosen)")) == 2, "a pair of nodes")
    page.page.wait_for_timeout(1500)
    page.picture("distances_pair", _cell(page))
    assert kernel.value("len(view.chart.numbers)") == 2


@pytest.mark.slow
def test_a_lasso_adds_its_samples_to_the_table(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    digits = np.array(kernel.value("digits.tolist()"))
    places = np.array(kernel.value("places.tolist()"))
    centre = page.project(explorer, places[digits == 0].mean(0)[None])[0]
    page.lasso(circle(*centre, 60))
    wait_for(lambda: kernel.value("len(explorer.selection)") > 50, "a selection")
    table = page.view("node_table")
    wait_for(lambda: "selection" in _seen(table)["columns"], "a column of the selection")
    table.locator('[data-nbi-column="selection"]').click()
    rows = _seen(table)["rows"]
    z = np.array(kernel.value("report.sampled.means[explorer.selection].tolist()"))
    offset = abs(z.mean(0) / z.std(0))
    nodes = kernel.value("report.nodes.index.tolist()")
    assert rows[0] == nodes[int(offset.argmin())]
    page.page.wait_for_timeout(1000)
    page.picture("distances_lasso", _cell(page))
    assert page.errors == []
    assert page.off_machine() == []


@pytest.mark.slow
def test_without_its_kernel_the_chart_says_that_it_stays(opened: Opened) -> None:
    page, _, _ = opened
    page.menu("Kernel", "Restart Kernel…")
    page.page.locator(".jp-Dialog button.jp-mod-accept").first.click()
    page.page.wait_for_timeout(2500)
    page.view("node_table").locator('[data-nbi-node][aria-selected="false"]').first.click()
    said = page.page.locator(".nbi-unfollowed:visible")
    expect(said.first).to_be_visible()
    page.picture("distances_no_kernel", _cell(page))
    assert said.all_text_contents() == [
        "As before: the chart of other nodes needs a running kernel."
    ]


@pytest.mark.slow
def test_in_a_dark_page(opened: Opened, browser: Browser) -> None:
    _, _, lab = opened
    lab.set_theme("JupyterLab Dark")
    page = NotebookPage(browser, lab, "distances.ipynb")
    page.run_all()
    page.view("node_table")
    page.page.wait_for_timeout(1500)
    page.picture("distances_dark", _cell(page))
