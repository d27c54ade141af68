"""The factor slider in a real JupyterLab: gestures, checked by their result in Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser.conftest import Opened
from browser.lab import wait_for
from playwright.sync_api import Browser, Locator, expect

HOSTILE = "<img src=x onerror=window.hit=1>"

CELLS = [
    f"""
import time
import numpy as np
from nbinterp import LocalCorEx, perturb, record
from nbinterp.corex import LinearCorEx
from nbinterp.datasets import load_mnist, load_mnist_classifier, load_mnist_decoder

mnist, model, decoder = load_mnist(), load_mnist_classifier(), load_mnist_decoder("h1")
pixels = mnist.data[:2000] / 255
nodes = record(model, pixels, "h1").concat("h1", output=True)
local = LocalCorEx(LinearCorEx(4, random_state=0)).fit(nodes, clusters=mnist.target[:2000] % 5)
broken = False

def decode(hidden):
    if broken:
        raise RuntimeError({HOSTILE!r})
    return decoder.decode(hidden)

edit = perturb(model, pixels, local.clusters_[4], layer="h1", factor=[0, 1, 2], decode=decode,
               image_shape=(28, 28),
               output_names=[{HOSTILE!r}, *(f"digit {{d}}" for d in range(1, 10))])
slider = edit.view()
slider
""",
]


@pytest.fixture(scope="module")
def opened(open_cells: Callable[..., Opened]) -> Opened:
    return open_cells("slider", CELLS)


def _seen(view: Locator) -> dict[str, Any]:
    """Return what the page shows."""
    answer: dict[str, Any] = view.evaluate(
        "root => ({amounts: [...root.nbi.amounts], source: root.nbi.source, "
        "frame: {from: root.nbi.frame.from, decoded: [...root.nbi.frame.decoded], "
        "outputs: [...root.nbi.frame.outputs]}, stats: root.nbi.stats, error: root.nbi.error})"
    )
    return answer


def _agree(
    opened: Opened, reached: Callable[[list[float]], bool] = lambda amounts: True
) -> dict[str, Any]:
    """Wait until the page has `reached` and Python agrees; compare what they show."""
    page, kernel, _ = opened
    view = page.view("slider")

    def same() -> bool:
        return np.allclose(_seen(view)["amounts"], kernel.value("slider.amounts.tolist()"))

    wait_for(lambda: reached(_seen(view)["amounts"]), "amounts on the page", 20)
    wait_for(same, "agreement of page and Python", 20)
    wait_for(lambda: _seen(view)["frame"]["from"] == "answer", "exact frame", 20)
    seen = _seen(view)
    np.testing.assert_allclose(
        seen["frame"]["decoded"],
        kernel.value("slider.perturbation.decoded.ravel().tolist()"),
        atol=1e-5,
    )
    np.testing.assert_allclose(
        seen["frame"]["outputs"],
        kernel.value("slider.perturbation.outputs.ravel().tolist()"),
        atol=1e-4,
    )
    return seen


def _drag(opened: Opened, factor: int, share: float) -> None:
    """Drag a slider's thumb with the mouse to a share of its way."""
    page, _, _ = opened
    slider = page.view("slider").locator(f'[data-nbi="slider-{factor}"]')
    box = slider.bounding_box()
    assert box is not None
    value = slider.evaluate("s => (s.value - s.min) / (s.max - s.min)")
    y = box["y"] + box["height"] / 2
    mouse = page.page.mouse
    mouse.move(box["x"] + 8 + value * (box["width"] - 16), y)
    mouse.down()
    for step in np.linspace(value, share, 20):
        mouse.move(box["x"] + 8 + step * (box["width"] - 16), y)
        page.page.wait_for_timeout(16)
    mouse.up()


def _type(opened: Opened, name: str, text: str) -> None:
    """Type into a field in place of what is there."""
    page, _, _ = opened
    page.view("slider").locator(f'[data-nbi="{name}"]').click(click_count=3)
    page.page.keyboard.type(text)
    page.page.keyboard.press("Enter")


