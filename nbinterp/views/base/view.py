"""The base class of all views: traits, messages and the still picture."""

import base64
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeGuard

import anywidget
import traitlets

from nbinterp._checks import errors
from nbinterp._display import shown_briefly
from nbinterp._typing import ByteArray
from nbinterp.views.base.frontend import shared_core
from nbinterp.views.base.page import write_views

PROTOCOL = 1

_LARGEST_INTEGER = 2**53  # the largest that JavaScript holds exactly
LARGEST_BUFFERS = 2**26  # bytes of a message of the page
LONGEST_ERROR = 600  # letters
_LONGEST_TRACE = 6000
BEAT = 2.0  # seconds between heartbeats of a long verb

_ESM = """
export default {
  async render({ model, el, signal, host }) {
    try {
      const core = await host.getWidget(model.get("_core"));
      await core.exports.render({ model, el, signal, host });
    } catch (error) {
      el.textContent = `nbinterp cannot load this view; run its cell again. ${error}`;
    }
  },
};
"""


def raise_all(failures: list[Exception]) -> None:
    """Raise a single exception unchanged, several as a group."""
    if len(failures) == 1:
        raise failures[0]
    if failures:
        texts = "; ".join(dict.fromkeys(map(explain, failures)))
        raise ExceptionGroup(f"{len(failures)} callbacks failed: {texts}", failures)


class Answer(NamedTuple):
    """The answer of a verb: small fields, and arrays as bytes."""

    fields: Mapping[str, Any] = {}
    buffers: Sequence[bytes] = ()


Handler = Callable[..., Answer]


class Form(NamedTuple):
    """The arguments of a verb: buffers, passed by position, and fields, passed by name."""

    buffers: int
    fields: Mapping[str, type]
    long: bool = False


def verb(buffers: int = 0, *, long: bool = False, **fields: type) -> Callable[[Handler], Handler]:
    """Allow the page to call the decorated method by name, with exactly these arguments.

    While a `long` verb runs, the page gets a heartbeat every few seconds, so that it notices when
    the kernel was killed.
    """

    def mark(handler: Handler) -> Handler:
        handler._form = Form(buffers, fields, long)  # type: ignore[attr-defined]
        return handler

    return mark


