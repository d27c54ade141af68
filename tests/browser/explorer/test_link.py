"""Linked views: on one page without a kernel and without a network, and by `jslink`."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from browser.conftest import Opened
from browser.lab import wait_for
from browser.page import circle, inside, lasso
from playwright.sync_api import Browser, Locator, expect

from nbinterp import (
    ClusterExplorer,
    InteractionHeatmap,
    LinearCorEx,
    LocalCorEx,
    link,
    perturb,
    record,
)

ARTIFACTS = Path(__file__).parents[3] / "artifacts" / "browser"
KIND = np.repeat(np.arange(3), 40)
CENTRES = np.array([[-3.0, 0.0], [3.0, -2.0], [2.0, 3.0]])


def _linked(folder: Path) -> tuple[Path, list[ClusterExplorer]]:
    """Write two maps, heatmaps and sliders of the same samples as one page."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    data = (rng.normal(size=(120, 6)) + 2 * np.eye(6)[KIND]).astype(np.float32)
    model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.Tanh(), torch.nn.Linear(12, 3))
    nodes = record(model, data, "1").concat("1", output=True)
    local = LocalCorEx(LinearCorEx(4, random_state=0), random_state=0).fit(nodes, clusters=KIND)
    factors = local.clusters_[1]
    turned = perturb(model, data, factors, layer="1", factor=[2, 0], amounts=[0, 0], progress=False)
    maps = [
        ClusterExplorer(CENTRES[order] + rng.normal(size=(120, 2)) * 0.5, columns={"kind": KIND},
                        height=300)
        for order in (KIND, (KIND + 1) % 3)
    ]  # fmt: skip
    matrices = rng.normal(size=(120, 5, 5))
    pairs = InteractionHeatmap(matrices + matrices.transpose(0, 2, 1), height=240)
    bound = link(*maps, InteractionHeatmap(factors), turned.view(), pairs)
    return bound.to_html(folder / "linked.html"), maps


def _screen(view: Locator, explorer: ClusterExplorer) -> np.ndarray:
    rows = explorer.to_frame(range(120))[["x", "y"]].to_numpy(float).tolist()
    script = "(root, rows) => rows.map((row) => root.nbi.project(...row)).map(({x, y}) => [x, y])"
    return np.array(view.evaluate(script, rows))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_chosen_in_one_view_is_chosen_in_all(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    path, maps = _linked(tmp_path)
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": 1200, "height": 1700}  # type: ignore[arg-type]
    )  # fmt: skip
    context.set_offline(True)
    page, trouble = context.new_page(), []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith("file:") or trouble.append(asked.url))
    page.goto(path.as_uri())
    first, second = (page.locator('[data-nbi="explorer"]').nth(i) for i in (0, 1))
    for view in (first, second):
        expect(view).to_have_attribute("data-nbi-ready", "true")
    page.wait_for_timeout(300)

    screen = _screen(second, maps[1])
    x, y = np.median(screen[KIND == 1], axis=0)
    ring = circle(float(x), float(y), 45.0)
    caught = int(inside(screen, ring).sum())
    lasso(page, ring)
    chosen = int(second.get_attribute("data-nbi-selected") or 0)
    assert caught > 15 and abs(chosen - caught) <= 2
    expect(first).to_have_attribute("data-nbi-selected", str(chosen))
    legend = first.locator('[data-nbi="legend"]')
    assert legend.text_content() == second.locator('[data-nbi="legend"]').text_content()

    # What only a kernel could compute for the selection says so, until that is as it was.
    notes = page.locator(".nbi-unfollowed:visible")
    expect(notes).to_have_count(2)  # of the sliders and of the pairs
    expect(notes.first).to_contain_text("needs a running kernel")
    page.screenshot(path=ARTIFACTS / f"link-unfollowed-{scheme}.png", full_page=True)
    first.locator('[data-nbi="undo"]').click()
    expect(notes).to_have_count(0)
    first.locator('[data-nbi="redo"]').click()
    expect(notes).to_have_count(2)

    heatmap = page.locator('[data-nbi="heatmap"]').nth(-2)
    slider = page.locator('[data-nbi="slider"]')
    heatmap.locator(".nbi-heatmap-row").filter(has_text="factor 2 ").click()
    row = slider.locator('[data-nbi="row"][data-nbi-chosen]')
    expect(row).to_contain_text("factor 2 ")
    slider.locator('[data-nbi="slider-1"]').focus()  # of factor 0
    pressed = heatmap.locator('.nbi-heatmap-row[aria-pressed="true"]')
    expect(pressed).to_contain_text("factor 0 ")

    near = _screen(first, maps[0])[7]
    page.mouse.move(float(near[0]), float(near[1]))
    page.wait_for_timeout(300)
    first.screenshot(path=ARTIFACTS / f"link-hovered-{scheme}.png")
    page.screenshot(path=ARTIFACTS / f"link-{scheme}.png", full_page=True)
    assert trouble == []
    context.close()


