"""Results of images, clusters, states and dropout, drawn by JupyterLab in both themes."""

from collections.abc import Callable

from browser.conftest import Opened
from browser.page import NotebookPage
from playwright.sync_api import Browser, expect

SETUP = """
import numpy as np, pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits
from nbinterp import BioCorEx, FactorImages, LinearCorEx, LocalCorEx, cluster_profile
from nbinterp.network import DropoutStudy

X, y = load_digits(n_class=4, return_X_y=True)
corex = LinearCorEx(8, random_state=0)
local = LocalCorEx(corex, n_splits=1, random_state=0).fit(X, clusters=y)
cancer = load_breast_cancer(as_frame=True)
sizes = pd.cut(cancer.data["mean radius"], 6, labels=False)
rng = np.random.default_rng(0)
rows = [
    (len(hidden.split("-")), hidden, f"h{layer + 1}", rate, pair,
     30 + 40 * layer + 40 * layer * (rate > 0) + rng.normal(), 5 + rate, 20.0, 0.9)
    for hidden in ("200-200", "200-200-200") for layer in range(len(hidden.split("-")))
    for pair in range(6) for rate in (0.0, 0.5)
]
names = ["depth", "hidden", "layer", "dropout", "pair"]
names += ["total_correlation", "null_total_correlation", "first_five", "accuracy"]
"""
CALLS = {
    "factor-images": "FactorImages(local.clusters_[2], (8, 8))",
    "clusters": "cluster_profile(X, local, y=y, image_shape=(8, 8))",
    "one-cluster": "cluster_profile(X, local, y=y, image_shape=(8, 8)).view(cluster=2, n=12)",
    "columns": "cluster_profile(cancer.data, sizes, y=cancer.target_names[cancer.target])",
    "bio": "BioCorEx(4, n_states=3, random_state=0).fit(cancer.data)",
    "dropout": "DropoutStudy(pd.DataFrame(rows, columns=names), {})",
}
SIZES = ((1280, 720), (1400, 900))


def test_jupyterlab_draws_each_of_them(open_cells: Callable[..., Opened], browser: Browser) -> None:
    # In one cell, as JupyterLab takes those that are far from the screen out of the page.
    shown = "\n".join(f"display({call})" for call in CALLS.values())
    page, _, lab = open_cells("results", [SETUP.strip(), shown])
    _look(page, "light")
    lab.set_theme("JupyterLab Dark")
    dark = NotebookPage(browser, lab, "results.ipynb")
    try:
        dark.run_all()
        _look(dark, "dark")
    finally:
        lab.set_theme("JupyterLab Light")
        dark.page.close()


def _look(page: NotebookPage, shade: str) -> None:
    """Find each chart whole on screens of two sizes, and keep pictures of them."""
    rooms = page.page.locator(".jp-OutputArea-output:has(.vega-embed)")
    charts = page.page.locator(".jp-OutputArea-output .vega-embed").locator("canvas, .marks")
    expect(charts).to_have_count(len(CALLS), timeout=60_000)
    for width, height in SIZES:
        page.page.set_viewport_size({"width": width, "height": height})
        for number, name in enumerate(CALLS):
            charts.nth(number).scroll_into_view_if_needed()
            box, room = charts.nth(number).bounding_box(), rooms.nth(number).bounding_box()
            assert box is not None and room is not None
            # With the list of files open, as when JupyterLab starts, a chart is not cut.
            assert box["width"] > 300 and box["x"] + box["width"] <= room["x"] + room["width"], name
            assert 100 < box["height"] < height, name
            page.picture(f"{name}-{shade}-{width}")
    assert page.errors == [] and page.off_machine() == []
