"""Convert objects to named fields and back, for saved files; keep those whose refit fails."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar

from nbinterp import _checks

State = dict[str, Any]

P = ParamSpec("P")
R = TypeVar("R")
Owner = TypeVar("Owner")


def all_or_nothing(
    method: Callable[Concatenate[Owner, P], R],
) -> Callable[Concatenate[Owner, P], R]:
    """Leave an object as it was if `method` fails or is interrupted; errors name the method.

    What the method changes within an attribute stays changed: replace attributes instead.
    """

    @wraps(method)
    def whole(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> R:
        before = self.__dict__.copy()
        try:
            with _checks.call(f"{type(self).__name__}.{method.__name__}"):
                return method(self, *args, **kwargs)
        except BaseException:
            self.__dict__ = before
            raise

    return whole


def fields(*names: str, **renamed: str) -> Mapping[str, str]:
    """Return a mapping from the fields of a state to attributes.

    Parameters
    ----------
    *names : str
        Fields whose attribute has the same name; a string may list several, separated by spaces.
    **renamed : str
        ``field="attribute"`` for attributes with another name.
    """
    return {name: name for name in " ".join(names).split()} | renamed


def field_names(kind: type["HasState"]) -> set[str]:
    """Return the fields that a state of `kind` may have."""
    return {*kind._STATE, *kind._FITTED}


class HasState:
    """An object that can be converted to named fields and back.

    Saved files contain the names of fields, so these must not change. To rename an attribute,
    change the right side only: ``_STATE = fields(field="new_attribute")``. To change the fields
    themselves, add an upgrade to `nbinterp.saving.kinds`.
    """

    _STATE: ClassVar[Mapping[str, str]]
    # Fields that only a fit sets. They are left out if they are not set.
    _FITTED: ClassVar[Mapping[str, str]] = {}

    def to_state(self) -> State:
        """Return the fields by name. Arrays are shared, not copied."""
        own = vars(self)
        state = {name: own[attribute] for name, attribute in self._STATE.items()}
        fitted = {name: own[each] for name, each in self._FITTED.items() if each in own}
        return state | fitted

    @classmethod
    @_checks.named
    def from_state(cls, state: State) -> Self:
        """Return the object whose fields `to_state` returned.

        Raises
        ------
        ValueError
            If a field is missing, or the class has no such field.
        """
        attributes = {**cls._STATE, **cls._FITTED}
        missing, unknown = cls._STATE.keys() - state.keys(), state.keys() - attributes.keys()
        _checks.require(
            not missing and not unknown,
            f"(state={_checks.show(sorted(state))})",
            f"must have the fields of {cls.__name__}, but {sorted(missing | unknown)} differ",
            "Pass the result of to_state.",
        )
        made = object.__new__(cls)
        # setattr fails on frozen results.
        vars(made).update({attributes[name]: value for name, value in state.items()})
        return made
