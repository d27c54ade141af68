"""The workbench in a real JupyterLab: lasso, read, move, ablate, explain, copy as Python."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser.conftest import Opened
from browser.lab import wait_for
from browser.page import circle, inside, lasso
from playwright.sync_api import Browser, Locator, Page, expect

CELLS = [
    """
import numpy as np
from nbinterp import LinearCorEx, LocalCorEx, Workbench, record
from nbinterp.datasets import load_mnist, load_mnist_classifier, load_mnist_decoder

mnist, model, decoder = load_mnist(), load_mnist_classifier(), load_mnist_decoder("h1")
pixels, digits = mnist.data[:1500] / 255, mnist.target[:1500]
nodes = record(model, pixels, "h1").concat("h1", output=True)
local = LocalCorEx(LinearCorEx(8, random_state=0), n_clusters=10, random_state=0).fit(nodes)
bench = Workbench(model, pixels, digits, layer="h1", local=local, decode=decoder)
bench
"""
]


# A fit that stands still when it has told of its first stages.
HELD = """
import threading
from nbinterp._numerics.progress import ProgressToken
held, once = threading.Event(), ProgressToken.done
def done(self, steps=1):
    once(self, steps)
    if steps:
        held.wait(20)
ProgressToken.done = done
"""


@pytest.fixture(scope="module")
def opened(open_cells: Callable[..., Opened]) -> Opened:
    return open_cells("workbench", CELLS)


def _idle(opened: Opened) -> Locator:
    """Wait until the workbench has done all that it set out to do."""
    page, kernel, _ = opened
    view = page.view("workbench")
    expect(view).to_have_attribute("data-nbi-busy", "false", timeout=60_000)
    assert kernel.value("bench.wait(60)")
    return view


def _lasso(opened: Opened, cluster: int) -> set[int]:
    """Draw round a cluster's middle and return the samples inside the ring."""
    page, kernel, _ = opened
    explorer = page.view("explorer")
    positions = np.array(kernel.value("local.map_.tolist()"))
    member = np.array(kernel.value("local.labels_.tolist()")) == cluster
    screen = page.project(explorer, positions)
    x, y = np.median(screen[member], axis=0)
    ring = circle(x, y, 45.0)
    explorer.locator('[data-nbi="mode-lasso"]').click()
    page.lasso(ring)
    return set(np.flatnonzero(inside(screen, ring)).tolist())


def test_before_a_lasso_it_says_what_to_do(opened: Opened) -> None:
    page, _, _ = opened
    view = page.view("workbench")
    expect(view.locator('[data-nbi="slider-place"]')).to_contain_text("Draw around samples")
    expect(view.locator('[data-nbi="ablation"]')).to_have_attribute("data-nbi-empty", "true")
    words = page.view("explorer").locator('[data-nbi="factors"]')
    expect(words).to_contain_text("their factors are fitted at once")
    expect(words).not_to_contain_text("press")
    page.picture("workbench-1-empty", view)


def test_a_lasso_does_the_whole_loop(opened: Opened) -> None:
    page, kernel, _ = opened
    kernel.run(HELD)
    inside_ring = _lasso(opened, 2)
    view = page.view("workbench")
    expect(view).to_have_attribute("data-nbi-busy", "true")
    expect(view.locator('[data-nbi="step"]')).to_contain_text(re.compile(r"stage [23] of \d+"))
    page.picture("workbench-2-busy", view)
    kernel.run("held.set()")
    wait_for(lambda: kernel.value("bench.factors is not None"), "a fit", 30)
    view = _idle(opened)
    found = set(kernel.value("bench.factors.indices.tolist()"))
    assert len(inside_ring) > 30 and len(found ^ inside_ring) <= 0.02 * len(inside_ring)
    drawn = page.heatmap(page.view("explorer"))
    totals = np.array(kernel.value("bench.factors.total_correlations_.tolist()"))
    expected = np.array(kernel.value("bench.factors.mutual_information_.tolist()"))
    names = kernel.value("bench.factors.feature_names")
    columns = [names.index(name) for name in drawn["columns"]]
    np.testing.assert_allclose(
        drawn["values"], expected[np.argsort(-totals, kind="stable")][:, columns], atol=1e-4
    )
    expect(view.locator('[data-nbi="slider"]')).to_be_visible()
    assert kernel.value("bench.factor") == int(np.argmax(totals))
    bars = view.locator('[data-nbi="ablation"] [data-nbi="bar"]')
    lost = kernel.value(
        "(lambda f: 100 * float(f[(f.factor == bench.factor) & (f['size'] == 10)"
        " & (f.group == 'all')].change.iloc[0]))(bench.ablation.to_frame())"
    )
    assert "all" in (bars.first.text_content() or "")
    shown = (bars.first.locator(".nbi-workbench-value").text_content() or "").replace("−", "-")
    assert float(shown) == pytest.approx(lost, abs=0.06)
    expect(view.locator('[data-nbi="interactions"] [data-nbi="bar"]')).to_have_count(10)
    page.picture("workbench-3-full", view)
    view.locator(".nbi-workbench-evidence").scroll_into_view_if_needed()
    page.picture("workbench-3-evidence", view.locator(".nbi-workbench-evidence"))


