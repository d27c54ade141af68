import base64
import io
import json
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbclient.exceptions import CellExecutionError
from PIL import Image
from views.page import Page

from nbinterp.corex import LinearCorEx
from nbinterp.views.base.page import embedded_json, page_data
from nbinterp.views.base.sprite import pack
from nbinterp.views.explorer.explorer import ClusterExplorer
from nbinterp.views.export import notebook_to_html, to_html
from nbinterp.views.heatmap.heatmap import InteractionHeatmap

HOSTILE = "</script><!--<img src=x onerror=alert(1)>&\u2028"
LOADS = re.compile(r"""<link\b|<[^>]*\ssrc=(?!"data:)|@import|url\((?!data:)""")


@pytest.fixture(scope="module")
def corex():
    rng = np.random.default_rng(0)
    return LinearCorEx(n_factors=2, random_state=0).fit(
        rng.normal(size=(60, 5)) + 2 * rng.normal(size=(60, 1))
    )


def held(page):
    text = re.search(r"data-nbi-page>(.*?)</script>", page, re.S).group(1)
    return json.loads(text)


def outside_scripts(page):
    return re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.S)


def untiled(sprite):
    image = Image.open(io.BytesIO(base64.b64decode(sprite["png"])))
    array = np.asarray(image.convert("RGB")).astype(int)
    high, wide, across = sprite["height"], sprite["width"], sprite["across"]
    return [
        array[i // across * high :, i % across * wide :][:high, :wide]
        for i in range(sprite["count"])
    ]


def test_a_page_holds_the_state_of_the_view(corex, tmp_path):
    view = InteractionHeatmap(corex, quantity="correlation", top=3)
    view.factor = 1
    path = view.to_html(tmp_path / "x.html")
    page = path.read_text(encoding="utf-8")
    saved = held(page)["views"][view.model_id]
    assert saved["state"]["quantity"] == "correlation"
    assert (saved["state"]["factor"], saved["state"]["top"]) == (1, 3)
    assert not {"_esm", "_css", "layout"} & set(saved["state"])
    # Of the front end it has what it needs.
    assert "\nheatmap: /* Generated" in page
    assert "explorer: /* Generated" not in page
    drawn = next(b for b in saved["buffers"] if b["path"] == ["_correlation"])
    values = np.frombuffer(base64.b64decode(drawn["data"]), "<f4")
    assert np.array_equal(values, Page(view).array("_correlation"))
    assert page.count(f'data-nbi-view="{view.model_id}"') == 1
    assert f"data:image/png;base64,{base64.b64encode(view.snapshot()).decode()}" in page


def test_a_page_asks_for_nothing(corex, tmp_path):
    page = to_html(corex.view(), tmp_path / "x.html").read_text(encoding="utf-8")
    assert LOADS.findall(outside_scripts(page)) == []
    assert "default-src 'none'" in page


def test_hostile_names_stay_data(tmp_path):
    explorer = ClusterExplorer(np.eye(2), columns={HOSTILE: [HOSTILE, "b"]})
    page = to_html(explorer, tmp_path / "x.html").read_text(encoding="utf-8")
    assert page.count("<script") == page.count("</script") == 2
    assert "<img src=x" not in page
    state = held(page)["views"][explorer.model_id]["state"]
    assert state["_columns"][0]["name"] == HOSTILE
    assert json.loads(embedded_json({"a": HOSTILE})) == {"a": HOSTILE}
    assert set("<>&\u2028") & set(embedded_json({"a": HOSTILE})) == set()


def test_views_within_views_and_one_sprite_for_the_same_pictures():
    images = np.random.default_rng(0).integers(0, 256, (7, 6, 5), np.uint8)
    views = [ClusterExplorer(np.zeros((7, 2)), images=images) for _ in range(2)]
    data = page_data([*views, views[0]])
    inner = {view.heatmap.model_id for view in views}
    assert set(data["views"]) == inner | {view.model_id for view in views}
    assert len(data["sprites"]) == 1
    state = data["views"][views[0].model_id]["state"]
    assert state["heatmap"] == f"anywidget:{views[0].heatmap.model_id}"


@pytest.mark.parametrize("shape", [(1, 4, 9), (7, 28, 28), (10, 3, 5, 3)])
def test_tiles_are_the_pictures(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    if len(shape) == 4:
        images = images // 128 * 255  # few colours, which a palette holds exactly
    tiles = untiled(pack(images))
    assert len(tiles) == shape[0]
    for tile, image in zip(tiles, images, strict=True):
        expected = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
        assert np.abs(tile - expected.astype(int)).max() <= 255 / 15 / 2 + 1


def test_many_large_pictures_become_smaller():
    sprite = pack(np.zeros((2000, 100, 100), np.uint8))
    assert sprite["count"] * sprite["width"] * sprite["height"] <= 12_000_000
    assert sprite["width"] == sprite["height"] == 50


def notebook(folder, *sources):
    cells = [
        nbformat.v4.new_markdown_cell(source[1:])
        if source.startswith("#")
        else nbformat.v4.new_code_cell(source)
        for source in sources
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    path = folder / "in.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


@pytest.mark.kernel
def test_a_notebook_becomes_a_page(tmp_path):
    source = notebook(
        tmp_path,
        "## Digits & <b>more</b>",
        "print('first')",
        "from tqdm.auto import tqdm\nfor _ in tqdm(range(2)): pass",
        "from nbinterp import InteractionHeatmap\nview = InteractionHeatmap()\nview",
        "view.top = 7\nprint('last')",
        "import ipywidgets\nipywidgets.IntSlider()",
    )
    before = source.read_bytes()
    target = tmp_path / "out.html"
    command = [sys.executable, "-W", "error::RuntimeWarning", "-m", "nbinterp.views.export"]
    done = subprocess.run(
        [*command, str(source), str(target)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert source.read_bytes() == before
    page = target.read_text(encoding="utf-8")
    assert "<title>Digits &amp; &lt;b&gt;more&lt;/b&gt;</title>" in page
    body = outside_scripts(page).split("<body>")[1]
    order = [">first", "data-nbi-view", ">last", ">IntSlider(value=0)"]
    places = [body.index(text) for text in order]
    assert places == sorted(places)
    assert "%|" not in body  # the progress bar
    (saved,) = held(page)["views"].values()
    assert saved["state"]["top"] == 7  # what the views were in the end, as in a saved notebook
    assert LOADS.findall(outside_scripts(page)) == []


@pytest.mark.kernel
def test_a_failing_notebook_writes_nothing(tmp_path):
    source = notebook(tmp_path, "1 / 0")
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        notebook_to_html(source, tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()


@pytest.mark.parametrize("view", [None, "heatmap", LinearCorEx()])
def test_what_is_no_view_is_refused(view, tmp_path):
    with pytest.raises(TypeError, match="must be a view"):
        to_html(view, tmp_path / "x.html")