JSLINKED = """
import os
import ipywidgets
import numpy as np
from nbinterp import ClusterExplorer

rng = np.random.default_rng(0)
kind = np.repeat([0, 1, 2], 40)
centres = np.array([[-3.0, 0.0], [3.0, -2.0], [2.0, 3.0]])
one, other = [
    ClusterExplorer(centres[order] + rng.normal(size=(120, 2)) * 0.3, height=260)
    for order in (kind, (kind + 1) % 3)
]
links = [ipywidgets.jslink((one, name), (other, name)) for name in ("selection", "hovered")]
heard = []
for each in (one, other):
    each.observe(lambda change: heard.append(len(change["new"])), "selection")
ipywidgets.VBox([one, other])
"""


def test_jslink_ties_two_maps_while_the_kernel_stands_still(
    open_cells: Callable[..., Opened],
) -> None:
    page, kernel, _ = open_cells("jslink", [JSLINKED])
    page.view("explorer")
    maps = page.page.locator('[data-nbi="explorer"]')
    first, second = maps.nth(0), maps.nth(1)
    for view in (first, second):
        expect(view).to_have_attribute("data-nbi-ready", "true")
    process = int(kernel.value("os.getpid()"))

    def drawn_around(view: Locator, centre: int) -> None:
        view.scroll_into_view_if_needed()
        page.page.wait_for_timeout(300)
        (x, y), (edge, _) = page.project(view, CENTRES[centre] + np.array([[0, 0], [1.6, 0]]))
        page.lasso(circle(x, y, edge - x, 24))

    os.kill(process, signal.SIGSTOP)
    try:
        drawn_around(first, 1)
        for view in (first, second):
            expect(view).to_have_attribute("data-nbi-selected", "40")
        second.locator('[data-nbi="undo"]').click()
        for view in (first, second):
            expect(view).to_have_attribute("data-nbi-selected", "0")
        drawn_around(second, 1)  # where the second map has the samples of kind 0
        for view in (first, second):
            expect(view).to_have_attribute("data-nbi-selected", "40")
    finally:
        os.kill(process, signal.SIGCONT)
    same = "one.selection.tolist() == other.selection.tolist() == list(range(40))"
    wait_for(lambda: kernel.value(same), "the selection in Python", 10)
    page.page.wait_for_timeout(500)
    # Each map is heard once of each; the page leaves out what was over before the kernel went on.
    assert kernel.value("heard") in ([40, 40, 0, 0, 40, 40], [40, 40, 40, 40])

    kernel.run("other.selection = kind == 2")
    for view in (first, second):
        expect(view).to_have_attribute("data-nbi-selected", "40")
    wait_for(lambda: kernel.value("one.selection.tolist() == list(range(80, 120))"), "both", 10)
    place = page.project(first, np.array([CENTRES[1]]))[0]
    page.page.mouse.move(float(place[0]), float(place[1]))
    wait_for(lambda: kernel.value("one.hovered is not None"), "the sample under the pointer", 10)
    assert kernel.value("one.hovered == other.hovered")
    page.page.mouse.move(1, 1)
    wait_for(lambda: kernel.value("one.hovered is None and other.hovered is None"), "none", 10)
