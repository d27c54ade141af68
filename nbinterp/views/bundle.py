"""The front end: its code and its style sheet, which all views of a kernel share."""

import base64
import threading
import zlib
from importlib import resources
from string import Template

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


# Every saved notebook holds the bundle: compressed, it takes two fifths of the room.
_CORE_ESM = """/* The views of nbinterp; the sources are in widgets/ of the project. */
const unpack = (text) => {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
};
const code = await unpack("$code");
const css = await unpack("$css");
const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
const bundle = await import(url).finally(() => URL.revokeObjectURL(url));
export default { initialize: () => bundle.default.initialize(css) };
"""


def _compressed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


class Core(anywidget.AnyWidget):  # type: ignore[misc]
    """The bundle and the style sheet of all views, once a kernel.

    anywidget sends and saves the code of every widget with it. Views therefore hold a few lines
    that fetch this widget and call its ``render``.
    """

    _view_name = traitlets.Unicode(None, allow_none=True).tag(sync=True)

    def __init__(self) -> None:
        self._esm = Template(_CORE_ESM).substitute(
            code=_compressed(static("nbinterp.js")), css=_compressed(static("nbinterp.css"))
        )
        super().__init__()


_core: Core | None = None
_core_lock = threading.Lock()


def shared_core() -> Core:
    """Return the kernel's one `Core`, made anew if its widgets were closed."""
    global _core
    with _core_lock:
        if _core is None or _core.comm is None:
            _core = Core()
        return _core