def ablated(factor: int) -> re.Pattern[str]:
    """Return the title of the bars of a factor, which may be marked as not stable."""
    return re.compile(rf"^Factor {factor}( \(not stable\))? ablated$")


def _drag(opened: Opened, place: int, share: float) -> None:
    page, _, _ = opened
    slider = page.view("slider").locator(f'[data-nbi="slider-{place}"]')
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.page.mouse.move(box["x"] + box["width"] / 2, y)
    page.page.mouse.down()
    for step in np.linspace(0.5, share, 15):
        page.page.mouse.move(box["x"] + 8 + step * (box["width"] - 16), y)
        page.page.wait_for_timeout(16)
    page.page.mouse.up()


def test_a_factor_moved_or_chosen_is_chosen_everywhere(opened: Opened) -> None:
    _, kernel, _ = opened
    second, third = kernel.value("list(bench.perturbation.factors)")[1:3]
    _drag(opened, 1, 0.9)
    wait_for(lambda: kernel.value("bench.factor") == second, "factor of the moved slider", 20)
    wait_for(lambda: kernel.value("bench.perturbation.amounts[0][1]") > 1, "amounts in Python", 20)
    view = _idle(opened)
    assert kernel.value("bench.explorer.heatmap.factor") == second
    expect(view.locator('[data-nbi="ablation"] h3')).to_have_text(ablated(second))
    view.locator(f'[data-nbi="choose-{third}"]').click()
    wait_for(lambda: kernel.value("bench.explorer.heatmap.factor") == third, "chosen row", 20)
    expect(view.locator("[data-nbi-chosen]")).to_have_count(1)
    kernel.run("bench.explorer.heatmap.factor = bench._slider_factors[0]")
    first = kernel.value("bench.factor")
    expect(view.locator(f'[data-nbi="choose-{first}"]')).to_have_attribute("aria-pressed", "true")


def test_a_factor_that_is_not_on_a_slider_comes_there(opened: Opened) -> None:
    _, kernel, _ = opened
    kernel.run(
        "shown = bench._slider_factors\n"
        "away = next(j for j in range(len(bench.factors.weights_)) if j not in shown)\n"
        "bench.explorer.heatmap.factor = away"
    )
    away = kernel.value("away")
    wait_for(lambda: away in kernel.value("bench.perturbation.factors"), "factor on a slider", 20)
    view = _idle(opened)
    expect(view.locator('[data-nbi="ablation"] h3')).to_have_text(ablated(away))


def test_a_clicked_sample_is_the_base_and_is_explained(opened: Opened) -> None:
    page, kernel, _ = opened
    kernel.run("bench.explorer.selection = [17]")
    wait_for(lambda: kernel.value("bench.slider.base") == 17, "base of the sliders", 20)
    view = _idle(opened)
    expect(view.locator('[data-nbi="interactions"] h3')).to_contain_text("sample 17")
    expect(view.locator('[data-nbi="interactions"] canvas')).to_be_visible()
    page.picture("workbench-4-sample", view.locator(".nbi-workbench-below"))