class View(anywidget.AnyWidget):  # type: ignore[misc]
    """A widget drawn by the shared front end.

    A subclass names its part of the front end in `_kind`. Its traits hold the state that a saved
    notebook needs. `verb` marks the methods that the page may call. ``snapshot()`` may return a PNG
    for readers without a kernel. The page can set traits tagged ``page=True``, no others.
    """

    _esm = _ESM
    _core = anywidget.WidgetTrait().tag(sync=True)
    _kind = traitlets.Unicode().tag(sync=True)
    # References to the views linked to this one; without a kernel the page keeps the links.
    _linked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    # ipywidgets' own: the page counts in it, if Python asks for that.
    _view_count = traitlets.Int(None, allow_none=True).tag(sync=True, page=True)

    _verbs: ClassVar[dict[str, Form]] = {}
    # Whether to send the view's code when it is created, not when it is first shown.
    _drawn_at_once: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the verbs of the class."""
        super().__init_subclass__(**kwargs)
        cls._verbs = {
            name: value._form
            for kind in reversed(cls.__mro__)
            for name, value in vars(kind).items()
            if isinstance(getattr(value, "_form", None), Form)
        }

    def __init__(self, **traits: Any) -> None:
        # Comm callbacks may run on another thread than cells (JupyterLab uses subshells).
        self._lock = threading.RLock()
        self._closers: list[Callable[[], object]] = []
        super().__init__(_core=shared_core(), **traits)
        if self._drawn_at_once:
            self._core.need(self._kind)
        self.on_msg(self._receive)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; in IPython, a trait that refuses the value shows only its sentence."""
        with _brief_refusals():
            super().__setattr__(name, value)

    @contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        """Check and notify once, at the end of the block; refusals are brief there too."""
        with _brief_refusals(), super().hold_trait_notifications():
            yield

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Set traits from the page; show there why a value is refused or which callback failed."""
        try:
            for name, value in sync_data.items():
                # Checked here, because ipywidgets echoes a page's values to all pages before it
                # validates.
                if name not in self.keys or self.trait_metadata(name, "page") is not True:
                    raise traitlets.TraitError(f"The page may not set {name}.")
                is_binary = isinstance(value, bytes | memoryview)
                if is_binary and memoryview(value).nbytes > LARGEST_BUFFERS:
                    raise traitlets.TraitError(f"The page sent too much as {name}.")
                if _is_integer(value) and abs(value) > _LARGEST_INTEGER:
                    raise traitlets.TraitError(f"The page sent too large a number as {name}.")
            super().set_state(sync_data)
        except Exception as failure:
            # JupyterLab hides errors of comm callbacks in its log.
            self.tell(failure)
            self.send_state([key for key in sync_data if key in self.keys])
            raise

    def tell(self, failure: Exception) -> None:
        """Show an exception on the page."""
        self.send(_envelope("notice", -1, failure, 0.0))

    def when_changed(
        self, names: str | list[str], call: Callable[[Any], object]
    ) -> Callable[[], None]:
        """Call `call` with each change of these traits; return a function that stops it.

        All callbacks run even if one raises.
        """

        def changed(change: Any) -> None:
            try:
                call(change)
            except Exception as failure:
                change.setdefault("failures", []).append(failure)

        self.observe(changed, names)
        return lambda: self.unobserve(changed, names)

    def when_closed(self, call: Callable[[], object]) -> Callable[[], None]:
        """Call `call` when the view closes; return a function that stops it."""
        self._closers.append(call)

        def stop() -> None:
            if call in self._closers:
                self._closers.remove(call)

        return stop

    def close(self) -> None:
        """Remove the view and the views within it from all pages; end its links and its work.

        Its model and data are free as soon as nothing else refers to the view.
        """
        if self.comm is None:  # closed already, or its constructor failed
            return
        if sys.is_finalizing():  # ipywidgets closes what is left when Python ends: no page hears it
            return
        parts = self.page_parts()
        while self._closers:
            self._closers.pop()()
        super().close()
        for part in parts:
            part.close()

    def notify_change(self, change: Any) -> None:
        """Notify all observers, then raise their exceptions."""
        super().notify_change(change)
        raise_all(change.pop("failures", []))

    def snapshot(self) -> bytes | None:
        """Return a PNG of the view, or None."""
        return None

    def describe(self) -> str:
        """Describe the view in one line, for text output and screen readers."""
        return type(self).__name__

    def to_html(self, path: str | Path) -> Path:
        """Write this view as a page that opens offline; see `nbinterp.views.export.to_html`."""
        return write_views([self], Path(path))

    def page_parts(self) -> list["View"]:
        """Return the views within this view, which its page includes."""
        return [part for part in self.trait_values().values() if isinstance(part, View)]

    def page_images(self) -> ByteArray | None:
        """Return the pictures of all samples for a page without a kernel, or None."""
        return None

    def __repr__(self) -> str:
        return self.describe()

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        self._core.need(self._kind)
        data, metadata = super()._repr_mimebundle_()
        data["text/plain"] = self.describe()
        png = self.snapshot()
        if png is not None:
            data["image/png"] = base64.b64encode(png).decode("ascii")
        return data, metadata

    def _receive(self, _widget: Any, content: Any, buffers: Sequence[Any]) -> None:
        """Answer a message of the page: run its verb, or say why it is refused."""
        started = time.perf_counter()
        kind, seq = _address(content)
        answer = Answer()
        error: str | Exception | None = _refusal(self._verbs, content, buffers)
        if error is None:
            form = self._verbs[kind]
            fields = {name: content[name] for name in form.fields}
            try:
                with self._beating(kind, seq, form.long), self._lock:
                    answer = getattr(self, kind)(*buffers, **fields)
            except Exception as failure:
                error = failure
        envelope = _envelope(kind, seq, error, time.perf_counter() - started)
        self.send({**answer.fields, **envelope}, list(answer.buffers))

    @contextmanager
    def _beating(self, kind: str, seq: int, long: bool) -> Iterator[None]:
        """Send the page a heartbeat while a `long` verb runs."""
        if not long:
            yield
            return
        done = threading.Event()
        sign = {"v": PROTOCOL, "kind": "alive", "of": kind, "seq": seq}

        def beat() -> None:
            self.send(sign)
            while not done.wait(BEAT):
                self.send(sign)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@contextmanager
def _brief_refusals() -> Iterator[None]:
    try:
        yield
    except traitlets.TraitError as refusal:
        shown_briefly(refusal)
        raise


def _envelope(kind: str, seq: int, error: str | Exception | None, seconds: float) -> dict[str, Any]:
    failure = error if isinstance(error, Exception) else None
    return {
        "v": PROTOCOL,
        "kind": kind,
        "seq": seq,
        "ok": error is None,
        "error": error if failure is None else explain(failure),
        "trace": None if failure is None else trace(failure),
        "ms": round(1000 * seconds, 1),
    }


def _address(content: Any) -> tuple[str, int]:
    """Return kind and seq of a message, or safe defaults if they are malformed."""
    message = content if isinstance(content, dict) else {}
    kind, seq = message.get("kind"), message.get("seq")
    return (kind[:40] if isinstance(kind, str) else ""), (seq if _is_integer(seq) else -1)


def _refusal(verbs: Mapping[str, Form], content: Any, buffers: Sequence[Any]) -> str | None:
    """Return why a message is refused; None if it is a well-formed call of a known verb."""
    if not isinstance(content, dict) or content.get("v") != PROTOCOL:
        return f"The message is not of protocol {PROTOCOL}. Run the cell again."
    kind, seq = content.get("kind"), content.get("seq")
    if not isinstance(kind, str) or kind not in verbs:
        return "This view does not support the request."
    if not _is_integer(seq) or not 0 <= seq < _LARGEST_INTEGER:
        return "The message has no valid number."
    count, fields, _ = verbs[kind]
    if set(content) != {"v", "kind", "seq", *fields}:
        return f"{kind} takes exactly: {', '.join(fields) or 'nothing'}."
    for name, form in fields.items():
        value = content[name]
        if not _is_of(form, value):
            return f"{kind} takes {name} as {form.__name__}."
    if len(buffers) != count:
        return f"{kind} takes {count} buffers."
    if sum(memoryview(buffer).nbytes for buffer in buffers) > LARGEST_BUFFERS:
        return "The message is too large."
    return None


def _is_of(form: type, value: Any) -> bool:
    if _is_integer(value) and abs(value) > _LARGEST_INTEGER:
        return False  # Python could not make it a float
    if form is float and _is_integer(value):
        return True  # JavaScript writes 40.0 as 40 in JSON
    return _is_integer(value) if form is int else isinstance(value, form)


def _is_integer(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def explain(failure: Exception) -> str:
    """Return a short text of the error; errors of our own checks are already short."""
    text = str(failure).strip()
    if isinstance(failure, ExceptionGroup):
        text = failure.message  # names all failures
    elif not isinstance(failure, ValueError | TypeError) or not text:
        text = f"{type(failure).__name__}: {text}".removesuffix(": ")
    return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"


def trace(failure: Exception) -> str | None:
    """Return the end of the traceback; None for our own checks, whose text is enough."""
    frames = traceback.extract_tb(failure.__traceback__)
    if isinstance(failure, traitlets.TraitError) or not frames:
        return None
    if frames[-1].filename == errors.__file__:
        return None
    return "".join(traceback.format_exception(failure))[-_LONGEST_TRACE:]
