"""Maps of 10,000 to a million points in a real JupyterLab, against jupyter-scatter.

Loading lasts from the key press that runs the cell until the canvas shows points. The lasso lasts
from the release of the mouse until Python's callback has the selection. Recolouring lasts from the
key press that runs a cell with another column until the canvas changes colours. Times are the best
of two or three. Frames are counted while the wheel zooms in and out. Saved bytes are those of a
notebook run by nbclient, which keeps the state of widgets. Runs of more than two minutes are
skipped. Run with ``python tests/benchmarks/views/bench_explorer.py``; sizes may follow, as
``100000``. jupyter-scatter comes with ``make bench``, or ``make .venv/.bench``.
"""

import importlib.util
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import nbformat
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[2]))
from browser.lab import Kernel, wait_for
from browser.page import circle, opened

LONGEST = 120  # seconds that a step may take
DATA = """
import time
import numpy as np, pandas as pd
from nbinterp import ClusterExplorer
rng = np.random.default_rng(0)
kind = rng.integers(0, 10, {n})
angle = 2 * np.pi * kind / 10
xy = np.c_[np.cos(angle), np.sin(angle)] * 4 + rng.normal(size=({n}, 2))
half = kind % 2
frame = pd.DataFrame(xy, columns=["x", "y"]).assign(
    kind=pd.Categorical(kind), half=pd.Categorical(half))
heard = []
"""
OURS = """
view = ClusterExplorer(xy, columns={"kind": kind, "half": half}, color_by="kind", height=480)
stop = view.on_select(lambda samples: heard.append([1000 * time.time(), len(samples)]))
view
"""
THEIRS = """
import jscatter
scatter = jscatter.Scatter(data=frame, x="x", y="y", color_by="kind", height=480)
scatter.widget.mouse_mode = "lasso"
scatter.widget.observe(
    lambda change: heard.append([1000 * time.time(), len(np.ravel(change["new"]))]), "selection")
scatter.show()
"""
WATCH = """
() => {
  window.begun = window.shown = window.released = 0;
  addEventListener('keydown', () => { window.begun = Date.now(); }, {capture: true, once: true});
  addEventListener('pointerup', () => { window.released = Date.now(); }, true);
  const old = new Set(document.querySelectorAll('canvas'));
  const colours = canvas => {
    const context = canvas.width > 200 && canvas.getContext('2d');
    if (!context) return 0;
    const {width, height} = canvas;
    const pixels = new Uint32Array(
      context.getImageData(0, height >> 1, width, height >> 4 || 1).data.buffer);
    return new Set(pixels).size;
  };
  const tick = () => {
    const fresh = [...document.querySelectorAll('.jp-OutputArea canvas')].filter(c => !old.has(c));
    if (fresh.some(canvas => colours(canvas) > 8)) window.shown = Date.now();
    else setTimeout(tick, 20);
  };
  setTimeout(tick, 20);
}
"""
RECOLOUR = {"nbinterp": "view.color_by = 'half'", "jupyter-scatter": "scatter.color(by='half')"}
PIXELS = """
cell => {
  let sum = 7;
  for (const canvas of cell.querySelectorAll('.jp-OutputArea canvas')) {
    const context = canvas.width > 200 && canvas.getContext('2d');
    if (!context) continue;
    const {width, height} = canvas;
    const {data} = context.getImageData(0, height >> 1, width, height >> 4);
    for (let i = 0; i < data.length; i++) sum = (Math.imul(sum, 31) + data[i]) | 0;
  }
  return sum;
}
"""
FRAMES = """
() => {
  window.frames_ = [];
  const step = now => { window.frames_.push(now); window.ticking = requestAnimationFrame(step); };
  window.ticking = requestAnimationFrame(step);
}
"""
CLEAR = {"nbinterp": "view.selection = []", "jupyter-scatter": "scatter.selection([])"}
CANVAS = {"nbinterp": '[data-nbi="stage"]', "jupyter-scatter": ".jp-OutputArea canvas"}


def load(page: Page, cell: int) -> float:
    """Run a cell; return the milliseconds until its canvas shows points."""
    code = page.locator(".jp-CodeCell").nth(cell)
    code.scroll_into_view_if_needed()
    code.locator(".cm-content").click()
    page.evaluate(WATCH)
    page.keyboard.press("Control+Enter")
    wait_for(lambda: page.evaluate("window.shown"), "points", LONGEST)
    return float(page.evaluate("window.shown - window.begun"))


