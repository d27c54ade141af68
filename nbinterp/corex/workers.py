"""Fits side by side that give up when one of them fails or is interrupted."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TypeVar

import torch

from nbinterp._numerics.workers import side_by_side

Result = TypeVar("Result")

_STOP: ContextVar[threading.Event | None] = ContextVar("stop", default=None)


@contextmanager
def cancellable(stop: threading.Event) -> Iterator[None]:
    """Let fits of this thread in the block raise `CancelledError` soon after `stop` is set."""
    token = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(token)


def run_side_by_side(
    tasks: Sequence[Callable[[threading.Event], Result]], device: torch.device
) -> list[Result]:
    """Return what the tasks return. Each is given an event that is set when it should give up."""
    stop = _STOP.get() or threading.Event()
    return side_by_side(
        [partial(task, stop) for task in tasks], device, always_workers=True, stop=stop
    )
