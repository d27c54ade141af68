"""The front end: its code and its style sheet, which all views of a kernel share."""

import threading
import zlib
from functools import cache
from importlib import resources
from typing import Any

import anywidget
import traitlets


def static(name: str) -> str:
    """Return a file of the built front end."""
    file = resources.files("nbinterp") / "static" / name
    if not file.is_file():
        raise FileNotFoundError(
            f"nbinterp/static/{name} is missing from this installation. "
            "Reinstall nbinterp, or run `npm ci && npm run build` in widgets/."
        )
    return file.read_text(encoding="utf-8")


# The views, each a part of the front end by itself.
PARTS = ("explorer", "heatmap", "node_table", "note", "slider", "workbench")

# `initialize` only hands out what loads: anywidget drops all traffic if it takes 2 s.
_CORE_ESM = """/* Loads the views of nbinterp; the sources are in widgets/ of the project. */
const unpacked = (bytes) => {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
};
const imported = async (...pieces) => {
  const url = URL.createObjectURL(new Blob(pieces, { type: "text/javascript" }));
  return (await import(url).finally(() => URL.revokeObjectURL(url))).default;
};
export default {
  initialize({ model }) {
    const arrived = (name) =>
      new Promise((resolve) => {
        const look = () => {
          const bytes = model.get(name);
          if (!bytes?.byteLength) return false;
          model.off(`change:${name}`, look);
          resolve(unpacked(bytes));
          return true;
        };
        model.on(`change:${name}`, look);
        if (!look()) model.send({ needs: name });
      });
    const base = async () => [
      await imported(await arrived("base"), "\\nexport default nbinterp;"),
      await arrived("css"),
    ];
    const loaded = {};
    const part = async (kind) => imported("export default ", await arrived(kind));
    return {
      async render(context) {
        const kind = context.model.get("_kind");
        loaded.base ??= base();
        loaded[kind] ??= part(kind);
        const [nbinterp, css] = await loaded.base;
        await nbinterp.render(await loaded[kind], context, css);
      },
    };
  },
};
"""


class Core(anywidget.AnyWidget):  # type: ignore[misc]
    """The code of the views and their style sheet, compressed, once a kernel.

    anywidget sends and saves the code of every widget with it. Views therefore hold a few lines
    that fetch this widget and call its ``render``. Every saved notebook keeps this one: it holds
    what all views share, and of each view's own part only those that were needed.
    """

    _esm = _CORE_ESM
    _view_name = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    base = traitlets.Bytes().tag(sync=True)
    css = traitlets.Bytes().tag(sync=True)
    explorer = traitlets.Bytes().tag(sync=True)
    heatmap = traitlets.Bytes().tag(sync=True)
    node_table = traitlets.Bytes().tag(sync=True)
    note = traitlets.Bytes().tag(sync=True)
    slider = traitlets.Bytes().tag(sync=True)
    workbench = traitlets.Bytes().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(base=_compressed("nbinterp.js"), css=_compressed("nbinterp.css"))
        self.on_msg(self._receive)

    def need(self, kind: str) -> None:
        """Send the part that draws views of this kind, unless it was sent before."""
        if kind in PARTS and not getattr(self, kind):
            setattr(self, kind, _compressed(f"{kind}.js"))

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing from a page: what is here runs in all of them."""

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Send a part that the page asks for."""
        kind = content.get("needs") if isinstance(content, dict) else None
        if isinstance(kind, str):
            self.need(kind)


@cache
def _compressed(name: str) -> bytes:
    return zlib.compress(static(name).encode(), 9)


_core: Core | None = None
_core_lock = threading.Lock()


def shared_core() -> Core:
    """Return the kernel's one `Core`, made anew if its widgets were closed."""
    global _core
    with _core_lock:
        if _core is None or _core.comm is None:
            _core = Core()
        return _core
