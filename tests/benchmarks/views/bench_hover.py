"""Pictures under the pointer, in a real JupyterLab: time from a mouse move to the next frame.

The map is a grid of digits, spaced so that the pointer is always on one. Cold is the first hover
over a sample, when its picture comes from Python; cached is the second. The server runs
`nbinterp.server`, as in ``make lab``. The limit is 150 ms cold and 50 ms cached. Run with ``python
tests/benchmarks/views/bench_hover.py``.
"""

import sys
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page, expect

sys.path.insert(0, str(Path(__file__).parents[2]))
from browser.lab import wait_for
from browser.page import opened

SIDE, VISITS = 12, 60
CELL = f"""
import numpy as np
from nbinterp import ClusterExplorer
from nbinterp.datasets import load_mnist
mnist, n = load_mnist(), {SIDE * SIDE}
images, shape = mnist.data[:n], mnist.image_shape
grid = np.indices(({SIDE}, {SIDE})).reshape(2, -1).T.astype(float)
ClusterExplorer(
    grid, columns={{"digit": mnist.target[:n]}}, images=images, image_shape=shape
)
"""
# Notes the first move of the mouse since it was last cleared, and the frame after the next picture.
WATCH = """
() => {
  window.moved = window.shown = 0;
  addEventListener('pointermove', () => { window.moved ||= performance.now(); }, true);
  const paint = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    if (this.canvas.classList.contains('nbi-explorer-picture') && window.moved && !window.shown) {
      requestAnimationFrame(() => { window.shown = performance.now(); });
    }
    return paint.apply(this, given);
  };
}
"""


def waited(page: Page, explorer: Locator, sample: int) -> float:
    """Point at a sample; return the milliseconds until its picture is there."""
    x, y = divmod(sample, SIDE)
    place = explorer.evaluate("(root, [x, y]) => root.nbi.project(x, y)", [x, y])
    page.evaluate("window.moved = window.shown = 0")
    page.mouse.move(place["x"], place["y"])
    wait_for(lambda: page.evaluate("window.shown"), f"picture of sample {sample}", 10)
    page.wait_for_timeout(60)
    return float(page.evaluate("window.shown - window.moved"))


def main() -> None:
    """Print the median and the 95th percentile of both."""
    samples = np.random.default_rng(0).permutation(SIDE * SIDE)[:VISITS].tolist()
    with opened([CELL.strip()]) as (page, _):
        page.run_all()
        explorer = page.view("explorer")
        expect(explorer).to_have_attribute("data-nbi-ready", "true", timeout=60_000)
        page.page.evaluate(WATCH)
        for name, bar in (("cold", 150), ("cached", 50)):
            times = [waited(page.page, explorer, sample) for sample in samples]
            middle, most = np.percentile(times, [50, 95])
            print(
                f"picture under the pointer, {name:<6} p50 {middle:5.0f} ms, p95 {most:5.0f}"
                f" of {VISITS} (at most {bar})",
                flush=True,
            )


if __name__ == "__main__":
    main()
