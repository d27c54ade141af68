"""Solve batches of samples in parallel, in blocks that fit in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch

from nbinterp import _device
from nbinterp._numerics.parallel import parallel_map
from nbinterp.interactions.andor.solver import lp, pdhg
from nbinterp.interactions.andor.solver.problem import Problem, Split

# Arrays of size 2^n that the iteration holds for each sample and model.
_TABLES = 40
# Arrays with at least so many entries gain from several threads per operation.
_LARGE = 1 << 17


def solve(
    problem: Problem, solver: str, *, tol: float, max_iter: int, progress: bool = False
) -> Split:
    """Return the split of each sample, by the `solver` ``"pdhg"`` or ``"lp"``."""
    if solver == "lp":
        return lp.solve(problem)
    samples, models, size = problem.values.shape
    device = problem.values.device
    block = _device.rows_per_block(device, models * size * 8 * _TABLES)
    if device.type == "cpu":
        block = min(block, -(-samples // torch.get_num_threads()))
    tasks = [
        partial(
            pdhg.solve,
            problem.rows(torch.arange(start, min(start + block, samples), device=device)),
            tol=tol,
            max_iter=max_iter,
            progress=progress and start == 0,
        )
        for start in range(0, samples, block)
    ]
    if len(tasks) > 1:
        parts = parallel_map(tasks, device)
    else:
        with _one_thread(device.type == "cpu" and models * size < _LARGE):
            parts = [task() for task in tasks]
    names = ("gamma", "noise", "objective", "bound")
    return Split(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


@contextmanager
def _one_thread(wanted: bool) -> Iterator[None]:
    """Use one thread if `wanted`: to share small operations between threads slows them down."""
    before = torch.get_num_threads()
    try:
        if wanted:
            torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(before)
