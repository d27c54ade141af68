"""The views in hosts other than JupyterLab: Notebook 7, and marimo if installed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser.lab import free_port, start, wait_for, write_notebook
from browser.page import ARTIFACTS, NotebookPage, circle, lasso
from playwright.sync_api import Browser, Page, expect

CODE = """
import numpy as np
import torch
from nbinterp import LinearCorEx, LocalCorEx, Workbench, record

torch.manual_seed(0)
island = np.repeat([0, 1, 2], 60)
data = np.random.default_rng(0).normal(size=(180, 6)) + 4 * np.eye(6)[island]
model = torch.nn.Sequential(torch.nn.Linear(6, 20), torch.nn.Tanh(), torch.nn.Linear(20, 3))
nodes = record(model, data, "1").concat("1", output=True)
local = LocalCorEx(LinearCorEx(6, random_state=0), random_state=0).fit(nodes, clusters=island)
local._map = np.array([[0, 0], [9, 0], [0, 9]])[island] + data[:, 3:5] / 3
bench = Workbench(model, data, island, layer="1", local=local)
"""
MARIMO = """
import marimo
app = marimo.App()

@app.cell
def _():
{cell}
    return (bench,)

@app.cell
def _(bench):
    from pathlib import Path
    def told(factors):
        Path({told!r}).write_text(str(sorted(set((bench.factors.indices // 60).tolist()))))
    bench.explorer.heatmap.on_choose(told)
    return
"""


def _lasso_an_island(page: Page, place: tuple[float, float]) -> None:
    """Draw round the island at `place` of the map with the mouse."""
    explorer = page.locator('[data-nbi="explorer"]').first
    expect(explorer).to_have_attribute("data-nbi-ready", "true", timeout=60_000)
    explorer.scroll_into_view_if_needed()
    script = "(root, [x, y]) => root.nbi.project(x, y)"
    centre = explorer.evaluate(script, list(place))
    edge = explorer.evaluate(script, [place[0] + 3, place[1]])
    explorer.locator('[data-nbi="mode-lasso"]').click()
    points = circle(centre["x"], centre["y"], abs(edge["x"] - centre["x"]))
    lasso(page, points)


def _keep(page: Page, name: str) -> None:
    page.screenshot(path=ARTIFACTS / f"{name}.png")


def test_notebook_7(browser: Browser, tmp_path: Path) -> None:
    pytest.importorskip("notebook")
    notebook = write_notebook(tmp_path / "bench.ipynb", [CODE + "bench"])
    (tmp_path / "server").mkdir()
    command = [sys.executable, "-m", "jupyter", "notebook", "--allow-root"]
    with start(notebook, tmp_path / "server", command) as server:
        page = NotebookPage(browser, server, "bench.ipynb", "notebooks")
        page.run_all()
        with server.kernel() as kernel:
            _lasso_an_island(page.page, (9, 0))
            wait_for(lambda: kernel.value("bench.factors is not None"), "a fit", 60)
            assert kernel.value("bench.wait(60)")
            assert kernel.value("sorted(set(island[bench.factors.indices].tolist()))") == [1]
            slider = page.view("slider").locator('[data-nbi="slider-1"]')
            slider.focus()
            for _ in range(5):
                page.page.keyboard.press("Shift+ArrowRight")
            wait_for(lambda: kernel.value("float(bench.slider.amounts.max())") > 1, "amounts", 20)
            assert kernel.value("bench.factor") == kernel.value("bench._slider_factors")[1]
            _keep(page.page, "elsewhere-notebook-7")
        # Notebook 7 itself reads the schema of a setting that it does not have.
        assert [error for error in page.errors if "reading 'schema'" not in error] == []
        assert page.off_machine() == []
        page.page.close()


@contextmanager
def _marimo(program: Path) -> Iterator[str]:
    port = free_port()
    with (program.parent / "marimo.log").open("w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "marimo", "run", str(program), "--headless", "--no-token"),
                *("--host", "127.0.0.1", "--port", str(port)),
            ],
            cwd=program.parent,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)


def test_marimo(browser: Browser, tmp_path: Path) -> None:
    pytest.importorskip("marimo", reason="make test-more")
    told = tmp_path / "told.txt"
    cell = "\n".join(f"    {line}" for line in (CODE + "bench").splitlines())
    (tmp_path / "app.py").write_text(MARIMO.format(cell=cell, told=str(told)))
    with _marimo(tmp_path / "app.py") as url:
        page = browser.new_page(viewport={"width": 1400, "height": 1100})

        def there() -> bool:
            page.goto(url)
            return True

        for _ in range(60):
            try:
                there()
                break
            except Exception:
                page.wait_for_timeout(500)
        try:
            expect(page.locator('[data-nbi="workbench"]')).to_be_visible(timeout=60_000)
            _lasso_an_island(page, (9, 0))
            assert wait_for(lambda: told.exists() and told.read_text(), "a fit", 60) == "[1]"
        finally:
            _keep(page, "elsewhere-marimo")
            page.close()
