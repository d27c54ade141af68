"""An exported page works without a kernel and without a network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser.page import circle, inside, lasso
from playwright.sync_api import Browser, Page, expect

from nbinterp import ClusterExplorer, LinearCorEx, LocalCorEx
from nbinterp.views.export import to_html

HOSTILE = "<img src=x onerror=document.title='hit'>"
ARTIFACTS = Path(__file__).parents[3] / "artifacts" / "browser"
CENTRES = np.array([[-4.0, -4.0], [4.0, -4.0], [-4.0, 4.0], [4.0, 4.0]])


def _explorer() -> tuple[ClusterExplorer, np.ndarray[Any, Any]]:
    """Return a map of four islands with the factors of one, and the island of each sample."""
    rng = np.random.default_rng(0)
    island = np.repeat(np.arange(4), 150)
    nodes = rng.normal(size=(600, 8))
    nodes[:, 3:6] += 2 * rng.normal(size=(600, 1))
    names = [*(f"h1[{i}]" for i in range(7)), HOSTILE]
    corex = LinearCorEx(n_factors=2, random_state=0)
    local = LocalCorEx(corex, random_state=0).fit(
        pd.DataFrame(nodes, columns=names), clusters=island
    )
    images = np.zeros((600, 6, 6), np.uint8) + (60 + 60 * island[:, None, None]).astype(np.uint8)
    positions = CENTRES[island] + rng.normal(size=(600, 2)) * 0.6
    explorer = ClusterExplorer(positions, columns={HOSTILE: island}, images=images)
    explorer.heatmap.show(local.clusters_[0])
    return explorer, island


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ClusterExplorer, Any]:
    explorer, island = _explorer()
    folder = tmp_path_factory.mktemp("export")
    to_html(explorer.heatmap, folder / "heatmap.html")
    return to_html(explorer, folder / "explorer.html"), explorer, island


@pytest.fixture(params=["light", "dark"])
def offline(browser: Browser, request: pytest.FixtureRequest) -> Iterator[tuple[Page, list[str]]]:
    """Return a page with no network at all, and what it asks for or complains of."""
    context = browser.new_context(
        color_scheme=request.param, viewport={"width": 1300, "height": 900}
    )
    context.set_offline(True)
    page, trouble = context.new_page(), []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith("file:") or trouble.append(asked.url))
    yield page, trouble
    assert page.title() != "hit"
    context.close()


def test_map_is_alive(
    offline: tuple[Page, list[str]], made: tuple[Path, ClusterExplorer, Any]
) -> None:
    (page, trouble), (path, explorer, island) = offline, made
    page.goto(path.as_uri())
    root = page.locator('[data-nbi="explorer"]')
    expect(root).to_be_visible()
    page.wait_for_timeout(500)
    box = page.locator('[data-nbi="stage"]').bounding_box()
    assert box is not None
    screen = np.array(
        root.evaluate(
            "(root, rows) => rows.map((row) => root.nbi.project(...row)).map(({x, y}) => [x, y])",
            explorer.to_frame(range(600))[["x", "y"]].to_numpy(float).tolist(),
        )
    )
    x, y = np.median(screen[island == 2], axis=0)
    ring = circle(float(x), float(y), 60.0)
    lasso(page, ring)
    expected = int(inside(screen, ring).sum())
    status = root.locator('[data-nbi="status"]')
    expect(status).to_contain_text("selected")
    shown = int((status.text_content() or "").split(" ")[0])
    assert expected > 50
    assert abs(shown - expected) <= 0.02 * expected
    near = screen[island == 3][0]
    page.mouse.move(float(near[0]), float(near[1]))
    picture = root.locator(".nbi-explorer-picture")
    expect(picture).to_be_visible()
    page.wait_for_timeout(500)
    pixel = picture.evaluate("c => [...c.getContext('2d').getImageData(2, 2, 1, 1).data]")
    assert abs(pixel[0] - 240) <= 9  # the grey of island 3, from the sprite
    page.screenshot(path=ARTIFACTS / f"export-{root.get_attribute('data-nbi-dark')}.png")
    assert trouble == []


@pytest.mark.parametrize("missing", ["unsafe-eval", "webgl"])
def test_without_webgl_the_map_is_drawn_and_says_so(
    browser: Browser, made: tuple[Path, ClusterExplorer, Any], missing: str
) -> None:
    path, _, island = made
    text = path.read_text(encoding="utf-8")
    strict = path.with_name(f"{missing}.html")
    strict.write_text(text.replace(" 'unsafe-eval'", "") if missing == "unsafe-eval" else text)
    page = browser.new_page(viewport={"width": 1100, "height": 700})
    if missing == "webgl":
        page.add_init_script(
            "const get = HTMLCanvasElement.prototype.getContext;"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
            " return /webgl/.test(kind) ? null : get.call(this, kind, ...rest); };"
        )
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(strict.as_uri())
    root = page.locator('[data-nbi="explorer"][data-nbi-ready="true"]')
    expect(root.locator('[data-nbi="note"]')).to_contain_text("Drawn without WebGL")
    x, y = root.evaluate(
        "(root, [x, y]) => { const at = root.nbi.project(x, y); return [at.x, at.y]; }",
        CENTRES[1].tolist(),
    )
    ring = circle(x, y, 60.0, 16)
    page.mouse.move(*ring[0])
    page.mouse.down()
    for point in ring[1:]:
        page.mouse.move(*point)
    page.mouse.up()
    expect(root.locator('[data-nbi="status"]')).to_contain_text("selected of 600")
    chosen = int(root.get_attribute("data-nbi-selected") or 0)
    assert 120 < chosen <= int((island == 1).sum())
    page.screenshot(path=ARTIFACTS / f"export-no-{missing}.png")
    assert trouble == []
    page.close()


def test_heatmap_is_alive(
    offline: tuple[Page, list[str]], made: tuple[Path, ClusterExplorer, Any]
) -> None:
    (page, trouble), (path, explorer, _) = offline, made
    page.goto(path.with_name("heatmap.html").as_uri())
    root = page.locator('[data-nbi="heatmap"]')
    expect(root).to_have_attribute("data-nbi-columns", "8")
    drawn = root.evaluate("root => root.nbi")
    frame = explorer.heatmap.source.to_frame().set_index(["factor", "node"])
    direct = [
        [frame.loc[(factor, node), "mutual_information"] for node in drawn["columns"]]
        for factor in drawn["ids"]
    ]
    np.testing.assert_allclose(drawn["values"], direct, rtol=1e-6)
    assert drawn["columns"][-1] == HOSTILE  # the output, in a block of its own
    root.get_by_role("button", name="Correlation").click()
    root.locator(".nbi-heatmap-row").nth(1).click()
    root.locator('[data-nbi="field"]').focus()
    for key in ("ArrowRight", "ArrowDown", "End"):
        page.keyboard.press(key)
    expect(root.locator("[aria-live]")).to_contain_text(f"and {HOSTILE} (output)")
    drawn = root.evaluate("root => root.nbi")
    assert (drawn["quantity"], drawn["factor"]) == ("correlation", drawn["ids"][1])
    assert drawn["cursor"] == {"row": 1, "column": 7}
    root.locator('[data-nbi="top"]').fill("2")
    root.locator('[data-nbi="top"]').press("Enter")
    expect(root).to_have_attribute("data-nbi-columns", "3")
    assert trouble == []
