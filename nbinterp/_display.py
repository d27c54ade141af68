"""Results to views: a registry, so that compute never imports views.

Each view says by `shows` which results it shows. `nbinterp` says by `load_views_by` how views load.
Both know this module, and it knows neither.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Factory = TypeVar("Factory", bound=Callable[..., Any])
_FACTORIES: dict[type, Callable[..., Any]] = {}
_LOADERS: list[Callable[[], object]] = []


def load_views_by(load: Callable[[], object]) -> None:
    """Call `load`, which imports views and so registers them, before one is first looked for."""
    _LOADERS.append(load)


def shows(*results: type) -> Callable[[Factory], Factory]:
    """Register the decorated view as the way to show objects of the types `results`."""

    def register(factory: Factory) -> Factory:
        _FACTORIES.update(dict.fromkeys(results, factory))
        return factory

    return register


def _factory(result: type) -> Callable[..., Any] | None:
    while _LOADERS:
        _LOADERS[0]()
        del _LOADERS[0]  # where it fails, the next look tries again
    return next((_FACTORIES[kind] for kind in result.__mro__ if kind in _FACTORIES), None)


class Displayable:
    """A result that a notebook shows as its view when it stands last in a cell."""

    def view(self, **options: Any) -> Any:
        """Return a new view of this object; `options` are those of the view."""
        factory = _factory(type(self))
        if factory is None:
            from nbinterp import _checks  # it loads PyTorch; `import nbinterp` loads this module

            _checks.fail(
                f": {type(self).__name__}.view()",
                "must have a registered view",
                "Decorate one with nbinterp._display.shows.",
                TypeError,
            )
        return factory(self, **options)

    def _is_showable(self) -> bool:
        """Return whether there is something to show yet; estimators say no before `fit`."""
        return True

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if self._is_showable() and _factory(type(self)) is not None:
            return self.view()._repr_mimebundle_(include=include, exclude=exclude)
        inherited = getattr(super(), "_repr_mimebundle_", None)
        if inherited is None:
            return {"text/plain": repr(self)}
        return inherited(include=include, exclude=exclude)
