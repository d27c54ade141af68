"""The explorer's gestures in a real JupyterLab, checked by their result in Python."""

from collections.abc import Callable

import numpy as np
import pytest
from browser.conftest import Opened
from browser.lab import wait_for
from browser.page import circle
from playwright.sync_api import Locator, expect

HOSTILE = "<img src=x onerror=window.hit=1>"

CELL = f"""
import numpy as np
from nbinterp import ClusterExplorer

rng = np.random.default_rng(0)
island = np.repeat([0, 1, 2], 60)
places = np.array([[0, 0], [9, 0], [0, 9]])[island] + rng.normal(size=(180, 2)) * 0.5
images = np.zeros((180, 8, 8), np.uint8) + (80 * island[:, None, None] + 60).astype(np.uint8)
kinds = np.array(["one", "two", {HOSTILE!r}])
explorer = ClusterExplorer(
    places,
    columns={{"kind": kinds[island], "depth": np.linspace(0, 1, 180)}},
    images=images,
)
explorer
"""


@pytest.fixture(scope="module")
def opened(open_cells: Callable[..., Opened]) -> Opened:
    return open_cells("explorer", [CELL])


def _lasso(opened: Opened, explorer: Locator, at: tuple[float, float], radius: float = 2.0) -> None:
    page = opened[0]
    (x, y), (edge, _) = page.project(explorer, np.array([at, (at[0] + radius, at[1])]))
    page.lasso(circle(x, y, abs(edge - x), 24))


def _islands(opened: Opened) -> list[int]:
    """Return which islands Python has as selected, once it has heard the last gesture."""
    found: list[int] = opened[1].value("sorted(set(island[explorer.selection].tolist()))")
    return found


def test_keys_held_with_a_lasso_add_remove_and_intersect(opened: Opened) -> None:
    page, _, _ = opened
    explorer, keyboard = page.view("explorer"), page.page.keyboard
    _lasso(opened, explorer, (0, 0))
    wait_for(lambda: _islands(opened) == [0], "lasso", 5)
    keyboard.down("Shift")
    _lasso(opened, explorer, (9, 0))
    keyboard.up("Shift")
    wait_for(lambda: _islands(opened) == [0, 1], "addition", 5)
    keyboard.down("Alt")
    _lasso(opened, explorer, (0, 0))
    keyboard.up("Alt")
    wait_for(lambda: _islands(opened) == [1], "removal", 5)
    explorer.locator('[data-nbi="intersect"]').click()
    _lasso(opened, explorer, (0, 9))
    explorer.locator('[data-nbi="intersect"]').click()
    wait_for(lambda: _islands(opened) == [], "nothing in both", 5)
    for _ in range(2):
        keyboard.press("Control+z")
    wait_for(lambda: _islands(opened) == [0, 1], "undone", 5)


