"""Results to views: a registry, so that compute never imports views."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from nbinterp import _checks

Factory = TypeVar("Factory", bound=Callable[..., Any])
_FACTORIES: dict[type, Callable[..., Any]] = {}


def shows(*results: type) -> Callable[[Factory], Factory]:
    """Register the decorated view as the way to show objects of the types `results`."""

    def register(factory: Factory) -> Factory:
        _FACTORIES.update(dict.fromkeys(results, factory))
        return factory

    return register


def _factory(result: type) -> Callable[..., Any] | None:
    import_module("nbinterp.views")  # they register themselves, when there is first use of them
    return next((_FACTORIES[kind] for kind in result.__mro__ if kind in _FACTORIES), None)


class Displayable:
    """A result that a notebook shows as its view when it stands last in a cell."""

    @_checks.named
    def view(self, **options: Any) -> Any:
        """Return a new view of this object; `options` are those of the view."""
        factory = _factory(type(self))
        if factory is None:
            _checks.fail(
                "()",
                "must have a registered view",
                "Import nbinterp, which registers its views.",
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
