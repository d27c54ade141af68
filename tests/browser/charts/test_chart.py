"""The chart of an ablation study, drawn by JupyterLab itself."""

from collections.abc import Callable

from browser.conftest import Opened
from playwright.sync_api import expect

CELL = """
import numpy as np
from nbinterp import AblationStudy

rng = np.random.default_rng(0)
costs = lambda *first: -rng.random((*first, 3, 2, 2))
AblationStudy(
    layer="h1", mode="zero", sizes=(5, 10, 20), cases=(("cluster 0", 3),), groups=("all", "4"),
    group_sizes=np.array([9, 5]), output_names=("logit 0",), baseline=rng.random((2, 2)),
    change=costs(1), random=costs(40), by_activation=costs(1), by_weight=costs(1),
)
"""


def test_jupyterlab_draws_the_chart(open_cells: Callable[..., Opened]) -> None:
    page, _, _ = open_cells("chart", [CELL.strip()])
    drawn = page.page.locator(".jp-OutputArea-output .vega-embed canvas, .vega-embed svg").first
    expect(drawn).to_be_visible(timeout=60_000)
    box = drawn.bounding_box()
    assert box is not None and box["width"] > 300 and box["height"] > 100
    page.picture("ablation-chart")
    assert page.errors == [] and page.off_machine() == []
