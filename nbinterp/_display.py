"""Registry that maps results to views, so that numerical code never imports views.

Each view registers itself with `shows`. `nbinterp` registers the import of all views with
`load_views_by`. This module imports neither.
"""

from collections.abc import Callable
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
            from nbinterp import _checks  # loads PyTorch, so `import nbinterp` must not

            _checks.fail(
                f": {type(self).__name__}.view()",
                "must have a registered view",
                "Decorate one with nbinterp._display.shows.",
                TypeError,
            )
        return factory(self, **options)

    def _is_showable(self) -> bool:
        """Return whether there is something to show; estimators have nothing before `fit`."""
        return True

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if self._is_showable() and view_of(type(self)) is not None:
            return self.view()._repr_mimebundle_(include=include, exclude=exclude)
        inherited = getattr(super(), "_repr_mimebundle_", None)
        if inherited is None:
            return {"text/plain": repr(self)}
        return inherited(include=include, exclude=exclude)
