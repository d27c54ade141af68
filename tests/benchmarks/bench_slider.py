"""Dragging at 60 events a second in a real JupyterLab, against ipywidgets with matplotlib.

Both decode an image of 28 × 28 in 30 ms. A script in the page moves the slider for three seconds,
then lets go. Lag is the time from an event to the frame of that event, or of a later one, on the
screen. Run with ``python tests/benchmarks/bench_slider.py``.
"""

import sys
import tempfile
from pathlib import Path

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

# Moves what `move` moves at 60 Hz; `shown` tells the value on the screen. Lags are of values seen.
DRAG = """
async ([ours, seconds]) => {
  const now = () => performance.now();
  const sent = [], lags = [];
  let frames = 0, last = null, seen = null;
  const root = document.querySelector('[data-nbi="slider"]');
  const input = root.querySelector('[data-nbi="slider-0"]');
  const theirs = document.querySelector('.widget-interact .noUi-base, .noUi-base');
  const handle = document.querySelector('.noUi-handle');
  const box = theirs?.getBoundingClientRect();
  const mouse = (kind, at) => (kind === 'pointerdown' ? handle : document.documentElement)
    .dispatchEvent(new PointerEvent(kind, {bubbles: true, cancelable: true, pointerId: 1,
      buttons: 1, pointerType: 'mouse', isPrimary: true, clientX: at, clientY: box.top + 2}));
  const shown = () => {
    if (ours) return root.nbi.frame.amounts[0];
    const text = [...document.querySelectorAll('.jupyter-widgets-output-area pre')]
      .map(e => e.textContent).join('').match(/value (-?[\\d.]+)/);
    return text ? Number(text[1]) : null;
  };
  const readout = () => Number(document.querySelector('.widget-readout')?.textContent);
  const look = () => {
    const value = shown();
    if (value !== null && value !== seen) {
      seen = value; frames++;
      for (let i = sent.length - 1; i >= 0; i--) if (Math.abs(sent[i][1] - value) < 0.006) {
        if (last === null || i > last) { lags.push(now() - sent[i][0]); last = i; }
        break;
      }
    }
    if (!stopped) requestAnimationFrame(look);
  };
  let stopped = false;
  requestAnimationFrame(look);
  if (!ours) mouse('pointerdown', box.left + box.width / 2);
  const begin = now();
  for (let k = 0; now() - begin < 1000 * seconds; k++) {
    // One way only, so that no value comes twice.
    const share = 0.05 + 0.9 * (now() - begin) / (1000 * seconds);
    if (ours) {
      input.value = String(Number(input.min) + share * (input.max - input.min));
      input.dispatchEvent(new Event('input', {bubbles: true}));
      sent.push([now(), root.nbi.amounts[0]]);
    } else {
      mouse('pointermove', box.left + share * box.width);
      sent.push([now(), readout()]);
    }
    await new Promise(next => setTimeout(next, Math.max(0, begin + (k + 1) * 1000 / 60 - now())));
  }
  if (ours) input.dispatchEvent(new Event('change', {bubbles: true}));
  else mouse('pointerup', box.left + 0.95 * box.width);
  const released = now(), target = sent[sent.length - 1][1], during = frames;
  while (Math.abs((shown() ?? 1e9) - target) > 0.006 && now() - released < 20000)
    await new Promise(next => setTimeout(next, 5));
  const settled = now() - released;
  await new Promise(next => setTimeout(next, 500));
  stopped = true;
  return {lags, fps: during / seconds, settled, newest: Math.abs(shown() - target) < 0.006,
          events: sent.length, error: ours ? root.nbi.error : null};
}
"""


def drags(page: Page, ours: bool) -> None:
    """Drag three times and print the figures of all."""
    found = []
    for _ in range(3):
        found.append(page.evaluate(DRAG, [ours, 3]))
        page.wait_for_timeout(1500)
    lags = np.concatenate([each["lags"] for each in found])
    p50, p95 = np.percentile(lags, [50, 95]) if len(lags) else (np.nan, np.nan)
    fps = np.mean([each["fps"] for each in found])
    settled = max(each["settled"] for each in found)
    newest = all(each["newest"] for each in found)
    errors = [each["error"] for each in found if each["error"]]
    name = "nbinterp" if ours else "ipywidgets.interactive + matplotlib"
    print(
        f"{name:<36} lag p50 {p50:6.0f} ms, p95 {p95:6.0f} ms; {fps:4.1f} frames a second; settled "
        f"after {settled:5.0f} ms at most; newest frame last: {newest}; errors: {errors or 'none'}",
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
