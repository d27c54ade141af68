"""A slider under bad conditions: a flood of events, and a kernel that dies during a drag."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from queue import Empty

import numpy as np
import pytest
from browser.conftest import Opened
from browser.lab import Lab, wait_for
from playwright.sync_api import Locator

CELL = """
import os, time
import numpy as np
import torch
from nbinterp import LinearCorEx, LocalCorEx, perturb, record

torch.manual_seed(0)
data = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32)
model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))
table = record(model, data, "1").concat("1")
local = LocalCorEx(LinearCorEx(3, random_state=0)).fit(table, clusters=np.repeat([0, 1], 45))
drawn = []

def decode(hidden):
    drawn.append(len(hidden))
    time.sleep(0.01)
    return 1 / (1 + np.exp(-hidden @ np.eye(6, 16))).reshape(-1, 4, 4)

slider = perturb(model, data, local.clusters_[1], layer="1", factor=[0, 2], decode=decode).view()
slider
"""
FLOOD = """
async slider => {
  const begin = performance.now();
  for (let i = 1; i <= 1000; i++) {
    slider.value = String(3 * Math.sin(i / 40));
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    if (i % 10 === 0) {
      await new Promise(next => setTimeout(next, Math.max(0, begin + i - performance.now())));
    }
  }
  slider.value = "1.25";
  slider.dispatchEvent(new Event("input", {bubbles: true}));
  slider.dispatchEvent(new Event("change", {bubbles: true}));
}
"""

DRAG_ON = """
slider => {
  window.moves = 0;
  window.dragging = setInterval(() => {
    slider.value = String(2 * Math.sin(window.moves++ / 20));
    slider.dispatchEvent(new Event("input", {bubbles: true}));
  }, 16);
}
"""


@pytest.fixture(scope="module")
def opened(open_cells: Callable[..., Opened]) -> Opened:
    return open_cells("reliability", [CELL])


def _thumb(opened: Opened) -> Locator:
    return opened[0].view("slider").locator('[data-nbi="slider-0"]')


def _begin_drag(opened: Opened) -> tuple[float, float, float]:
    """Press on the thumb in the middle and move it a little; return where the track is."""
    page = opened[0].page
    box = _thumb(opened).bounding_box()
    assert box is not None
    x, y, width = box["x"], box["y"] + box["height"] / 2, box["width"]
    page.mouse.move(x + width / 2, y)
    page.mouse.down()
    for share in np.linspace(0.5, 0.6, 8):
        page.mouse.move(x + share * width, y)
        page.wait_for_timeout(16)
    return x, y, width


def _end_drag(opened: Opened, track: tuple[float, float, float]) -> None:
    page = opened[0].page
    x, y, width = track
    for share in np.linspace(0.6, 0.85, 30):
        page.mouse.move(x + share * width, y)
        page.wait_for_timeout(30)
    page.mouse.up()


def _works(opened: Opened, share: float) -> None:
    """Drag to `share` of the track, and see that Python has it."""
    _, _, lab = opened
    with lab.kernel("reliability.ipynb") as kernel:
        x, y, width = _begin_drag(opened)
        opened[0].page.mouse.move(x + share * width, y, steps=10)
        opened[0].page.mouse.up()
        wanted = 6 * share - 3
        wait_for(lambda: abs(kernel.value("float(slider.amounts[0])") - wanted) < 0.3, "drag", 30)
        assert kernel.value("np.allclose(slider.perturbation.amounts[0], slider.amounts)")


def _answers(lab: Lab, before: int) -> bool:
    """Whether a kernel in another process than `before` answers."""
    try:
        with lab.kernel("reliability.ipynb") as kernel:
            return int(kernel.value("__import__('os').getpid()", timeout=5)) != before
    except (RuntimeError, Empty):  # it has just ended, or only starts
        return False


def _runs_again(opened: Opened, before: int) -> None:
    """Run the cells anew in a kernel after `before`, as the person at the page would."""
    page, _, lab = opened
    wait_for(lambda: _answers(lab, before), "another kernel")
    status = page.page.locator(".jp-Notebook-ExecutionIndicator").first

    def ran() -> bool:
        page.page.wait_for_timeout(1000)  # what is sent to a kernel that only starts is lost
        if (dialog := page.page.locator(".jp-Dialog button.jp-mod-accept")).count():
            dialog.first.click()
        if status.get_attribute("data-status") != "idle":
            return False
        page.run_all()
        with lab.kernel("reliability.ipynb") as kernel, suppress(AssertionError):
            wait_for(lambda: kernel.value("'slider' in globals()"), "cells that ran", 6)
            return True
        return False

    wait_for(ran, "new slider", 90)
    # The output of the cell is replaced: sliders of the new one stand at 0.
    shown = "root => root.nbi.source === 'live' && root.nbi.amounts.every(a => a === 0)"
    wait_for(lambda: page.view("slider").evaluate(shown), "new view", 30)


def test_a_thousand_events_in_a_second(opened: Opened) -> None:
    page, kernel, _ = opened
    kernel.run("drawn.clear()")
    _thumb(opened).evaluate(FLOOD)
    wait_for(lambda: kernel.value("float(slider.amounts[0])") == 1.25, "the last event", 30)
    wait_for(
        lambda: page.view("slider").evaluate("root => root.nbi.frame.amounts[0]") == 1.25,
        "the last frame",
        30,
    )
    assert kernel.value("len(drawn)") < 500  # most were passed over, none was queued
    assert page.errors == []


def test_a_kernel_restarted_in_mid_drag(opened: Opened) -> None:
    page, _, lab = opened
    with lab.kernel("reliability.ipynb") as kernel:
        process = kernel.value("os.getpid()")
    _thumb(opened).evaluate(DRAG_ON)
    page.menu("Kernel", "Restart Kernel…")
    page.page.locator(".jp-Dialog button.jp-mod-accept").first.click()
    page.page.wait_for_timeout(2500)
    assert page.page.evaluate("clearInterval(window.dragging), window.moves") > 50
    _runs_again(opened, process)
    with lab.kernel("reliability.ipynb") as kernel:
        assert kernel.value("os.getpid()") != process
    _works(opened, 0.25)
    assert page.errors == []


def test_a_kernel_killed_in_mid_drag(opened: Opened) -> None:
    page, _, lab = opened
    with lab.kernel("reliability.ipynb") as kernel:
        process = kernel.value("os.getpid()")
    track = _begin_drag(opened)
    os.kill(process, signal.SIGKILL)
    _end_drag(opened, track)
    page.picture("reliability-killed", page.view("slider"))
    _runs_again(opened, process)
    with lab.kernel("reliability.ipynb") as kernel:
        assert kernel.value("os.getpid()") != process
    _works(opened, 0.75)
    assert page.errors == []