def test_a_name_given_in_the_view_is_in_python_and_back(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer, keyboard = page.view("explorer"), page.page.keyboard
    kernel.run("heard = []; stop = explorer.on_select(lambda s: heard.append(len(s)))")
    explorer.locator('[data-nbi-entry="two"]').click()
    explorer.locator('[data-nbi="stage"]').focus()
    keyboard.press("n")
    expect(explorer.locator('[data-nbi="name-field"]')).to_be_focused()
    page.page.keyboard.insert_text(HOSTILE)
    keyboard.press("Enter")
    wait_for(lambda: kernel.value("list(explorer.selections)") == [HOSTILE], "name", 5)
    assert kernel.value(
        f"explorer.selections[{HOSTILE!r}].to_frame()['kind'].unique().tolist()"
    ) == ["two"]
    assert kernel.value("heard[-1]") == 60
    page.picture("explorer-1-named")
    kernel.run(
        f"explorer.selections.rename({HOSTILE!r}, 'seconds')\n"
        "explorer.selections['both'] = explorer.selections['seconds'] | [0, 1]"
    )
    expect(explorer.locator('[data-nbi-named="both"]')).to_contain_text("62")
    explorer.locator('[data-nbi-named="both"]').click()
    wait_for(lambda: kernel.value("len(explorer.selection)") == 62, "recall", 5)
    explorer.locator('[data-nbi-named="both"]').press("Delete")
    wait_for(lambda: kernel.value("list(explorer.selections)") == ["seconds"], "deletion", 5)
    explorer.locator('[data-nbi="stage"]').focus()
    keyboard.press("Control+z")
    wait_for(lambda: len(kernel.value("list(explorer.selections)")) == 2, "undone", 5)
    assert page.page.evaluate("window.hit") is None


def test_a_column_set_in_python_colours_and_filters_in_the_view(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer, keyboard = page.view("explorer"), page.page.keyboard
    kernel.run("explorer.columns['loss'] = np.arange(180) / 10")
    explorer.locator('[data-nbi="color-by"]').select_option("loss")
    explorer.locator('[data-nbi="range-low"]').fill("9")
    explorer.locator('[data-nbi="range-low"]').press("Enter")
    explorer.locator('[data-nbi="search"]').fill("kind=two")
    keyboard.press("Enter")
    expect(explorer.locator('[data-nbi="matching"]')).to_have_text("30 of 180 match")
    wait_for(lambda: len(kernel.value("explorer.selection.tolist()")) == 30, "search", 5)
    assert kernel.value("explorer.selection.tolist() == explorer.matching.tolist()")
    assert kernel.value("[explorer.color_by, explorer.search]") == ["loss", "kind=two"]
    page.picture("explorer-2-filtered")
    kernel.run("explorer.search, explorer.ranges, explorer.color_by = '', {}, 'kind'")
    expect(explorer.locator('[data-nbi="filters"]')).to_be_hidden()


def test_other_colours_take_one_frame(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    kernel.run("explorer.selection = [3]; explorer.color_by = 'kind'")
    page.page.mouse.move(5, 5)  # from what previews a named selection
    page.page.wait_for_timeout(500)
    # The shared renderer is copied to the canvas of the map once a frame.
    page.page.evaluate(
        """() => {
          const {prototype} = CanvasRenderingContext2D, {drawImage} = prototype;
          window.frames_ = 0;
          prototype.drawImage = function (...given) {
            if (this.canvas.classList.contains("nbi-explorer-points")) window.frames_++;
            return drawImage.apply(this, given);
          };
        }"""
    )
    kernel.run("explorer.color_by = 'depth'")
    expect(explorer.locator('[data-nbi="legend"]')).to_contain_text("depth")
    page.page.wait_for_timeout(500)
    assert page.page.evaluate("window.frames_") == 1
    kernel.run("explorer.selection = []; explorer.color_by = 'kind'")


def test_a_traceback_leaves_room_for_the_map(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    kernel.run(
        "called = []; stops = [explorer.on_select(f) for f in (lambda s: 1 / 0, called.append)]"
    )
    explorer.locator('[data-nbi-entry="two"]').click()
    error = explorer.locator('> [data-nbi="error"]')
    expect(error).to_contain_text("division by zero")
    error.locator("summary").click()
    page.theme("JupyterLab Dark")
    page.picture("explorer-5-error-dark", explorer)
    page.theme("JupyterLab Light")
    parts = (explorer, explorer.locator('[data-nbi="stage"]'))
    whole, stage = (part.evaluate("element => element.clientHeight") for part in parts)
    error.get_by_label("Dismiss").click()
    kernel.run("[stop() for stop in stops]; explorer.selection = []")
    assert kernel.value("len(called)") == 1
    assert stage > whole / 4


def test_layers_are_switched_by_keys_and_exemplars_lead_to_samples(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    explorer.locator('[data-nbi="stage"]').focus()
    for key in ("c", "e"):
        page.page.keyboard.press(key)
    first = explorer.locator("[data-nbi-sample]").first
    first.click()
    expect(explorer.locator('[data-nbi="card"]')).to_be_visible()
    page.picture("explorer-3-layers")
    sample = int(first.get_attribute("data-nbi-sample") or -1)
    assert kernel.value("[explorer.contours, explorer.exemplars]") == [True, True]
    grey = first.locator("canvas").evaluate(
        "c => c.getContext('2d').getImageData(1, 1, 1, 1).data[0]"
    )
    assert kernel.value(f"int(images[{sample}, 1, 1])") == grey


def test_everything_by_keyboard(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer, keyboard = page.view("explorer"), page.page.keyboard
    stage = explorer.locator('[data-nbi="stage"]')
    stage.focus()
    keyboard.press("Escape")
    keyboard.press("PageDown")
    keyboard.press("]")
    wait_for(lambda: len(kernel.value("explorer.selection.tolist()")) >= 32, "growth", 5)
    assert len(_islands(opened)) == 1
    keyboard.press("[")
    wait_for(lambda: len(kernel.value("explorer.selection.tolist()")) == 16, "shrinking", 5)
    assert page.errors == []
    assert page.off_machine() == []
