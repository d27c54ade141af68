"""The heatmap of pairs and the chart of primitives in a real JupyterLab, beside a linked map."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from browser.conftest import Opened
from browser.lab import wait_for
from playwright.sync_api import Locator, expect

HOSTILE = "<img src=x onerror=window.hit=1>"

CELLS = [
    """
import numpy as np
import torch
from nbinterp import AndOr, ClusterExplorer, InteractionHeatmap, SmoothHess
from nbinterp.datasets import load_mnist, load_mnist_classifier
from nbinterp.interactions import Players
from nbinterp.views import PrimitiveChart

mnist, model = load_mnist(), load_mnist_classifier()
explained = [0, 5, 9]
x = torch.as_tensor(mnist.data[explained] / 255, dtype=torch.float32)
hess = SmoothHess(radius=1.0, n_samples=6000, random_state=0, progress=False)
found = hess.explain(model, x, target=7)
around = np.linspace(0, 2 * np.pi, 12, endpoint=False)
explorer = ClusterExplorer(np.c_[np.cos(around), np.sin(around)], height=300)
explorer
""",
    """
heat = InteractionHeatmap(found, image_shape=(28, 28), explorer=explorer, samples=explained)
heat
""",
    f"""
rows, columns = np.indices((28, 28)) // 14
names = ["upper left", "upper right", "lower left", {HOSTILE!r}]
players = Players((2 * rows + columns).ravel(), names)
primitives = AndOr(groups=players, progress=False).explain(model, x)
chart = PrimitiveChart(primitives, explorer=explorer, samples=explained)
chart
""",
    "primitives",
]


@pytest.fixture(scope="module")
def opened(open_cells: Callable[..., Opened]) -> Opened:
    return open_cells("heatmap", CELLS)


def _view(opened: Opened) -> Locator:
    """Return the heatmap of pairs; the first one is the map's own, and empty."""
    view = opened[0].page.locator('[data-nbi="heatmap"][data-nbi-rows="784"]')
    expect(view).to_be_visible(timeout=60_000)
    view.scroll_into_view_if_needed()
    return view


def _at(view: Locator, row: int, column: int) -> tuple[float, float]:
    place = view.evaluate("(root, [row, column]) => root.nbi.at(row, column)", [row, column])
    return place["x"], place["y"]


def _seen(view: Locator) -> dict[str, Any]:
    script = "({nbi}) => ({camera: {...nbi.camera}, pair: nbi.pair, cursor: nbi.cursor})"
    seen: dict[str, Any] = view.evaluate(script)
    return seen


def _partners(view: Locator) -> dict[str, Any]:
    partners: dict[str, Any] = view.evaluate("root => root.nbi.partners()")
    return partners


def test_clicking_the_strongest_pair_reaches_python(opened: Opened) -> None:
    page, kernel, _ = opened
    view = _view(opened)
    page.picture("heatmap-1-whole")
    best = view.evaluate("root => root.nbi.strongest()[0]")
    direct = kernel.value(
        "[int(k) for k in np.unravel_index("
        "np.argmax(np.abs(np.triu(found.hessian[0] * found.beyond_noise()[0], 1))), (784, 784))]"
    )
    assert [best["row"], best["column"]] == direct
    page.page.mouse.click(*_at(view, *direct))
    wait_for(lambda: kernel.value("heat.pair") is not None, "a pair in Python", 20)
    chosen = kernel.value("heat.pair")
    # At this zoom a cell is less than a pixel: the click may take a neighbour.
    order = view.evaluate("root => root.nbi.rows")
    for mine, wanted in zip(chosen, direct, strict=True):
        places = [order.index(f"pixel {k // 28},{k % 28}") for k in (mine, wanted)]
        assert abs(places[0] - places[1]) <= 1


