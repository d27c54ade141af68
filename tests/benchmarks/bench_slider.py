"""Dragging at 60 events a second in a real JupyterLab, against ipywidgets with matplotlib.

Both decode an image of 28 × 28 in 30 ms. The mouse drags the slider for three seconds and lets
go. Lag is the time from a new value of the slider to the frame of that value on the screen. Run
with ``python tests/benchmarks/bench_slider.py``.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser import chromium
from browser.lab import start
from browser.page import NotebookPage

OURS = """
import time
import numpy as np
import torch
from nbinterp import LocalCorEx, perturb, record
from nbinterp.corex import LinearCorEx
from nbinterp.datasets import load_mnist, load_mnist_classifier, load_mnist_decoder

mnist, model, decoder = load_mnist(), load_mnist_classifier(), load_mnist_decoder("h1")
pixels = mnist.data[:1000] / 255
nodes = record(model, pixels, "h1").concat("h1", output=True)
local = LocalCorEx(LinearCorEx(3, random_state=0)).fit(nodes, labels=mnist.target[:1000] % 2)

def decode(hidden):
    if len(hidden) == 1:
        time.sleep(0.03)
    return decoder.decode(hidden)

slider = perturb(model, local.clusters_[0], pixels, layer="h1", factor=[0], decode=decode,
                 image_shape=(28, 28)).view()
slider
"""

THEIRS = """
import time
import ipywidgets
import matplotlib.pyplot as plt

def draw(c):
    time.sleep(0.03)
    frame = slider.perturbation.at([c]).decoded[0].reshape(28, 28)
    plt.figure(figsize=(2, 2))
    plt.imshow(frame)
    plt.show()
    print("value", round(c, 3))

ipywidgets.interactive(draw, c=ipywidgets.FloatSlider(min=-3, max=3, step=0.01))
"""

# Notes when the slider's value changes and when the screen shows it.
WATCH = """
ours => {
  const root = document.querySelector('[data-nbi="slider"]');
  const value = () => ours ? root.nbi.amounts[0]
    : Number(document.querySelector('.widget-readout').textContent.replace('−', '-'));
  const shown = () => {
    if (ours) return root.nbi.frame.amounts[0];
    const text = [...document.querySelectorAll('.jp-OutputArea pre')]
      .map(e => e.textContent).join('').match(/value (-?[\\d.]+)/);
    return text ? Number(text[1]) : null;
  };
  const drag = {sent: [], lags: [], frames: 0, value, shown, stopped: false};
  let old = value(), seen = shown(), last = -1;
  const tick = () => {
    const now = performance.now();
    if (value() !== old) drag.sent.push([now, old = value()]);
    if (shown() !== null && shown() !== seen) {
      seen = shown();
      drag.frames++;
      const i = drag.sent.findLastIndex(each => Math.abs(each[1] - seen) < 0.006);
      if (i > last) drag.lags.push(now - drag.sent[last = i][0]);
    }
    if (!drag.stopped) setTimeout(tick, 2);
  };
  tick();
  window.drag = drag;
}
"""

SETTLE = """
async () => {
  const {drag} = window, released = performance.now(), during = drag.frames;
  while (Math.abs((drag.shown() ?? 1e9) - drag.value()) > 0.006
         && performance.now() - released < 8000) await new Promise(next => setTimeout(next, 2));
  const settled = performance.now() - released;
  await new Promise(next => setTimeout(next, 500));
  drag.stopped = true;
  return {lags: drag.lags, frames: during, settled,
          newest: Math.abs(drag.shown() - drag.value()) < 0.006};
}
"""
SECONDS = 3.0


def drag(page: Page, ours: bool) -> dict[str, Any]:
    """Drag the thumb one way with the mouse, 60 times a second, and let go."""
    name = '[data-nbi="slider-0"]' if ours else ".noUi-base"
    track = page.locator(name).first
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.05 * box["width"], y)
    page.mouse.down()
    page.wait_for_timeout(1000)
    page.evaluate(WATCH, ours)
    begin = time.perf_counter()
    while (passed := (time.perf_counter() - begin) / SECONDS) < 1:
        page.mouse.move(box["x"] + (0.05 + 0.9 * passed) * box["width"], y)
        time.sleep(max(0.0, 1 / 60 - (time.perf_counter() - begin) % (1 / 60)))
    page.mouse.up()
    found: dict[str, Any] = page.evaluate(SETTLE)
    return found


def drags(page: Page, ours: bool) -> None:
    """Drag three times and print the figures of all."""
    found = []
    for _ in range(3):
        found.append(drag(page, ours))
        page.wait_for_timeout(1500)
    lags = np.concatenate([each["lags"] for each in found])
    p50, p95 = np.percentile(lags, [50, 95]) if len(lags) else (np.nan, np.nan)
    fps = np.mean([each["frames"] for each in found]) / SECONDS
    settled = max(each["settled"] for each in found)
    newest = all(each["newest"] for each in found)
    name = "nbinterp" if ours else "ipywidgets.interactive + matplotlib"
    print(
        f"{name:<36} lag p50 {p50:6.0f} ms, p95 {p95:6.0f} ms; {fps:4.1f} frames a second; settled "
        f"after {settled:5.0f} ms at most; newest frame last: {newest}",
        flush=True,
    )


def main() -> None:
    """Open both in one notebook."""
    cells = [nbformat.v4.new_code_cell(code.strip()) for code in (OURS, THEIRS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nbformat.write(notebook, folder / "drag.ipynb")
        (folder / "lab").mkdir()
        with (
            sync_playwright() as playwright,
            start(folder / "drag.ipynb", folder / "lab") as lab,
            playwright.chromium.launch(
                executable_path=chromium.find(), args=list(chromium.FLAGS)
            ) as browser,
        ):
            page = NotebookPage(browser, lab, "drag.ipynb")
            page.run_all()
            page.view("slider")
            drags(page.page, ours=True)
            page.page.locator(".noUi-handle").first.scroll_into_view_if_needed()
            drags(page.page, ours=False)


if __name__ == "__main__":
    main()
