"""Dragging at 60 events per second in a real JupyterLab, against ipywidgets with matplotlib.

Both decode an image of 28 × 28 in 30 ms. Several images in one call also take 30 ms, as on a GPU,
or 30 ms each with ``--each``. The server runs `nbinterp.server`, as in ``make lab``, or does not,
with ``--stock``. The mouse drags the slider for three seconds and then releases it. Lag is the time
from each new value of the slider until the frame of this value, or of a newer one, is drawn. Ours
is measured twice: for exact frames, and for approximate frames from the last exact frame and
precomputed ones. ipywidgets runs with its defaults: ``continuous_update``, matplotlib's inline
figures, and an output that is cleared when the next one arrives. A mouse move waits until the page
has handled the one before, so a busy page gets fewer moves, and the lags of the missing ones do not
count. Run with ``python tests/benchmarks/views/bench_slider.py``.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[2]))
from browser.page import opened

OURS = """
EACH = {each}
import time
import numpy as np
import torch
from nbinterp import LocalCorEx, perturb, record
from nbinterp.corex import LinearCorEx
from nbinterp.datasets import load_mnist, load_mnist_classifier, load_mnist_decoder

mnist, model, decoder = load_mnist(), load_mnist_classifier(), load_mnist_decoder("h1")
pixels = mnist.data[:1000] / 255
nodes = record(model, pixels, "h1").concat("h1", output=True)
local = LocalCorEx(LinearCorEx(3, random_state=0)).fit(nodes, clusters=mnist.target[:1000] % 2)

def decode(hidden):
    time.sleep(0.03 * (len(hidden) if EACH else 1))
    return decoder.decode(hidden)

slider = perturb(model, pixels, local.clusters_[0], layer="h1", factor=[0], decode=decode,
                 image_shape=(28, 28)).view()
slider
"""

THEIRS = """
import ipywidgets
import matplotlib.pyplot as plt

def draw(c):
    frame = slider.perturbation.at([c]).decoded[0].reshape(28, 28)  # by the same decode, 30 ms
    plt.figure(figsize=(2, 2))
    plt.imshow(frame)
    plt.show()
    print("value", round(c, 3))

ipywidgets.interactive(draw, c=ipywidgets.FloatSlider(min=-3, max=3, step=0.01))
"""

# Notes when the mouse changes the slider, and in each animation frame what is on the screen.
# Ours tells of drawn frames only; of theirs, the text that comes with the image.
WATCH = """
ours => {
  const root = document.querySelector('[data-nbi="slider"]');
  const value = () => ours ? root.nbi.amounts[0]
    : Number(document.querySelector('.widget-readout').textContent.replace('−', '-'));
  const theirs = () => {
    const text = [...document.querySelectorAll('.jp-OutputArea pre')]
      .map(e => e.textContent).join('').match(/value (-?[\\d.]+)/);
    return text ? Number(text[1]) : null;
  };
  const shown = ours
    ? {exact: () => root.nbi.frame.exact?.[0] ?? null, first: () => root.nbi.frame.amounts[0]}
    : {exact: theirs};
  const drag = {sent: [], seen: {}, value, shown, stopped: false};
  for (const [kind, at] of Object.entries(shown)) {
    drag.seen[kind] = {old: at(), next: 0, lags: [], frames: 0};
  }
  // When the mouse moved last, by the browser's clock, and what the slider made of it.
  let moved = 0, old = value();
  window.addEventListener('pointermove', event => { moved = event.timeStamp; }, true);
  const sent = () => {
    if (value() !== old) drag.sent.push([moved, old = value()]);
  };
  if (ours) root.addEventListener('input', sent);
  else new MutationObserver(sent).observe(document.querySelector('.widget-readout'),
    {characterData: true, childList: true, subtree: true});
  const tick = () => {
    const now = performance.now();
    for (const [kind, at] of Object.entries(shown)) {
      const seen = drag.seen[kind], here = at();
      if (here === null || here === seen.old) continue;
      seen.old = here;
      seen.frames++;
      const i = drag.sent.findLastIndex(each => Math.abs(each[1] - here) < 0.006);
      for (; seen.next <= i; seen.next++) seen.lags.push(now - drag.sent[seen.next][0]);
    }
    if (!drag.stopped) requestAnimationFrame(tick);
  };
  tick();
  window.drag = drag;
}
"""

SETTLE = """
async () => {
  const {drag} = window, released = performance.now(), {exact} = drag.shown;
  const frames = Object.entries(drag.seen).map(([kind, {frames}]) => [kind, frames]);
  while (Math.abs((exact() ?? 1e9) - drag.value()) > 0.006
         && performance.now() - released < 8000) await new Promise(next => setTimeout(next, 2));
  const settled = performance.now() - released;
  await new Promise(next => setTimeout(next, 500));
  drag.stopped = true;
  const lags = Object.entries(drag.seen).map(([kind, {lags}]) => [kind, lags]);
  return {lags: Object.fromEntries(lags), frames: Object.fromEntries(frames), settled,
          events: drag.sent.length, newest: Math.abs(exact() - drag.value()) < 0.006};
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


def drags(page: Page, ours: bool) -> dict[str, float]:
    """Drag three times, print the figures of all, and return the 95th percentiles of the lags."""
    found = []
    for _ in range(3):
        found.append(drag(page, ours))
        page.wait_for_timeout(1500)
    worst = {}
    for kind in found[0]["lags"]:
        lags = np.concatenate([each["lags"][kind] for each in found])
        p50, worst[kind] = np.percentile(lags, [50, 95]) if len(lags) else (np.nan, np.nan)
        fps = np.mean([each["frames"][kind] for each in found]) / SECONDS
        name = f"nbinterp, {kind} frame" if ours else "ipywidgets.interactive + matplotlib"
        print(
            f"{name:<36} lag p50 {p50:6.0f} ms, p95 {worst[kind]:6.0f} ms of {len(lags)} events; "
            f"{fps:4.1f} frames a second"
        )
    settled = max(each["settled"] for each in found)
    newest = all(each["newest"] for each in found)
    print(f"{'':<36} settled after {settled:5.0f} ms at most; newest frame last: {newest}")
    return worst


def main() -> None:
    """Open both in one notebook."""
    ours_code = OURS.replace("{each}", str("--each" in sys.argv))
    stock = [sys.executable, "-m", "jupyter", "lab", "--allow-root"]
    cells = [code.strip() for code in (ours_code, THEIRS)]
    with opened(cells, stock if "--stock" in sys.argv else ()) as (page, _):
        page.run_all()
        page.view("slider")
        ours = drags(page.page, ours=True)
        page.page.locator(".noUi-handle").first.scroll_into_view_if_needed()
        theirs = drags(page.page, ours=False)
        for kind, lag in ours.items():
            print(f"ratio of the 95th percentiles, {kind} frame: {theirs['exact'] / lag:.1f}")


if __name__ == "__main__":
    main()