def test_a_drag_ends_with_the_exact_frame_in_python(opened: Opened) -> None:
    page, _, _ = opened
    page.picture("slider-1-start")
    _drag(opened, 0, 0.9)
    seen = _agree(opened, lambda amounts: amounts[0] > 1.5)
    assert seen["source"] == "live" and not seen["error"]
    page.picture("slider-2-dragged")


def test_typing_keys_undo_and_reset(opened: Opened) -> None:
    page, _, _ = opened
    view = page.view("slider")
    _type(opened, "number-1", "-1.25")
    _agree(opened, lambda amounts: amounts[1] == -1.25)
    view.locator('[data-nbi="slider-2"]').focus()
    page.page.keyboard.press("ArrowRight")
    small = _agree(opened, lambda amounts: amounts[2] > 0)["amounts"][2]
    page.page.keyboard.press("Shift+ArrowRight")
    large = _agree(opened, lambda amounts: amounts[2] > small)["amounts"][2]
    assert 0 < small < 0.2
    assert large == pytest.approx(11 * small, rel=1e-3)
    view.locator('[data-nbi="undo"]').click()
    _agree(opened, lambda amounts: amounts[2] < large)
    view.locator('[data-nbi="redo"]').click()
    _agree(opened, lambda amounts: amounts[2] == large)
    view.locator('[data-nbi="reset-all"]').click()
    _agree(opened, lambda amounts: amounts == [0, 0, 0])


def test_python_moves_the_sliders_and_the_base(opened: Opened) -> None:
    page, kernel, _ = opened
    view = page.view("slider")
    kernel.run("slider.amounts = [2.0, 0.0, -1.0]; slider.base = 4")
    wait_for(lambda: _seen(view)["amounts"] == [2, 0, -1], "sliders moved by Python", 20)
    expect(view).to_contain_text("sample 4")
    _type(opened, "sample", "7")
    wait_for(lambda: kernel.value("slider.base") == 7, "base in Python", 20)
    view.locator('[data-nbi="mean"]').click()
    wait_for(lambda: kernel.value("slider.base") == "mean", "mean in Python", 20)


def test_a_failing_decoder_is_said_and_the_next_drag_works(opened: Opened) -> None:
    page, kernel, _ = opened
    view = page.view("slider")
    kernel.run("broken = True")
    _drag(opened, 0, 0.3)
    expect(view.locator('[data-nbi="error"]')).to_contain_text(HOSTILE)
    page.picture("slider-3-error")
    kernel.run("broken = False")
    _drag(opened, 0, 0.7)
    assert not _agree(opened)["error"]


def test_hostile_names_are_text(opened: Opened) -> None:
    page, _, _ = opened
    expect(page.view("slider")).to_contain_text("digit 9")
    assert page.page.evaluate("window.hit") is None
    assert page.page.locator('img[src="x"]').count() == 0


def test_dark_theme(opened: Opened) -> None:
    page, _, _ = opened
    page.theme("JupyterLab Dark")
    page.view("slider")
    page.picture("slider-4-dark")
    page.theme("JupyterLab Light")


def test_an_exported_page_slides_offline(opened: Opened, browser: Browser, tmp_path: Path) -> None:
    _, kernel, _ = opened
    kernel.run(f"slider.to_html({str(tmp_path / 'slider.html')!r})")
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "slider.html").as_uri())
    view = page.locator('[data-nbi="slider"]')
    slider = view.locator('[data-nbi="slider-1"]')
    expect(slider).to_be_visible()
    slider.focus()
    before = _seen(view)["frame"]["decoded"]
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    wait_for(lambda: _seen(view)["frame"]["from"] == "precomputed", "precomputed frame", 10)
    assert np.abs(np.subtract(_seen(view)["frame"]["decoded"], before)).max() > 0.05
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    page.close()


def test_without_its_kernel_precomputed_frames_are_shown(opened: Opened) -> None:
    page, _, _ = opened
    view = page.view("slider")
    page.menu("Kernel", "Shut Down Kernel")
    page.page.wait_for_timeout(1500)
    _drag(opened, 1, 0.85)
    wait_for(lambda: _seen(view)["source"] == "precomputed", "precomputed frames", 30)
    page.picture("slider-5-precomputed")


def test_page_kept_to_itself(opened: Opened) -> None:
    page, _, _ = opened
    assert page.off_machine() == []
    assert page.errors == []