def test_wheel_zooms_about_the_mouse_and_a_drag_moves(opened: Opened) -> None:
    page, kernel, _ = opened
    view, mouse = _view(opened), opened[0].page.mouse
    best = view.evaluate("root => root.nbi.strongest()[0]")
    x, y = (round(side) for side in _at(view, best["row"], best["column"]))
    mouse.move(x, y)

    def cells_off() -> Any:
        away = np.subtract(_at(view, best["row"], best["column"]), (x, y))
        return away / _seen(view)["camera"]["scale"]

    before = cells_off()
    for _ in range(16):
        mouse.wheel(0, -120)
        page.page.wait_for_timeout(20)
    wait_for(lambda: _seen(view)["camera"]["scale"] > 20, "zoom", 20)
    np.testing.assert_allclose(cells_off(), before, atol=0.02)
    kernel.run("heat.pair = None")  # a click on the chosen pair would let it go
    x, y = _at(view, best["row"], best["column"])
    mouse.click(x, y)
    wait_for(
        lambda: kernel.value("heat.pair") == [best["row"], best["column"]], "just this pair", 20
    )
    page.picture("heatmap-2-zoomed")
    mouse.move(x, y)
    mouse.down()
    mouse.move(x - 60, y - 30, steps=5)
    mouse.up()
    page.page.wait_for_timeout(200)
    moved = np.subtract(_at(view, best["row"], best["column"]), (x, y))
    np.testing.assert_allclose(moved, (-60, -30), atol=2)
    assert kernel.value("heat.pair") == [best["row"], best["column"]]  # a drag is no click


def test_hover_tells_the_pair(opened: Opened) -> None:
    page, kernel, _ = opened
    view = _view(opened)
    row, column = kernel.value("heat.pair")
    x, y = _at(view, row, column)
    page.page.mouse.move(x - 40, y)
    page.page.mouse.move(x, y, steps=3)
    card = view.locator(".nbi-heatmap-card")
    expect(card).to_be_visible()
    value = kernel.value(f"float(found.hessian[0, {row}, {column}])")
    shown = (card.text_content() or "").replace("−", "-")
    assert f"pixel {row // 28},{row % 28} × pixel {column // 28},{column % 28}" in shown
    # Three digits, of a value that is kept to a part in 2000.
    near = {f"{value * (1 + part / 2048):.3g}" for part in (-1, 0, 1)}
    assert any(text in shown for text in near) and "±" in shown


def test_partners_are_a_row_and_a_pixel_can_be_clicked(opened: Opened) -> None:
    page, kernel, _ = opened
    view = _view(opened)
    pixel = 14 * 28 + 12
    canvas = view.locator('[data-nbi="partners"]')
    expect(canvas).to_be_visible()
    box = canvas.bounding_box()
    assert box is not None
    side = box["width"] / 28
    canvas.click(position={"x": 12.5 * side, "y": 14.5 * side})
    wait_for(lambda: kernel.value("heat.pair") == [pixel, pixel], "the pixel", 20)
    wait_for(lambda: _partners(view)["feature"] == pixel, "its partners", 20)
    direct = kernel.value(f"found.hessian[0, {pixel}].tolist()")
    error = np.array(kernel.value(f"found.standard_error[0, {pixel}].tolist()"))
    apart = np.abs(np.subtract(_partners(view)["values"], direct))
    assert (apart <= np.maximum(error / 16, np.abs(direct) / 2048) + 1e-7).all()
    expect(view).to_contain_text("Partners of pixel 14,12")
    expect(view).to_contain_text("This pair in each sample")
    page.picture("heatmap-3-partners")


