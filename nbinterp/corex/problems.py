"""From correlation matrices to factors: pack the problems into batches, fit, unpack."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nbinterp import _device
from nbinterp.corex.correlation import copies
from nbinterp.corex.annealing import Solution, anneal
from nbinterp.corex.linear_update import Dense, noisy
from nbinterp.corex.moments import information

Matrix = npt.NDArray[np.float64]

# The noise of the stages before the last. The authors' program takes six, 0.6 to 0.6^6; with
# curvature known these three lead to optima as good.
_ANNEALING = (0.6, 0.3, 0.1)
_COARSE = 1e-3  # nats an iteration: the least tolerance where the outcome is a yardstick only


@dataclass(frozen=True)
class Settings:
    """How to fit: the checked parameters of `LinearCorEx`."""

    n_factors: int
    max_iter: int
    tol: float
    anneal: bool
    noise_floor: float
    n_restarts: int

    @property
    def schedule(self) -> Matrix:
        """The annealing noise of each stage."""
        stages = [noise for noise in _ANNEALING if self.anneal and noise > self.noise_floor]
        return np.array([*stages, self.noise_floor])


@dataclass(frozen=True)
class Problem:
    """One correlation matrix to explain."""

    correlation: Tensor  # (p, p), zero rows for constant columns
    start: Matrix  # (restarts, m, p) random weights
    coarse: bool = False  # a null need not be exact


@dataclass(frozen=True)
class Factors:
    """The factors of one problem, strongest first; arrays as `LinearCorEx` describes them."""

    weights: Matrix
    correlation: Matrix
    mutual_information: Matrix
    total_correlation: float
    total_correlations: Matrix
    direct: float
    no_overlap: float
    additivity: float
    history: tuple[Matrix, ...]
    n_iter: int
    converged: bool
    copies: int

    @classmethod
    def none(cls, m: int, p: int) -> "Factors":
        """Return the factors of nothing: all zero."""
        zero = np.zeros((m, p))
        return cls(zero, zero, zero, 0.0, np.zeros(m), 0.0, 0.0, 0.0, (), 0, True, 0)


def random_start(
    rng: np.random.RandomState, n_restarts: int, n_factors: int, n_variables: int
) -> Matrix:
    """Return random weights ``(restarts, m, p)``, of any scale."""
    start: Matrix = rng.standard_normal((n_restarts, n_factors, n_variables))
    return start


def fit_problems(problems: Sequence[Problem], settings: Settings) -> list[list[Factors]]:
    """Return the factors of each problem from each of its starts, best first."""
    found: list[list[Factors]] = [[] for _ in problems]
    jobs: list[tuple[int, int]] = []
    for k, problem in enumerate(problems):
        if bool((problem.correlation.diagonal() > 0).any()):
            jobs += [(k, restart) for restart in range(len(problem.start))]
        else:
            found[k] = [Factors.none(*problem.start.shape[1:])]
    if jobs:
        widest = max(problems[k].correlation.shape[0] for k, _ in jobs)
        device = problems[jobs[0][0]].correlation.device
        size = _device.rows_per_block(device, 8 * widest * (widest + 20 * settings.n_factors))
        for begin in range(0, len(jobs), size):
            part = jobs[begin : begin + size]
            for (k, _), factors in zip(part, _fit_jobs(problems, part, settings), strict=True):
                found[k].append(factors)
    return [sorted(each, key=lambda factors: -factors.total_correlation) for each in found]


def _fit_jobs(
    problems: Sequence[Problem], jobs: Sequence[tuple[int, int]], settings: Settings
) -> list[Factors]:
    """Fit starts of problems as one batch, constant columns left out and padded at the end."""
    varying = {k: torch.nonzero(problems[k].correlation.diagonal() > 0)[:, 0] for k, _ in jobs}
    width = max(len(columns) for columns in varying.values())
    first = problems[jobs[0][0]].correlation
    packed = first.new_zeros((len(jobs), width, width))
    w = first.new_zeros((len(jobs), settings.n_factors, width))
    for row, (k, restart) in enumerate(jobs):
        columns = varying[k]
        packed[row, : len(columns), : len(columns)] = problems[k].correlation[columns][:, columns]
        start = torch.as_tensor(problems[k].start[restart], dtype=w.dtype, device=w.device)
        w[row, :, : len(columns)] = start[:, columns]
    w /= 10.0 * ((w @ packed) * w).sum(-1, keepdim=True).sqrt()

    schedule = settings.schedule
    tol = np.full(len(jobs), settings.tol)
    tol[[problems[k].coarse for k, _ in jobs]] = max(_COARSE, settings.tol)
    solutions = anneal(Dense(packed), w, schedule, tol, settings.max_iter)
    return [
        _unpack(solution, problems[k].correlation, varying[k], settings.noise_floor)
        for (k, _), solution in zip(jobs, solutions, strict=True)
    ]


def _unpack(solution: Solution, correlation: Tensor, columns: Tensor, floor: float) -> Factors:
    """Return the factors of a solution over all columns, by falling total correlation."""
    square = correlation[columns][:, columns]
    w = solution.weights[:, : len(columns)]
    epsilon = w.new_full((1,), floor)
    rho = noisy(Dense(square.unsqueeze(0)), w.unsqueeze(0), epsilon)[0]
    measures = information(w, rho)
    order = torch.argsort(measures.total_correlations, descending=True, stable=True)

    def spread(rows: Tensor) -> Matrix:
        full = rows.new_zeros((len(rows), len(correlation)))
        full[:, columns] = rows[order]
        result: Matrix = full.cpu().numpy()
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
        tuple(solution.history),
        sum(len(stage) for stage in solution.history),
        solution.converged,
        copies(square, floor),
    )
