"""From correlation matrices to factors: pack the problems into batches, fit, unpack."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from math import ceil

import numpy as np
import torch
from torch import Tensor

from nbinterp import _checks, _device
from nbinterp._numerics.arrays import Array, as_array, full, namespace
from nbinterp._numerics.parallel import parallel_map
from nbinterp._numerics.progress import ProgressToken, current_token, progress_bar
from nbinterp._typing import FloatArray
from nbinterp.corex.linear.annealing import Solution, anneal
from nbinterp.corex.linear.objective import information
from nbinterp.corex.linear.operators import Product, stack
from nbinterp.corex.linear.settings import Settings
from nbinterp.corex.linear.update import noisy, rescale

Job = tuple[int, int]  # a problem and one of its starts

# For steps found in float32: 1 - rho^2 is at least its square, 800 times the rounding.
_LEAST_NOISE = 0.01
# Of the total correlation, per iteration: ends a stage that another one follows. Ten times stricter
# costs a third more iterations, for optima that may be better by a thousandth, on average.
_ROUGH = 1e-4
# Of the weights of a batch on the CPU; some forty tensors are as large. Larger ones leave the
# cache, smaller ones let threads wait for the interpreter between short operations.
_ENTRIES_IN_CACHE = 2**16
# Nats per iteration: the least tolerance where the outcome is a yardstick only. In four clusters of
# MNIST it left the total of a null up to 3 % below its optimum, where shuffles differ by tens of
# percent, and moved the 99 % level by up to a tenth, as much as another start does.
_COARSE = 1e-2


@dataclass(frozen=True)
class Problem:
    """One correlation matrix to explain."""

    product: Product  # of one correlation matrix, with zero rows for constant columns
    start: FloatArray  # (restarts, m, p) random weights
    coarse: bool = False  # a null need not be exact


@dataclass(frozen=True)
class Factors:
    """The factors of one problem, strongest first; arrays as `LinearCorEx` describes them."""

    weights: FloatArray
    correlation: FloatArray
    mutual_information: FloatArray
    total_correlation: float
    total_correlations: FloatArray
    direct: float
    no_overlap: float
    additivity: float
    history: tuple[FloatArray, ...]
    n_iter: int
    converged: bool
    copies: int

    def on_copies(self, noise_floor: float) -> str:
        """Return what to say of columns that are copies of others."""
        if noise_floor == 0:
            return (
                f"{self.copies} columns are copies of others, whose total correlation is infinite. "
                "Use noise_floor=0.01 to keep it finite."
            )
        return (
            f"{self.copies} columns are copies of others up to noise_floor={noise_floor:g}, which "
            "alone keeps their total correlation finite."
        )

    @classmethod
    def none(cls, m: int, p: int) -> "Factors":
        """Return the factors of nothing: all zero."""
        zero = np.zeros((m, p))
        return cls(zero, zero, zero, 0.0, np.zeros(m), 0.0, 0.0, 0.0, (), 0, True, 0)


def random_start(
    rng: np.random.RandomState, n_restarts: int, n_factors: int, n_variables: int
) -> FloatArray:
    """Return random weights ``(restarts, m, p)``, of any scale."""
    start: FloatArray = rng.standard_normal((n_restarts, n_factors, n_variables))
    return start


def fit_problems(problems: Sequence[Problem], settings: Settings) -> list[list[Factors]]:
    """Return the factors of each problem from each of its starts, best first."""
    found: list[list[Factors]] = [[] for _ in problems]
    jobs: list[Job] = []
    for k, problem in enumerate(problems):
        if bool((problem.product.variances() > 0).any()):
            jobs += [(k, restart) for restart in range(len(problem.start))]
        else:
            found[k] = [Factors.none(*problem.start.shape[1:])]
    if jobs:
        # Nulls last, by themselves: they end sooner than others, and fill what time is left.
        # Those of one kind together: only they share a batch.
        jobs.sort(key=lambda job: (problems[job[0]].coarse, _kind(problems[job[0]])))
        device = problems[jobs[0][0]].product.table.device
        token = current_token()
        tasks = [
            partial(_fit_jobs, problems, part, settings, token)
            for part in _batches(problems, jobs, settings.n_factors, device)
        ]
        n_stages = len(settings.schedule) * len(jobs)
        token.expect(n_stages, "stage")
        bar = progress_bar(
            total=n_stages, desc=_checks.current_call(), shown=settings.progress, unit="stage"
        )
        with token.counting_on(bar):
            batches = parallel_map(tasks, device, always_workers=True, stop=token.stop)
        fitted = chain.from_iterable(batches)
        for (k, _), factors in zip(jobs, fitted, strict=True):
            found[k].append(factors)
    return [sorted(each, key=lambda factors: -factors.total_correlation) for each in found]


def _batches(
    problems: Sequence[Problem], jobs: Sequence[Job], n_factors: int, device: torch.device
) -> list[Sequence[Job]]:
    """Cut the jobs into batches: what fits in memory, on the CPU in its cache."""
    tables = [problems[k].product.table for k, _ in jobs]
    rows, widest = (max(table.shape[side] for table in tables) for side in (1, 2))
    size = _device.rows_per_block(device, 12 * widest * (rows + 50 * n_factors))
    if device.type == "cpu":
        size = min(size, max(1, _ENTRIES_IN_CACHE // (widest * n_factors)))
        size = min(size, ceil(len(jobs) / (os.cpu_count() or 1)))
    batches: list[Sequence[Job]] = []
    for _, alike in groupby(jobs, key=lambda job: _kind(problems[job[0]])):
        part = list(alike)
        batches += [part[begin : begin + size] for begin in range(0, len(part), size)]
    return batches


def _kind(problem: Problem) -> str:
    return type(problem.product).__name__


@torch.inference_mode()
def _fit_jobs(
    problems: Sequence[Problem],
    jobs: Sequence[Job],
    settings: Settings,
    token: ProgressToken,
) -> list[Factors]:
    """Fit starts of problems as one batch, constant columns left out and padded at the end."""
    varying = {k: torch.nonzero(problems[k].product.variances()[0] > 0)[:, 0] for k, _ in jobs}
    packed = stack([problems[k].product for k, _ in jobs], [varying[k] for k, _ in jobs])
    w = packed.table.new_zeros((len(jobs), settings.n_factors, packed.table.shape[2]))
    for row, (k, restart) in enumerate(jobs):
        columns = varying[k]
        start = torch.as_tensor(problems[k].start[restart], dtype=w.dtype, device=w.device)
        w[row, :, : len(columns)] = start[:, columns]
    w /= 10.0 * (packed.times(w) * w).sum(-1, keepdim=True).sqrt()

    tol = np.full(len(jobs), settings.tol)
    tol[[problems[k].coarse for k, _ in jobs]] = max(_COARSE, settings.tol)
    packed, w = type(packed)(as_array(packed.table)), as_array(w)
    with np.errstate(all="ignore"):  # a trial may be out of bounds, and is then refused
        solutions = _solve(packed, w, settings.schedule, tol, settings.max_iter, token)
    return [
        unpack(
            torch.as_tensor(solution.weights),
            tuple(solution.history),
            solution.converged,
            problems[k].product,
            varying[k],
            settings.noise_floor,
        )
        for (k, _), solution in zip(jobs, solutions, strict=True)
    ]


def _solve(
    product: Product,
    w: Array,
    schedule: FloatArray,
    tol: FloatArray,
    max_iter: int,
    token: ProgressToken,
) -> list[Solution]:
    """Anneal by steps found in float32, which takes half the time, while the noise allows it."""
    rough = np.where(schedule > schedule[-1], _ROUGH, 0.0)
    noisy_enough = schedule >= _LEAST_NOISE
    begun: list[Solution] = []
    if noisy_enough.any():
        stages, limits = schedule[noisy_enough], rough[noisy_enough]
        begun = anneal(product, w, stages, tol, max_iter, token, limits, product.single())
        if noisy_enough.all():
            return begun
        w = namespace(w).stack([solution.weights for solution in begun])
        before, last = (full(w, (len(w),), noise) for noise in (stages[-1], schedule[-1]))
        w, _ = rescale(product, w, (noisy(product, w, before) * w).sum(-1), last)
    ended = anneal(product, w, schedule[-1:], tol, max_iter, token)
    for solution, start in zip(ended, begun, strict=False):
        solution.history = [*start.history, *solution.history]
    return ended


def unpack(
    weights: Tensor,
    history: tuple[FloatArray, ...],
    converged: bool,
    product: Product,
    columns: Tensor,
    floor: float,
) -> Factors:
    """Return the factors of weights of `columns` over all columns, by falling total correlation."""
    varying = stack([product], [columns])
    w = weights[:, : len(columns)]
    epsilon = w.new_full((1,), floor)
    rho = noisy(varying, w.unsqueeze(0), epsilon)[0]
    measures = information(w, rho)
    order = torch.argsort(measures.total_correlations, descending=True, stable=True)

    def spread(rows: Tensor) -> FloatArray:
        full = rows.new_zeros((len(rows), product.table.shape[2]))
        full[:, columns] = rows[order]
        result: FloatArray = full.cpu().numpy()
        return result

    return Factors(
        spread(w),
        spread(rho),
        spread(measures.mutual_information),
        measures.total_correlation,
        measures.total_correlations[order].cpu().numpy(),
        measures.direct,
        measures.no_overlap,
        measures.additivity,
        history,
        sum(len(stage) for stage in history),
        converged,
        varying.copies(floor),
    )
