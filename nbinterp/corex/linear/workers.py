"""Fits side by side that give up when one of them fails or is interrupted."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import torch

from nbinterp._numerics.parallel import parallel_map
from nbinterp._numerics.progress import ProgressToken, current_token

Result = TypeVar("Result")


def run_side_by_side(
    tasks: Sequence[Callable[[ProgressToken], Result]], device: torch.device
) -> list[Result]:
    """Return what the tasks return. Each is given the watch of the caller, which may stop it."""
    watch = current_token()
    return parallel_map(
        [partial(task, watch) for task in tasks], device, always_workers=True, stop=watch.stop
    )
