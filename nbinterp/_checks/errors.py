"""Raise errors about arguments; the only place that does.

Every error says what was called with which value, what it must be, and how to fix it:
``LinearCorEx(n_factors=40) must be at most the number of variables, 12. Use fewer factors.``

The decorator `named` on public functions tells the checks inside which call to name.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import NoReturn, ParamSpec, TypeVar

import numpy as np
import pandas as pd
import torch

from nbinterp import _display

P = ParamSpec("P")
R = TypeVar("R")

_NAME: ContextVar[str] = ContextVar("name of the public call", default="nbinterp")


def named(function: Callable[P, R]) -> Callable[P, R]:
    """Let errors raised within `function` name it: ``record(…)``, ``Recording.concat(…)``.

    A method whose name begins with an underscore checks the arguments of the constructor, so its
    errors name the class: ``LinearCorEx(…)``. If public calls are nested, errors name the innermost
    one. A generator runs in the context of its caller, so use `call` inside it instead.
    """
    owner, _, name = function.__qualname__.rpartition(".")
    suffix = "" if name.startswith("_") else f".{name}"

    @wraps(function)
    def with_name(*args: P.args, **kwargs: P.kwargs) -> R:
        called = name
        if owner:
            first = args[0]
            called = (first if isinstance(first, type) else type(first)).__name__ + suffix
        token = _NAME.set(called)
        try:
            return function(*args, **kwargs)
        finally:
            _NAME.reset(token)

    return with_name


@contextmanager
def call(name: str) -> Iterator[None]:
    """Let errors raised in the block name this call; also a decorator, as ``@call("name")``."""
    token = _NAME.set(name)
    try:
        yield
    finally:
        _NAME.reset(token)


def current_call() -> str:
    """Return the name of the public call that is running, as in errors."""
    return _NAME.get()


def fail(
    what: str,
    must: str,
    remedy: str,
    kind: type[Exception] = ValueError,
    cause: Exception | None = None,
) -> NoReturn:
    """Raise an error that says ``{name}{what} {must}. {remedy}``.

    `name` is the running public call; `what` is the argument, such as ``"(layer='fc1')"``; `cause`
    is the error of a library that this one explains.
    """
    error = _display.shown_briefly(kind(f"{_NAME.get()}{what} {must}. {remedy}"))
    if cause is None:
        raise error
    raise error from cause


def require(
    condition: bool, what: str, must: str, remedy: str, kind: type[Exception] = ValueError
) -> None:
    """Raise as `fail` does unless `condition` holds."""
    if not condition:
        fail(what, must, remedy, kind)


def is_ours(error: BaseException) -> bool:
    """Return whether `fail` raised the error: its words need no others."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and at.tb_frame.f_code is fail.__code__


def warn(text: str, kind: type[Warning] = UserWarning) -> None:
    """Warn where the caller of the package stands."""
    package, level = str(Path(__file__).parents[1]), 1
    frame = sys._getframe()
    while frame.f_back is not None and (
        frame.f_code.co_filename.startswith(package)
        or frame.f_code.co_filename.endswith("contextlib.py")
    ):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, kind, stacklevel=level)


def show(value: object, limit: int = 60) -> str:
    """Return a short repr of `value` for an error message."""
    if isinstance(value, np.ndarray | torch.Tensor | pd.DataFrame | pd.Series):
        # Arrays of one type have subclasses of no interest here, such as those of traits.
        name = "ndarray" if isinstance(value, np.ndarray) else type(value).__name__
        if isinstance(value, torch.Tensor) and value.is_nested:  # has no shape
            return f"<nested {name}>"
        return f"<{name} of shape {tuple(value.shape)}>"
    if isinstance(value, torch.nn.Module):  # whose repr lists all that it holds
        return f"<{type(value).__name__}>"
    if isinstance(value, list | tuple) and any(isinstance(x, torch.nn.Module) for x in value):
        return f"<{type(value).__name__} of {len(value)}: {', '.join(map(show, value[:3]))}>"
    if isinstance(value, dict) and any(isinstance(x, torch.nn.Module) for x in value.values()):
        return f"<dict of {len(value)}: {', '.join(map(repr, list(value)[:3]))}>"
    text = " ".join(repr(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
