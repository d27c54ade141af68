"""What a notebook shows of results and of errors, without importing views or IPython.

Results show as views: each view registers itself with `shows`, and `nbinterp` registers the import
of all views with `load_views_by`. Errors about arguments show as one sentence below the user's own
line.
"""

import sys
import sysconfig
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TypeVar

Factory = TypeVar("Factory", bound=Callable[..., Any])
_FACTORIES: dict[type, Callable[..., Any]] = {}
_LOADERS: list[Callable[[], object]] = []


def load_views_by(load: Callable[[], object]) -> None:
    """Call `load`, which imports and so registers the views, before the first lookup."""
    _LOADERS.append(load)


def shows(*results: type) -> Callable[[Factory], Factory]:
    """Register the decorated view as the way to show objects of the types `results`."""

    def register(factory: Factory) -> Factory:
        _FACTORIES.update(dict.fromkeys(results, factory))
        return factory

    return register


def view_of(result: type) -> Callable[..., Any] | None:
    """Return what makes the view of results of this type; None if nothing shows them."""
    while _LOADERS:
        _LOADERS[0]()
        del _LOADERS[0]  # if it fails, the next lookup tries again
    return next((_FACTORIES[kind] for kind in result.__mro__ if kind in _FACTORIES), None)


class Displayable:
    """A result that a notebook shows as its view when it is the last expression of a cell."""

    def view(self, **options: Any) -> Any:
        """Return a new view of this object; `options` are passed to the view."""
        factory = view_of(type(self))
        if factory is None:
            raise NotImplementedError(
                f"No view is registered for {type(self).__name__}. "
                "Decorate one with nbinterp._display.shows."
            )
        return factory(self, **options)

    def _is_showable(self) -> bool:
        """Return whether there is something to show; estimators have nothing before `fit`."""
        return True

    @property
    def _repr_html_(self) -> Any:
        """No HTML beside a view: a page would show scikit-learn's diagram of an estimator first."""
        if self._is_showable() and view_of(type(self)) is not None:
            raise AttributeError("_repr_html_")
        return getattr(super(), "_repr_html_")  # noqa: B009, without a default: may raise as well

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if self._is_showable() and view_of(type(self)) is not None:
            return self.view()._repr_mimebundle_(include=include, exclude=exclude)
        inherited = getattr(super(), "_repr_mimebundle_", None)
        if inherited is None:
            return {"text/plain": repr(self)}
        return inherited(include=include, exclude=exclude)


def shown_briefly(error: Exception) -> Exception:
    """Let IPython show `error` with the user's own frames only; plain Python is not affected."""
    # On the instance, so that it stays a ValueError or TypeError like any other. A function of the
    # module, as a bound method would be a cycle that keeps all frames alive.
    error._render_traceback_ = brief_traceback  # type: ignore[attr-defined]
    return error


def brief_traceback() -> list[str]:
    """Return the traceback of the error that IPython shows, without the frames of libraries.

    IPython calls it as ``error._render_traceback_()``. ``%xmode Verbose`` and ``%tb Verbose`` still
    show all frames, and ``%debug`` steps through them.
    """
    error: Any = sys.last_value  # set by IPython before
    if getattr(error, "_render_traceback_", None) is not brief_traceback:
        error = sys.exc_info()[1] or error
    formatter = sys.modules["IPython"].get_ipython().InteractiveTB
    own = _own_frames(error.__traceback__)
    if formatter.mode == "Verbose" or own is None:
        lines: list[str] = formatter.structured_traceback(type(error), error, error.__traceback__)
        return lines
    context, suppressed = error.__context__, error.__suppress_context__
    if context is not None and _is_of_library(context.__traceback__):
        error.__suppress_context__ = True  # such as scikit-learn's error that a check has reworded
    try:
        lines = formatter.structured_traceback(type(error), error, own, tb_offset=0)
    finally:
        error.__suppress_context__ = suppressed
        formatter.tb = error.__traceback__  # where %debug starts
    return lines


def _own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that is code of the user."""
    if traceback is None:
        return None
    rest = _own_frames(traceback.tb_next)
    if _is_of_library(traceback):
        return rest
    return TracebackType(rest, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)


def _is_of_library(traceback: TracebackType | None) -> bool:
    """Return whether the outermost frame is of nbinterp, the standard library or site-packages."""
    if traceback is None:
        return False
    frame: FrameType = traceback.tb_frame
    if frame.f_globals.get("__name__", "").partition(".")[0] == "nbinterp":
        return True
    return bool(_library_paths() & set(Path(frame.f_code.co_filename).parents))


@cache
def _library_paths() -> frozenset[Path]:
    paths = sysconfig.get_paths()
    return frozenset(Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
