"""The JupyterLab page as a person uses it: menus, keys, mouse."""

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from browser import chromium
from browser.lab import Lab, start, wait_for, write_notebook
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "browser"
Point = tuple[float, float]
WIDE = {"width": 1500, "height": 1100}


class NotebookPage:
    """One notebook open in JupyterLab, with what the page said and asked for."""

    def __init__(
        self,
        browser: Browser,
        lab: Lab,
        notebook: str,
        path: str = "lab/tree",
        before: Callable[[Page], object] = lambda _: None,
    ) -> None:
        self.page: Page = browser.new_page(viewport=WIDE)
        before(self.page)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(f"{lab.url}/{path}/{notebook}?reset")
        expect(self.page.locator(".jp-CodeCell .cm-content").first).to_be_visible(timeout=60_000)
        # The page says "idle" before it has a kernel, and cells run then ask which one to use.
        wait_for(
            lambda: (kernel := lab.kernel_of(notebook)) and kernel["connections"],
            "connected kernel",
        )
        self.page.wait_for_timeout(500)

    def menu(self, *labels: str) -> None:
        """Choose an entry of the menu bar."""
        first, *rest = labels
        self.page.locator(".lm-MenuBar-itemLabel", has_text=first).first.click()
        for label in rest:
            self.page.locator(".lm-Menu-itemLabel", has_text=label).first.click()

    def theme(self, name: str) -> None:
        """Choose a theme in the menu, such as "JupyterLab Dark", and wait until it is drawn."""
        self.menu("Settings", "Theme", name)
        expect(self.page.locator("body")).to_have_attribute(
            "data-jp-theme-name", name, timeout=30_000
        )
        self.page.wait_for_timeout(300)

    def run_all(self) -> None:
        """Run all cells, as Run > Run All Cells does, to the end of the last one."""
        self.menu("Run", "Run All Cells")
        # JupyterLab shows a traceback as it shows stderr.
        failed = self.page.locator(
            '[data-mime-type="application/vnd.jupyter.stderr"]', has_text="Traceback (most recent"
        )
        last = self.page.locator(".jp-CodeCell .jp-InputArea-prompt").last

        def finished() -> bool:
            assert failed.count() == 0, failed.first.text_content()
            return "*" not in (text := last.text_content() or "") and any(map(str.isdigit, text))

        wait_for(finished, "end of the notebook", seconds=300)

    def view(self, name: str) -> Locator:
        """Return the first view called `name`, scrolled to where a person would look."""
        view = self.page.locator(f'[data-nbi="{name}"]').first
        expect(view).to_be_visible(timeout=240_000)
        view.scroll_into_view_if_needed()
        return view

    def lasso(self, points: list[Point]) -> None:
        """Drag the mouse along `points`, slowly enough for a lasso to follow."""
        lasso(self.page, points)

    def project(
        self, explorer: Locator, positions: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return where on the screen the map shows `positions`, in pixels."""
        script = "(root, rows) => rows.map(([x, y]) => root.nbi.project(x, y))"
        places = explorer.evaluate(script, positions.tolist())
        return np.array([[place["x"], place["y"]] for place in places])

    def heatmap(self, explorer: Locator) -> dict[str, Any]:
        """Return the names and values that the heatmap beside the map draws."""
        answer: dict[str, Any] = explorer.locator('[data-nbi="heatmap"]').evaluate(
            "root => root.nbi"
        )
        return answer

    def picture(self, name: str, of: Locator | None = None) -> None:
        """Keep a screenshot for a person to look at."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        target: Any = self.page if of is None else of
        target.screenshot(path=ARTIFACTS / f"{name}.png")

    def off_machine(self) -> list[str]:
        """Return what the page asked of hosts other than this one."""
        local = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
        return [url for url in self.requests if not url.startswith(local)]


@contextmanager
def opened(cells: Sequence[str], command: Sequence[str] = ()) -> Iterator[tuple[NotebookPage, Lab]]:
    """Open a notebook of code cells in a JupyterLab of its own; `command` as of `start`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "lab").mkdir()
        notebook = write_notebook(folder / "opened.ipynb", cells)
        with (
            sync_playwright() as playwright,
            start(notebook, folder / "lab", command) as lab,
            playwright.chromium.launch(
                executable_path=chromium.find(), args=list(chromium.FLAGS)
            ) as browser,
        ):
            yield NotebookPage(browser, lab, notebook.name), lab


def lasso(page: Page, points: Sequence[Point]) -> None:
    """Drag the mouse along `points`, slowly enough for a lasso to follow."""
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
        page.wait_for_timeout(16)
    page.mouse.up()


def inside(points: npt.NDArray[np.float64], ring: list[Point]) -> npt.NDArray[np.bool_]:
    """Return which of `points` lie inside the polygon `ring`, by the even-odd rule."""
    result = np.zeros(len(points), dtype=bool)
    x, y = points.T
    for (x0, y0), (x1, y1) in pairwise([*ring, ring[0]]):
        with np.errstate(divide="ignore", invalid="ignore"):
            crosses = ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
        result ^= crosses
    return result


def circle(x: float, y: float, radius: float, steps: int = 48) -> list[Point]:
    """Return a closed ring of points round (x, y), from its left and back to it."""
    angles = [math.pi + 2 * math.pi * step / steps for step in range(steps + 1)]
    return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]
