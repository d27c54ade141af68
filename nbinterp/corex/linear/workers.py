"""Fits side by side that give up when one of them fails or is interrupted."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import torch

from nbinterp._numerics.parallel import side_by_side
from nbinterp._numerics.progress import Watch, current_watch

Result = TypeVar("Result")


def run_side_by_side(
    tasks: Sequence[Callable[[Watch], Result]], device: torch.device
) -> list[Result]:
    """Return what the tasks return. Each is given the watch of the caller, which may stop it."""
    watch = current_watch()
    return side_by_side(
        [partial(task, watch) for task in tasks], device, always_workers=True, stop=watch.stop
    )
