"""Write views as one page that opens without a kernel."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, Protocol

from ipywidgets import Widget

from nbinterp._typing import ByteArray
from nbinterp.views.base.frontend import PARTS, static
from nbinterp.views.base.sprite import pack

Json = dict[str, Any]

_NOT_STATE = re.compile(r"_esm|_css|_core|_anywidget_id|_dom_classes|_(model|view)_.*|layout|tab.*")
_NOTE = (
    "Made with nbinterp. The views are interactive: lasso, hover, choose and slide. "
    "New computations need the notebook."
)


class PageView(Protocol):
    """The interface that a page needs from a view; `View` implements it."""

    @property
    def model_id(self) -> Any:
        """The key of the view's state in the page."""

    def describe(self) -> str:
        """Describe the view in one line."""

    def snapshot(self) -> bytes | None:
        """Return a PNG of the view, for readers that run no scripts."""

    def page_parts(self) -> "Sequence[PageView]":
        """Return the views within this one."""

    def page_images(self) -> ByteArray | None:
        """Return the pictures of all samples, if the view shows them on hover."""


def write_views(views: Sequence[PageView], path: Path) -> Path:
    """Write views as one page, one below the other."""
    places = []
    for one in views:
        png = one.snapshot()
        picture = None if png is None else base64.b64encode(png).decode("ascii")
        places.append(place(one.model_id, picture, one.describe()))
    title = ", ".join(dict.fromkeys(type(one).__name__ for one in views))
    return write_page(path, title, "\n".join(places), page_data(views))


def page_data(views: Iterable[PageView]) -> Json:
    """Return the data of `views` and of the views within them, as JSON."""
    data: Json = {"views": {}, "sprites": {}}
    waiting = list(views)
    while waiting:
        view = waiting.pop()
        if view.model_id in data["views"]:
            continue
        waiting += view.page_parts()
        saved = Widget.get_manager_state(widgets=[view])["state"][view.model_id]
        state = {key: value for key, value in saved["state"].items() if not _NOT_STATE.match(key)}
        entry: Json = {"state": state, "buffers": saved.get("buffers", [])}
        images = view.page_images()
        if images is not None:
            sprite = pack(images)
            entry["sprite"] = hashlib.sha256(sprite["png"].encode()).hexdigest()[:16]
            data["sprites"][entry["sprite"]] = sprite  # one for all views of the same samples
        data["views"][view.model_id] = entry
    return data


def place(model_id: str, picture: str | None, description: str) -> str:
    """Return the element of a view, with its still picture until the script runs."""
    quoted = html.escape("".join(description), quote=True)
    picture = "".join((picture or "").split())
    still = f'<img alt="{quoted}" src="data:image/png;base64,{picture}">' if picture else quoted
    return (
        f'<div class="page-view" data-nbi-view="{html.escape(model_id, quote=True)}">{still}</div>'
    )


def write_page(
    path: Path, title: str, body: str, data: Mapping[str, Any], styles: str = ""
) -> Path:
    """Write a page with this body, which holds a `place` for each view of `data`."""
    used = {view["state"]["_kind"] for view in data["views"].values()}
    parts = ",\n".join(f"{kind}: {static(f'{kind}.js')}" for kind in PARTS if kind in used)
    base, page_part = static("nbinterp.js"), static("page.js")
    bundle = f"{base}\nnbinterp.mountPage({page_part},\n{{\n{parts}\n}});"
    # These sequences would end an inline script or open a comment. A bundle has them only in
    # strings, regular expressions and templates, where the backslash changes nothing.
    bundle = bundle.replace("</script", r"<\/script").replace("<!--", r"<\!--")
    digest = base64.b64encode(hashlib.sha256(bundle.encode()).digest()).decode("ascii")
    template = resources.files("nbinterp.views.base") / "page.html"
    page = Template(template.read_text(encoding="utf-8")).substitute(
        # regl compiles shader calls with Function, and a worker builds the index of points.
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
    r"""Return JSON that is safe inside a page: it holds no markup.

    Examples
    --------
    >>> embedded_json({"name": "</script><b>\u2028"})
    '{"name":"\\u003c/script\\u003e\\u003cb\\u003e\\u2028"}'
    """
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
