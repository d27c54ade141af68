"""Views and whole notebooks as one file that opens offline, with the views alive.

python -m nbinterp.views.export notebook.ipynb page.html
"""

import argparse
import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from ipywidgets import Widget

from nbinterp import _checks
from nbinterp.views.base.frontend import PARTS, static
from nbinterp.views.base.sprite import pack
from nbinterp.views.base.view import View

Json = dict[str, Any]

_VIEW_MIME = "application/vnd.jupyter.widget-view+json"
_PAGE_MIME = "application/vnd.nbinterp.page+json"
_NOT_STATE = re.compile(r"_esm|_css|_core|_anywidget_id|_dom_classes|_(model|view)_.*|layout|tab.*")
_PROGRESS_BAR = re.compile(r"\d+%\|")
_NOTE = (
    "Made with nbinterp. The views are alive: lasso, hover, choose and slide. "
    "What computes anew needs the notebook."
)


@_checks.named
def to_html(view: View | Sequence[View], path: str | Path) -> Path:
    """Write a view, or several, as one page that opens without a kernel, a server or a network.

    Parameters
    ----------
    view : View or sequence of View
        With its state of this moment: selection, colours, chosen factor. Hovered pictures are
        written with it; what computes anew, such as a fit, is not there and says so.
    path : str or Path
        Where to write; a file that exists is replaced.

    Returns
    -------
    Path
        The file.

    Examples
    --------
    >>> import tempfile
    >>> from nbinterp.views.heatmap.heatmap import InteractionHeatmap
    >>> heatmap = InteractionHeatmap()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = to_html(heatmap, Path(folder) / "heatmap.html")
    ...     f'data-nbi-view="{heatmap.model_id}"' in page.read_text(encoding="utf-8")
    True
    """
    views: list[Any] = list(view) if isinstance(view, list | tuple) else [view]
    _checks.require(
        len(views) > 0 and all(isinstance(one, View) for one in views),
        f"(view={_checks.show(view)})",
        "must be a view, or several",
        "Pass a view, or result.view() of a fitted object.",
        TypeError,
    )
    places = []
    for one in views:
        png = one.snapshot()
        picture = None if png is None else base64.b64encode(png).decode("ascii")
        places.append(_place(one.model_id, picture, one.describe()))
    title = ", ".join(dict.fromkeys(type(one).__name__ for one in views))
    return _write(Path(path), title, "\n".join(places), page_data(views))


def notebook_to_html(path_in: str | Path, path_out: str | Path) -> Path:
    """Run a notebook from its start in a fresh kernel and write it as one page.

    Cells and outputs keep their order; every view is alive as in `to_html`. Needs nbclient and
    nbconvert.

    Parameters
    ----------
    path_in : str or Path
        The notebook; it is read only.
    path_out : str or Path
        Where to write; a file that exists is replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails; nothing is written then.
    """
    import nbformat

    source = Path(path_in)
    notebook = nbformat.read(source, as_version=4)
    data = _run(notebook, source.parent)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [kept for output in cell.outputs if (kept := _offline(output, data))]
    body, styles = _render(notebook)
    return _write(Path(path_out), _title(notebook, source.stem), body, data, styles)


def page_data(views: Iterable[View]) -> Json:
    """Return what a page needs of `views` and the views within them, as JSON."""
    data: Json = {"views": {}, "sprites": {}}
    waiting = list(views)
    while waiting:
        view = waiting.pop()
        if view.model_id in data["views"]:
            continue
        waiting += [child for child in view.trait_values().values() if isinstance(child, View)]
        saved = Widget.get_manager_state(widgets=[view])["state"][view.model_id]
        state = {key: value for key, value in saved["state"].items() if not _NOT_STATE.match(key)}
        entry: Json = {"state": state, "buffers": saved.get("buffers", [])}
        images = view._thumbnails() if hasattr(view, "_thumbnails") else None
        if images is not None:
            sprite = pack(images)
            entry["sprite"] = hashlib.sha256(sprite["png"].encode()).hexdigest()[:16]
            data["sprites"][entry["sprite"]] = sprite  # one of them for views of the same samples
        data["views"][view.model_id] = entry
    return data


def publish(model_ids: list[str]) -> None:
    """Show, in the kernel that runs a notebook, what the page needs of the views shown there."""
    from IPython.display import display
    from ipywidgets.widgets import widget  # its table of live widgets has no public name

    found = [widget._instances.get(model_id) for model_id in model_ids]
    views = [view for view in found if isinstance(view, View)]
    display({_PAGE_MIME: page_data(views)}, raw=True)


