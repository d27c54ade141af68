"""The code and style sheet of the front end, shared by all views of a kernel."""

import threading
import zlib
from functools import cache
from importlib import resources
from typing import Any

import anywidget
import traitlets


def static(name: str) -> str:
    """Read a file of the built front end."""
    file = resources.files("nbinterp") / "static" / name
    if not file.is_file():
        raise FileNotFoundError(
            f"nbinterp/static/{name} is missing from this installation. "
            "Reinstall nbinterp, or run `npm ci && npm run build` in widgets/."
        )
    return file.read_text(encoding="utf-8")


# The views; each has its own part of the front end.
PARTS = ("explorer", "heatmap", "node_table", "note", "slider", "workbench")

# `initialize` must return at once: anywidget drops all messages if it takes 2 s.
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
    """The compressed code and style sheet of the views, once per kernel.

    anywidget sends and saves a widget's code with the widget. Views therefore contain only a few
    lines that fetch this widget and call its ``render``. A saved notebook keeps one copy of it: the
    shared code, and the parts of those views that were shown.
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
        """Send the code that draws views of this kind, unless it was sent before."""
        if kind in PARTS and not getattr(self, kind):
            setattr(self, kind, _compressed(f"{kind}.js"))

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Ignore traits from a page: this code runs in all pages."""

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Send a part of the code that the page requests."""
        kind = content.get("needs") if isinstance(content, dict) else None
        if isinstance(kind, str):
            self.need(kind)


@cache
def _compressed(name: str) -> bytes:
    return zlib.compress(static(name).encode(), 9)


_core: Core | None = None
_core_lock = threading.Lock()


def shared_core() -> Core:
    """Return the `Core` of this kernel; create another if its widgets were closed."""
    global _core
    with _core_lock:
        if _core is None or _core.comm is None:
            _core = Core()
        return _core