def test_search_and_keys(opened: Opened) -> None:
    page, kernel, _ = opened
    view = _view(opened)
    view.locator('[data-nbi="field"]').focus()
    page.page.keyboard.press("/")
    page.page.keyboard.type("pixel 10,13")
    page.page.keyboard.press("Enter")
    live = view.locator("[aria-live]")
    expect(live).to_contain_text("pixel 10,13 × ")
    assert _seen(view)["cursor"]["row"] == 10 * 28 + 13
    field = view.locator('[data-nbi="field"]')
    field.focus()
    before = live.text_content()
    page.page.keyboard.press("ArrowDown")
    expect(live).not_to_have_text(before or "")
    page.page.wait_for_timeout(200)
    cursor = _seen(view)["cursor"]
    page.page.keyboard.press("Enter")
    wanted = [cursor["row"], cursor["column"]]
    wait_for(lambda: kernel.value("heat.pair") == wanted, "the pair under the cursor", 20)
    page.page.keyboard.press("0")
    page.page.keyboard.press("Escape")
    wait_for(lambda: kernel.value("heat.pair") is None, "no pair", 20)
    view.locator('[data-nbi="search"]').fill("")
    assert _seen(view)["camera"]["x"] == 0


def test_top_and_order(opened: Opened) -> None:
    page, kernel, _ = opened
    view = page.page.locator('[data-nbi="heatmap"]:has([data-nbi="matrix"])')
    view.locator('[data-nbi="order-given"]').click()
    slider = view.locator('[data-nbi="top-slider"]')
    box = slider.bounding_box()
    assert box is not None
    page.page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2)
    wait_for(lambda: kernel.value("heat.top") < 100, "fewer inputs in Python", 20)
    top = kernel.value("heat.top")
    assert 20 < top < 40  # half way, by ratios
    expect(view).to_have_attribute("data-nbi-rows", str(top))
    shown = view.evaluate("root => root.nbi.rows")
    numbers = [28 * int(name[6:].split(",")[0]) + int(name.split(",")[1]) for name in shown]
    assert numbers == sorted(numbers)
    strength = np.array(
        kernel.value(
            "(lambda m: np.abs(np.triu(m, 1) + np.triu(m, 1).T).max(0).tolist())"
            "(found.hessian[0] * found.beyond_noise()[0])"
        )
    )
    assert strength[numbers].min() >= np.sort(strength)[-top] * (1 - 1e-3)
    page.picture("heatmap-4-top")
    assert kernel.value("heat.order") == "given"
    kernel.run("heat.top, heat.order = 784, 'similarity'")
    _view(opened)


def test_the_map_chooses_the_sample(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    places = np.array(kernel.value("np.c_[np.cos(around), np.sin(around)].tolist()"))
    x, y = page.project(explorer, places[5:6])[0]
    page.page.mouse.click(float(x), float(y))
    wait_for(lambda: kernel.value("explorer.selection.tolist()") == [5], "the sample", 20)
    wait_for(lambda: kernel.value("heat.sample") == 1, "its matrix", 20)
    view = _view(opened)
    expect(view).to_contain_text("sample 5")
    entry = view.evaluate("root => root.nbi.entry(300, 301).value")
    assert entry == pytest.approx(kernel.value("float(found.hessian[1, 300, 301])"), rel=1e-3)
    assert kernel.value("chart.sample") == 1
    assert "sample 5" in kernel.value("chart._output.outputs[0]['data']['text/plain']")
    drawn = page.page.locator(".jp-OutputArea-output .vega-embed")
    drawn.first.scroll_into_view_if_needed()
    expect(drawn.first.locator("canvas, svg").first).to_be_visible()
    assert drawn.count() == 2  # also that of the result itself, which is linked to nothing
    page.page.wait_for_timeout(500)
    page.picture("heatmap-5-primitives")


def test_dark_theme(opened: Opened) -> None:
    page, kernel, _ = opened
    kernel.run("heat.pair = (300, 355)")
    page.theme("JupyterLab Dark")
    _view(opened)
    page.picture("heatmap-6-dark")
    page.theme("JupyterLab Light")


def test_page_kept_to_itself(opened: Opened) -> None:
    page, _, _ = opened
    assert page.errors == []
    assert page.off_machine() == []
    assert page.page.evaluate("window.hit") is None