def _run(notebook: Any, folder: Path) -> Json:
    """Execute the cells of `notebook` in place; return what the page needs of its views."""
    import nbformat
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook,
        timeout=900,
        resources={"metadata": {"path": str(folder)}},
        kernel_name="python3",
        # ipykernel warns on every start that the loopback is not encrypted.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    with client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        shown = [
            output["data"][_VIEW_MIME]["model_id"]
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if _VIEW_MIME in output.get("data", {})
        ]
        code = f"from nbinterp.views.export import publish\npublish({shown!r})"
        asking = nbformat.v4.new_code_cell(code)
        notebook.cells.append(asking)
        client.execute_cell(asking, len(notebook.cells) - 1)
        notebook.cells.pop()
    data: Json = asking.outputs[0]["data"][_PAGE_MIME]
    return data


def _offline(output: Any, data: Json) -> Any:
    """Return an output as the page shows it, None for a finished progress bar."""
    bundle = output.get("data", {})
    shown = bundle.pop(_VIEW_MIME, None)
    if shown is None:
        return output
    if shown["model_id"] in data["views"]:
        place = _place(shown["model_id"], bundle.get("image/png"), bundle.get("text/plain", ""))
        output["data"] = {"text/html": place}
        return output
    text = "".join(bundle.get("text/plain", ""))
    return None if _PROGRESS_BAR.search(text) else output


def _place(model_id: str, picture: str | None, description: str) -> str:
    """Return where a view will stand, holding its still picture until the script runs."""
    quoted = html.escape("".join(description), quote=True)
    picture = "".join((picture or "").split())
    still = f'<img alt="{quoted}" src="data:image/png;base64,{picture}">' if picture else quoted
    return (
        f'<div class="page-view" data-nbi-view="{html.escape(model_id, quote=True)}">{still}</div>'
    )


def _render(notebook: Any) -> tuple[str, str]:
    """Return the cells as HTML and the style of their code, light and dark."""
    from nbconvert import HTMLExporter
    from pygments.formatters import HtmlFormatter

    exporter = HTMLExporter(
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True
    )
    body, _ = exporter.from_notebook_node(notebook)
    light = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return body, f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _title(notebook: Any, fallback: str) -> str:
    """Return the first heading of a notebook."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heading = next(filter(None, (re.search(r"^#+ (.+)$", text, re.M) for text in texts)), None)
    return heading.group(1).strip() if heading else fallback


def _write(path: Path, title: str, body: str, data: Mapping[str, Any], styles: str = "") -> Path:
    used = {view["state"]["_kind"] for view in data["views"].values()}
    parts = ",\n".join(f"{kind}: {static(f'{kind}.js')}" for kind in PARTS if kind in used)
    base, page_part = static("nbinterp.js"), static("page.js")
    bundle = f"{base}\nnbinterp.mountPage({page_part},\n{{\n{parts}\n}});"
    # Within an inline script these would end it or open a comment; in the strings, regular
    # expressions and templates where a bundle has them the backslash changes nothing.
    bundle = bundle.replace("</script", r"<\/script").replace("<!--", r"<\!--")
    digest = base64.b64encode(hashlib.sha256(bundle.encode()).digest()).decode("ascii")
    template = resources.files("nbinterp.views") / "page.html"
    page = Template(template.read_text(encoding="utf-8")).substitute(
        # regl compiles its shaders' calls with Function; the index of points builds in a worker.
        policy=f"default-src 'none'; script-src 'sha256-{digest}' 'unsafe-eval'; worker-src blob:; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'",
        title=html.escape(title),
        css=f"{static('nbinterp.css')}\n{styles}",
        note=_NOTE,
        body=body,
        data=embedded_json(data),
        bundle=bundle,
    )
    path.write_text(page, encoding="utf-8")
    return path


def embedded_json(data: Mapping[str, Any]) -> str:
    r"""Return JSON that nothing in a page mistakes for markup.

    Examples
    --------
    >>> embedded_json({"name": "</script><b>\u2028"})
    '{"name":"\\u003c/script\\u003e\\u003cb\\u003e\\u2028"}'
    """
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def main() -> None:
    """Run as a program; see the module."""
    parser = argparse.ArgumentParser(
        prog="python -m nbinterp.views.export",
        description="Run a notebook and write it as one page that opens offline.",
    )
    parser.add_argument("notebook", type=Path)
    parser.add_argument("page", type=Path)
    given = parser.parse_args()
    from nbclient.exceptions import CellExecutionError

    try:
        notebook_to_html(given.notebook, given.page)
    except CellExecutionError as error:
        raise SystemExit(str(error)) from None  # the cell and its error, not our own frames


if __name__ == "__main__":
    main()