def lasso(page: Page, kernel: Kernel, cell: int, name: str) -> tuple[float, int]:
    """Draw round one of the ten clouds; return the milliseconds to Python and how many it has."""
    stage = page.locator(".jp-CodeCell").nth(cell).locator(CANVAS[name]).first
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    # The clouds lie on a circle: one is at its right.
    x, y = box["x"] + box["width"] / 2 + 0.27 * box["height"], box["y"] + box["height"] / 2
    kernel.run(f"{CLEAR[name]}; heard.clear()")
    page.wait_for_timeout(500)
    ring = circle(x, y, 0.1 * box["height"], 32)
    page.mouse.move(*ring[0])
    page.wait_for_timeout(200)
    page.mouse.down()
    for point in ring[1:]:
        page.mouse.move(*point)
        page.wait_for_timeout(20)
    page.mouse.up()
    heard = wait_for(
        lambda: kernel.value("[one for one in heard if one[1] > 1]"), "selection", LONGEST
    )
    at, count = heard[0]
    return at - float(page.evaluate("window.released")), int(count)


def frames(page: Page, cell: int, name: str) -> tuple[float, float]:
    """Zoom in and out by the wheel; return frames a second and the longest wait for one in ms."""
    stage = page.locator(".jp-CodeCell").nth(cell).locator(CANVAS[name]).first
    stage.scroll_into_view_if_needed()
    stage.click(position={"x": 8, "y": 200})  # ours leaves the wheel to the page until it has focus
    box = stage.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(500)
    page.evaluate(FRAMES)
    for step in range(60):
        page.mouse.wheel(0, -40 if step < 30 else 40)
        page.wait_for_timeout(16)
    times = page.evaluate("() => { cancelAnimationFrame(window.ticking); return window.frames_; }")
    waits = [after - before for before, after in pairwise(times)]
    return 1000 * len(waits) / (times[-1] - times[0]), max(waits)


def recolour(page: Page, kernel: Kernel, cell: int, name: str) -> float:
    """Colour by the other column from Python; return the ms until the canvas has changed."""
    code = page.locator(".jp-CodeCell").nth(cell)
    before, started = code.evaluate(PIXELS), time.perf_counter()
    kernel.run(RECOLOUR[name], timeout=LONGEST)
    while code.evaluate(PIXELS) == before:
        if time.perf_counter() - started > LONGEST:
            raise TimeoutError(f"no other colours within {LONGEST} s")
        page.wait_for_timeout(5)
    return 1000 * (time.perf_counter() - started)


def measure(page: Page, kernel: Kernel, n: int, names: list[str]) -> None:
    """Load and lasso `n` points with each library in turn."""
    kernel.run(DATA.format(n=n), timeout=300)
    for name in names:
        cell = list(CANVAS).index(name)
        label = f"{n:>9,} points  {name:<16}"
        try:
            loads = [load(page, cell) for _ in range(2)]
            page.wait_for_timeout(2000)
            print(f"{label} shown after {min(loads):.0f} ms", flush=True)
            caught = [lasso(page, kernel, cell, name) for _ in range(3 if n < 500_000 else 2)]
            fastest = min(ms for ms, _ in caught)
            print(f"{label} lasso {fastest:.0f} ms for {caught[0][1]:,} points", flush=True)
            kernel.run(CLEAR[name])
            page.wait_for_timeout(1000)
            print(f"{label} other colours {recolour(page, kernel, cell, name):.0f} ms", flush=True)
            rate, longest = frames(page, cell, name)
            print(f"{label} {rate:.0f} frames a second, longest {longest:.0f} ms", flush=True)
        except (AssertionError, TimeoutError, PlaywrightError) as missing:
            print(f"{label} does not: {str(missing).splitlines()[0]}", flush=True)


def saved(code: str, plots: int, folder: Path) -> int:
    """Return the bytes of a saved notebook that shows 10,000 points `plots` times."""
    from nbclient import NotebookClient

    cells = [DATA.format(n=10_000), *[code] * plots]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    NotebookClient(
        notebook, kernel_name="python3", extra_arguments=["--IPKernelApp.log_level=ERROR"]
    ).execute()
    path = folder / "saved.ipynb"
    nbformat.write(notebook, path)
    return path.stat().st_size


def main() -> None:
    """Measure both where both are there."""
    codes = {"nbinterp": OURS, "jupyter-scatter": THEIRS}
    if importlib.util.find_spec("jscatter") is None:
        print("jupyter-scatter is not installed: ours alone (make .venv/.bench installs it)")
        del codes["jupyter-scatter"]
    with tempfile.TemporaryDirectory() as folder:
        for library, code in codes.items():
            one, two = (saved(code, plots, Path(folder)) for plots in (1, 2))
            print(
                f"   10,000 points  {library:<16} {two - one:,} bytes saved a plot, "
                f"{one:,} for a notebook of one",
                flush=True,
            )
    with opened([code.strip() for code in codes.values()]) as (page, lab), lab.kernel() as kernel:
        for n in [int(size) for size in sys.argv[1:]] or [100_000, 1_000_000]:
            measure(page.page, kernel, n, list(codes))


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s in all")
