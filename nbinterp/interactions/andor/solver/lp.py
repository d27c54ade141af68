"""Solve the split by linear programming: exact, for few players."""

from functools import partial

import numpy as np
import torch
from scipy import sparse
from scipy.optimize import linprog

from nbinterp import _checks
from nbinterp._numerics.parallel import interruptible
from nbinterp._numerics.progress import current_token
from nbinterp.interactions.andor.solver.problem import Problem, Split, empty_split, objective
from nbinterp.interactions.moebius import n_players

# Coalitions times models; solving takes up to two minutes.
MOST_UNKNOWNS = 2048


@_checks.call("AndOr")
def solve(problem: Problem) -> Split:
    """Return the optimal split of each sample, by HiGHS.

    HiGHS's interior point method moves the optimum to a vertex of the polytope, where as few
    interactions are non-zero as possible, apart from degenerate cases.

    Parameters
    ----------
    problem : Problem
        The batch; at most `MOST_UNKNOWNS` coalitions times models.

    Returns
    -------
    Split
        `bound` equals `objective` where HiGHS reports an optimum, and is 0 elsewhere.
    """
    samples, models, size = problem.values.shape
    _checks.require(
        models * size <= MOST_UNKNOWNS,
        f"(solver='lp') with {n_players(problem.values)} players and {models} models",
        f"must have at most {MOST_UNKNOWNS} coalitions times models, not {models * size}",
        "Use solver='pdhg', or group the inputs into fewer players.",
    )
    split = empty_split(problem)
    token = current_token()
    for sample in range(samples):
        token.raise_if_cancelled()
        one = problem.rows(torch.tensor([sample]))
        answer = _solve_one(one)
        if answer is not None:
            device = problem.values.device
            split.gamma[sample] = torch.as_tensor(answer[0], device=device)
            split.noise[sample] = torch.as_tensor(answer[1], device=device)
            split.bound[sample] = answer[2]
    split.objective[:] = objective(problem, split.gamma, split.noise)
    return split


def _solve_one(problem: Problem) -> tuple[object, object, float] | None:
    """Return γ and ε (models, 2^n) and the optimum, for a batch of one sample.

    The unknowns are, in blocks of 2^n: the shared γ, the specific γ of each model, ε of each,
    the positive and negative parts of AND and OR interactions of each, and the maxima.
    """
    values = problem.values[0].cpu().numpy()
    models, size = values.shape
    moebius, reversed_moebius = _matrices(n_players(problem.values))
    unit, free = sparse.identity(size, format="csr"), np.full(size, np.inf)
    n_blocks = 1 + 6 * models + 2
    equal, right, below = [], [], []
    for model in range(models):
        specific, noise, parts = 1 + model, 1 + models + model, 1 + 2 * models + 4 * model
        for kind, (matrix, sign) in enumerate(((moebius, 1.0), (reversed_moebius, -1.0))):
            plus = parts + 2 * kind
            equal.append(
                _row(
                    n_blocks,
                    {
                        0: sign * matrix,
                        specific: sign * matrix,
                        noise: -0.5 * matrix,
                        plus: -unit,
                        plus + 1: unit,
                    },
                )
            )
            right.append(-matrix @ values[model] / 2)
            below.append(_row(n_blocks, {plus: unit, plus + 1: unit, 1 + 6 * models + kind: -unit}))
    reach = [np.full(size, bound) for bound in problem.specific_bound[0].tolist()]
    limits = [*reach, *problem.noise_limits[0].cpu().numpy()]
    low = np.concatenate(
        [-free, *(-limit for limit in limits)] + [0 * values[0]] * (4 * models + 2)
    )
    high = np.concatenate([free, *limits] + [free] * (4 * models + 2))
    weights = [0.0] * (1 + 2 * models) + [problem.alpha] * (4 * models) + [1.0, 1.0]
    solved = partial(
        linprog,
        np.repeat(weights, size),
        A_ub=sparse.vstack([_stacked(row, size) for row in below], format="csr"),
        b_ub=np.zeros(len(below) * size),
        A_eq=sparse.vstack([_stacked(row, size) for row in equal], format="csr"),
        b_eq=np.concatenate(right),
        bounds=np.column_stack([low, high]),
        method="highs-ipm",
    )
    answer = interruptible(solved)
    if answer.status != 0:
        return None
    blocks = answer.x.reshape(n_blocks, size)
    return blocks[:1] + blocks[1 : 1 + models], blocks[1 + models : 1 + 2 * models], answer.fun


def _matrices(n: int) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Return the matrices of AND and OR interactions."""
    one = sparse.csr_matrix([[1.0, 0.0], [-1.0, 1.0]])
    moebius = sparse.csr_matrix([[1.0]])
    for _ in range(n):
        moebius = sparse.kron(one, moebius, format="csr")
    first = sparse.csr_matrix(([1.0], ([0], [0])), shape=(1, 2**n))
    return moebius, sparse.vstack([first, -moebius[1:, ::-1]], format="csr")


def _row(n_blocks: int, blocks: dict[int, sparse.csr_matrix]) -> list[sparse.csr_matrix | None]:
    return [blocks.get(block) for block in range(n_blocks)]


def _stacked(row: list[sparse.csr_matrix | None], size: int) -> sparse.csr_matrix:
    empty = sparse.csr_matrix((size, size))
    return sparse.hstack([empty if block is None else block for block in row], format="csr")