def test_the_hovered_sample_is_explained_while_the_pointer_rests(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer, view = page.view("explorer"), page.view("workbench")
    x, y = page.project(explorer, np.array(kernel.value("local.map_.tolist()")))[1200]
    kernel.run("hovered, looked, before = [], [], bench.code")
    kernel.run("stop = bench.explorer.on_hover(hovered.append)")
    kernel.run("bench.observe(lambda c: looked.append(c['new']['sample']), '_interactions')")
    for step in range(40):  # a sweep, and a rest
        page.page.mouse.move(x - 80 + 2 * step, y)
        page.page.wait_for_timeout(8)
    page.page.mouse.move(x, y)
    together = view.locator('[data-nbi="interactions"]')
    expect(together).to_have_attribute("data-nbi-hovered", "true")
    # On a busy machine the hand may have seemed to rest on the way, too.
    places = page.project(explorer, np.array(kernel.value("local.map_.tolist()")))

    def there() -> bool:
        return bool(np.hypot(*(places[kernel.value("bench.explorer.hovered")] - (x, y))) <= 2)

    wait_for(there, "the sample under the pointer", 10)
    sample = kernel.value("bench.explorer.hovered")
    expect(together.locator("h3")).to_have_text(f"Interactions in the hovered sample {sample}")
    page.picture("workbench-4-hovered")  # of the whole page: another would scroll it away
    assert kernel.value("len(hovered)") <= 12 and kernel.value("looked[-1]") == sample
    assert kernel.value("len(looked)") <= 4  # a busy machine may make the hand seem to rest
    page.page.mouse.move(5, 5)
    expect(together.locator("h3")).to_have_text("Interactions in sample 17")
    assert kernel.value("(bench.sample, bench.explorer.hovered)") == [17, None]
    assert kernel.value("bench.code == before")


def test_all_pairs_unfold_by_one_click(opened: Opened) -> None:
    page, kernel, _ = opened
    view = page.view("workbench")
    view.locator('[data-nbi="all-pairs"]').click()
    matrix = view.locator('[data-nbi="pairs-place"] [data-nbi="heatmap"]')
    expect(matrix).to_be_visible()
    wait_for(lambda: kernel.value("bench.pairs.source is bench.interactions"), "all pairs", 10)
    matrix.scroll_into_view_if_needed()
    page.page.wait_for_timeout(300)
    page.picture("workbench-4-pairs", view.locator('[data-nbi="pairs-place"]'))
    (row, column), entry = matrix.evaluate(
        "root => { const [{row, column}] = root.nbi.strongest();"
        " return [[row, column], root.nbi.entry(row, column).value]; }"
    )
    assert row != column
    matrix_here = "np.abs(np.triu(bench.interactions.hessian[0], 1)).max()"
    # The page is sent entries to a part in 2000.
    assert abs(entry) == pytest.approx(kernel.value(f"float({matrix_here})"), rel=1 / 2000)


def test_the_lines_reproduce_what_was_done(opened: Opened) -> None:
    page, kernel, _ = opened
    view = page.view("workbench")
    view.locator('[data-nbi="python"]').click()
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    view.locator('[data-nbi="copy-all"]').click()
    expect(view.locator('[data-nbi="copied"]')).to_have_text("Copied")
    text = page.page.evaluate("navigator.clipboard.readText()")
    assert text == kernel.value("bench.code")
    page.picture("workbench-5-lines", view)
    view.locator('[data-nbi="python"]').click()
    kernel.run(
        "again = dict(model=model, data=pixels, y=digits, local=local, decode=decoder)\n"
        f"exec({text!r}, again)\n"
        "assert np.array_equal(again['factors'].mutual_information_,"
        " bench.factors.mutual_information_)\n"
        "assert np.allclose(again['moved'].outputs, bench.perturbation.outputs, atol=1e-5)\n"
        "assert again['moved'].base_name == bench.perturbation.base_name == 'sample 17'\n"
        "assert np.array_equal(again['study'].change, bench.ablation.change)\n"
        "assert np.array_equal(again['interactions'].hessian, bench.interactions.hessian)"
    )


def test_a_failing_step_is_said_and_the_next_one_works(opened: Opened) -> None:
    page, kernel, _ = opened
    view = page.view("workbench")
    kernel.run(
        "kept = local.fit_selection\n"
        "def failing(rows): raise RuntimeError('<img src=x onerror=window.hit=1>')\n"
        "local.fit_selection = failing"
    )
    _lasso(opened, 3)
    expect(view.locator('> [data-nbi="error"]')).to_contain_text("<img src=x")
    page.picture("workbench-6-error", view)
    kernel.run("del local.fit_selection")
    before = kernel.value("bench.factors.indices.tolist()")
    _lasso(opened, 4)
    wait_for(lambda: kernel.value("bench.factors.indices.tolist()") != before, "next fit", 30)
    _idle(opened)
    expect(view.locator('> [data-nbi="error"]')).to_be_hidden()
    assert page.page.evaluate("window.hit") is None


def test_cancel_leaves_what_was_there(opened: Opened) -> None:
    page, kernel, _ = opened
    view = page.view("workbench")
    kernel.run(
        "import time\n"
        "def slow(rows, kept=kept): time.sleep(2); return kept(rows)\n"
        "local.fit_selection = slow; before = bench.factors"
    )
    _lasso(opened, 5)
    view.locator('[data-nbi="cancel"]').click()
    expect(view).to_have_attribute("data-nbi-busy", "false", timeout=1500)
    page.page.wait_for_timeout(2500)
    assert kernel.value("bench.factors is before")
    kernel.run("del local.fit_selection")


def test_dark_theme(opened: Opened) -> None:
    page, _, _ = opened
    page.theme("JupyterLab Dark")
    page.picture("workbench-7-dark", page.view("workbench"))
    page.picture("workbench-7-evidence", page.view("workbench").locator(".nbi-workbench-evidence"))
    page.theme("JupyterLab Light")


def _select_some(page: Page, view: Locator) -> None:
    """Draw a ring of the mouse round the middle of the map."""
    stage = view.locator('[data-nbi="stage"]')
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    ring = circle(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 0.3 * box["height"])
    lasso(page, ring)


def test_an_exported_page_is_linked_without_a_kernel(
    opened: Opened, browser: Browser, tmp_path: Path
) -> None:
    _, kernel, _ = opened
    kernel.run(f"bench.to_html({str(tmp_path / 'bench.html')!r})")
    page = browser.new_page(viewport={"width": 1300, "height": 1100})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "bench.html").as_uri())
    view = page.locator('[data-nbi="workbench"]')
    expect(view).to_be_visible()
    movable = kernel.value("list(bench.perturbation.factors)")
    chosen: Any = movable[-1]
    view.locator('[data-nbi="slider-1"]').focus()
    expect(view.locator('[data-nbi="ablation"] h3')).to_have_text(ablated(movable[1]))
    view.locator(f'[data-nbi="choose-{chosen}"]').click()
    expect(view.locator('[data-nbi="ablation"] h3')).to_have_text(ablated(chosen))
    heatmap = view.locator('[data-nbi="explorer"] [data-nbi="heatmap"]')
    wait_for(lambda: heatmap.evaluate("root => root.nbi.factor") == chosen, "row", 10)
    heatmap.locator(".nbi-heatmap-row").filter(has_text=f"factor {movable[0]} ").click()
    expect(view.locator('[data-nbi="ablation"] h3')).to_have_text(ablated(movable[0]))
    expect(view.locator('[data-nbi="interactions"] canvas')).to_be_visible()
    page.screenshot(path=Path(__file__).parents[3] / "artifacts/browser/workbench-8-page.png")
    # Nothing of the workbench is of what is selected now.
    own = page.locator(".page-view > .nbi-unfollowed")
    expect(own).to_be_hidden()
    _select_some(page, view)
    expect(own).to_be_visible()
    page.screenshot(path=Path(__file__).parents[3] / "artifacts/browser/workbench-8-note.png")
    assert own.all_text_contents() == [
        "As before: following the selection on the map needs a running kernel."
    ]
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    page.close()


def test_page_kept_to_itself(opened: Opened) -> None:
    page, _, _ = opened
    assert page.off_machine() == []
    assert page.errors == []


def test_with_the_kernel_gone_the_views_follow_one_another(opened: Opened) -> None:
    page, kernel, _ = opened
    view = page.view("workbench")
    first, second = kernel.value("list(bench.perturbation.factors)")[:2]
    page.menu("Kernel", "Restart Kernel…")
    page.page.locator(".jp-Dialog .jp-mod-accept").click()
    gone = view.locator('[data-nbi="explorer"] [data-nbi="note"]')
    expect(gone).to_contain_text("run the cell again", timeout=20_000)
    for factor in (first, second):
        view.locator(f'[data-nbi="choose-{factor}"]').click()
        chosen = view.locator('[data-nbi="slider"] [data-nbi="row"][data-nbi-chosen]')
        expect(chosen).to_contain_text(f"factor {factor} ")
        heatmap = page.view("explorer").locator('[data-nbi="heatmap"]')
        wait_for(lambda: heatmap.evaluate("root => root.nbi.factor") == factor, "row", 10)  # noqa: B023
