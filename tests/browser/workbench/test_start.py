"""The start tutorial in a real JupyterLab, as a newcomer runs it."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from browser.conftest import Opened
from browser.page import Point, circle, inside
from playwright.sync_api import expect

TUTORIAL = Path(__file__).parents[3] / "tutorials" / "000_start.ipynb"
Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def opened(open_notebook: Callable[[Path], Opened]) -> Opened:
    return open_notebook(TUTORIAL)


def _ring_round_a_cluster(opened: Opened) -> tuple[list[Point], set[int]]:
    """Return a ring of screen points round the purest cluster, and the samples inside it."""
    page, kernel, _ = opened
    positions: Floats = np.array(kernel.value("explorer.source.map_.tolist()"))
    clusters = np.array(kernel.value("explorer.source.labels_.tolist()"))
    spread = [
        np.linalg.norm(
            positions[clusters == k] - np.median(positions[clusters == k], 0), axis=1
        ).mean()
        for k in range(clusters.max() + 1)
    ]
    centre = np.median(positions[clusters == int(np.argmin(spread))], axis=0)
    explorer = page.view("explorer")
    screen = page.project(explorer, positions)
    (x, y), radius = page.project(explorer, centre[None])[0], 60.0
    ring = circle(x, y, radius)
    return ring, set(np.flatnonzero(inside(screen, ring)).tolist())


def test_lasso_reaches_python(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    page.picture("1-map")
    ring, expected = _ring_round_a_cluster(opened)
    explorer.locator('[data-nbi="mode-lasso"]').click()
    page.lasso(ring)
    expect(explorer.locator('[data-nbi="status"]')).to_contain_text("selected")
    selected = set(kernel.value("explorer.selection.tolist()"))
    page.picture("2-lasso")
    # The page thins the mouse's path a little, so points at the very edge may differ.
    assert len(expected) > 50
    assert len(selected ^ expected) <= 0.02 * len(expected)
    labels = kernel.value("[int(mnist.target[i]) for i in explorer.selection]")
    truth = kernel.value(f"[int(mnist.target[i]) for i in {sorted(expected)}]")
    assert Counter(labels).most_common(1)[0][0] == Counter(truth).most_common(1)[0][0]
    assert kernel.value("str(explorer.selection.dtype)") == "int64"


def test_fit_button_fills_the_heatmap(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    count = kernel.value("len(explorer.selection)")
    assert count > 50
    explorer.locator('[data-nbi="fit"]').click()
    page.picture("3-busy")
    expect(explorer.locator('[data-nbi="status"]')).to_contain_text(
        f"factors of {count:,} samples", timeout=60_000
    )
    page.picture("4-fitted")
    drawn = page.heatmap(explorer)
    direct = kernel.value(
        "(lambda f: {'names': f.feature_names, 'mi': f.mutual_information_.tolist(),"
        " 'tc': f.total_correlations_.tolist()})(explorer.source.fit_selection(explorer.selection))"
    )
    order = np.argsort(direct["tc"])[::-1]
    columns = [direct["names"].index(name) for name in drawn["columns"]]
    assert {f"logit {digit}" for digit in range(10)} <= set(drawn["columns"])
    expected = np.array(direct["mi"])[order][:, columns]
    np.testing.assert_allclose(np.array(drawn["values"]), expected, atol=1e-4)


def test_python_selects_on_the_map(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    kernel.run("explorer.selection = explorer.source.labels_ == 3")
    count = kernel.value("len(explorer.selection)")
    expect(explorer.locator('[data-nbi="status"]')).to_contain_text(f"{count:,} ")
    page.picture("5-from-python")


def test_escape_clears(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    explorer.locator("canvas").first.focus()
    page.page.keyboard.press("Escape")
    expect(explorer.locator('[data-nbi="status"]')).not_to_contain_text("selected of")
    page.page.wait_for_timeout(300)
    assert kernel.value("explorer.selection.tolist()") == []


def test_hover_shows_the_image(opened: Opened) -> None:
    page, kernel, _ = opened
    explorer = page.view("explorer")
    where: Floats = np.array(kernel.value("explorer.source.map_[:1].tolist()"))
    x, y = page.project(explorer, where)[0]
    page.page.mouse.move(x - 3, y)
    page.page.mouse.move(x, y, steps=4)
    expect(explorer.locator('[data-nbi="card"]')).to_be_visible()
    page.page.wait_for_timeout(400)
    page.picture("6-hover")


def test_dark_theme(opened: Opened) -> None:
    page, _, _ = opened
    page.theme("JupyterLab Dark")
    page.view("explorer")
    page.picture("7-dark")
    page.theme("JupyterLab Light")


def test_make_lab_sends_small_replies_at_once(opened: Opened) -> None:
    _, _, lab = opened
    assert "nbinterp.server | extension was successfully loaded" in lab.log.read_text()


def test_page_kept_to_itself(opened: Opened) -> None:
    page, _, _ = opened
    assert page.errors == []
    assert page.off_machine() == []
