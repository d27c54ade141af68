"""The workbench in JupyterLab, and its page without a kernel, in Firefox if installed."""

import json
from pathlib import Path

import pytest
from browser import firefox
from browser.firefox import Firefox
from browser.hosts.test_elsewhere import CODE
from browser.lab import Lab, start, wait_for, write_notebook
from browser.page import ARTIFACTS, circle

pytestmark = pytest.mark.skipif(firefox.find() is None, reason="there is no Firefox on the PATH")


def _find(name: str, inside: str = "") -> str:
    return f"document.querySelector({json.dumps(f'{inside} [data-nbi={json.dumps(name)}]')})"


def _ready(page: Firefox) -> None:
    explorer = _find("explorer")
    wait_for(lambda: page.evaluate(f"{explorer}?.dataset.nbiReady === 'true'"), "a drawn map")


def _click(page: Firefox, selector: str) -> None:
    script = "(at => [at.x + at.width / 2, at.y + at.height / 2])"
    place = page.evaluate(f"{script}({selector}.getBoundingClientRect())")
    page.drag([tuple(place)])


def _lasso_an_island(page: Firefox, place: tuple[float, float]) -> None:
    """Draw round the island at `place` of the map with the mouse."""
    explorer = _find("explorer")
    page.evaluate(f"{explorer}.scrollIntoView({{block: 'center'}})")
    _click(page, _find("mode-lasso"))
    x, y = place
    centre, edge = (page.evaluate(f"{explorer}.nbi.project({at}, {y})") for at in (x, x + 3))
    page.drag(circle(centre["x"], centre["y"], abs(edge["x"] - centre["x"])))


def _run_the_cell(page: Firefox, lab: Lab, notebook: str) -> None:
    page.goto(f"{lab.url}/lab/tree/{notebook}?reset")
    cell = "document.querySelector('.jp-CodeCell .cm-content')"
    wait_for(
        lambda: (kernel := lab.kernel_of(notebook)) and kernel["connections"], "connected kernel"
    )
    run = ".jp-NotebookPanel-toolbar [data-command='notebook:run-cell-and-select-next']"
    wait_for(lambda: page.evaluate(f"{cell} !== null"), "a cell")
    _click(page, f'document.querySelector("{run}")')
    _ready(page)


def test_firefox(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "fox.ipynb", [CODE + "bench"])
    (tmp_path / "server").mkdir()
    with start(notebook, tmp_path / "server") as lab, firefox.started() as page:
        _run_the_cell(page, lab, notebook.name)
        with lab.kernel() as kernel:
            _lasso_an_island(page, (9, 0))
            wait_for(lambda: kernel.value("bench.factors is not None"), "a fit", 60)
            assert kernel.value("bench.wait(60)")
            assert kernel.value("sorted(set(island[bench.factors.indices].tolist()))") == [1]
            slider = _find("slider-1", "[data-nbi=slider]")
            wait_for(lambda: page.evaluate(f"{slider} !== null"), "sliders", 20)
            page.evaluate(f"{slider}.focus()")
            for _ in range(5):
                page.press("Shift", "ArrowRight")
            wait_for(lambda: kernel.value("float(bench.slider.amounts.max())") > 1, "amounts", 20)
            page.picture(ARTIFACTS / "firefox-lab.png")
            page_of_it = tmp_path / "page.html"
            kernel.run(f"bench.explorer.selection = []; bench.to_html({str(page_of_it)!r})")
        page.goto(page_of_it.as_uri())
        _ready(page)
        count = f"{_find('explorer')}.dataset.nbiSelected"
        assert page.evaluate(count) == "0"
        _lasso_an_island(page, (9, 0))
        wait_for(lambda: page.evaluate(count) == "60", "what was lassoed without a kernel", 20)
        page.picture(ARTIFACTS / "firefox-page.png")
