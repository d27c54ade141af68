"""Views and whole notebooks as one file that opens offline, with the views alive.

python -m nbinterp.views.export notebook.ipynb page.html
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbinterp import _checks
from nbinterp.views.base.page import Json, page_data, place, write_page, write_views
from nbinterp.views.base.view import View

_VIEW_MIME = "application/vnd.jupyter.widget-view+json"
_PAGE_MIME = "application/vnd.nbinterp.page+json"
_PROGRESS_BAR = re.compile(r"\d+%\|")


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
    return write_views(views, Path(path))


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
    return write_page(Path(path_out), _title(notebook, source.stem), body, data, styles)


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
        written = place(shown["model_id"], bundle.get("image/png"), bundle.get("text/plain", ""))
        output["data"] = {"text/html": written}
        return output
    text = "".join(bundle.get("text/plain", ""))
    return None if _PROGRESS_BAR.search(text) else output


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
