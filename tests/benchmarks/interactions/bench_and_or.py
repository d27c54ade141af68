"""AND/OR interactions against shapiq, the authors' optimizer and linear programming.

Both times of a ratio come from one run of this file. Run as
``python tests/benchmarks/interactions/bench_and_or.py``.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from interactions.games import problem, relu_game, relu_games
from scipy.optimize import linprog

from nbinterp.interactions import and_interactions
from nbinterp.interactions.andor.solver import lp
from nbinterp.interactions.andor.solver.solve import solve
from nbinterp.interactions.moebius import and_, or_
from nbinterp.interactions.subsets import players_of

SGD_STEPS = 20_000


def timed(call, repeats=1):
    """Return the shortest time of `call` in seconds, and what it returned."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        answer = call()
        times.append(time.perf_counter() - begin)
    return min(times), answer


def moebius_row(n=12):
    """All AND interactions against shapiq's exact computer on the same values."""
    from shapiq import ExactComputer, Game

    v = relu_game(n, 0)

    class Table(Game):
        def __init__(self):
            super().__init__(n_players=n, normalize=False)

        def value_function(self, coalitions):
            return v[(coalitions @ (1 << np.arange(n))).astype(int)]

    computer = ExactComputer(Table(), n_players=n)
    computer("SV", order=1)  # computes and stores the values of the game, which are not timed
    theirs_seconds, theirs = timed(lambda: computer("Moebius", order=n))
    ours_seconds, ours = timed(lambda: and_interactions(v), 20)
    worst = max(abs(theirs[players_of(k)] - ours[k]) for k in range(1, 2**n))
    line("AND interactions, n = 12, shapiq", ours_seconds, theirs_seconds)
    print(f"    largest difference {worst:.1e}")


def momentum_sgd(v, rate, steps):
    """Return the objective after SGD as in the paper: dense float32 matrices, momentum 0.9.

    The rate falls to a tenth, as in the authors' program for one model.
    """
    size = len(v)
    unit = torch.eye(size, dtype=torch.float64)
    into_and, into_or = (transform(unit).T.float() for transform in (and_, or_))
    values = torch.as_tensor(v, dtype=torch.float32)
    gamma = torch.zeros(size, requires_grad=True)
    optimizer = torch.optim.SGD([gamma], lr=rate, momentum=0.9)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.1 ** (1 / SGD_STEPS))
    for _ in range(steps):
        optimizer.zero_grad()
        half = values / 2
        loss = (into_and @ (half + gamma)).abs().sum() + (into_or @ (half - gamma)).abs().sum()
        loss.backward()
        optimizer.step()
        schedule.step()
    return float(loss.detach())


def eq_4_row(n=10):
    """Eq. 4 against momentum SGD and the linear program."""
    one = problem(relu_games(n, [0]))
    v = one.values[0, 0].numpy()
    # The best of three learning rates counts.
    rates = (1e-6, 1e-5, 1e-4)
    runs = [timed(lambda rate=rate: momentum_sgd(v, rate, SGD_STEPS)) for rate in rates]
    rate, (sgd_seconds, sgd) = min(zip(rates, runs, strict=True), key=lambda run: run[1][1])
    lp_seconds, exact = timed(lambda: lp.solve(one))
    best = float(exact.objective)
    seconds, split = timed(lambda: solve(one, "pdhg", tol=1e-2, max_iter=5000), 3)
    line("Eq. 4, n = 10, momentum SGD (20,000 steps)", seconds, sgd_seconds)
    line("Eq. 4, n = 10, linear program (interior point)", seconds, lp_seconds)
    gap = float(1 - split.bound / split.objective)
    print(
        f"    above the optimum: ours {float(split.objective) / best - 1:.2%} (proven {gap:.2%}), "
        f"SGD {sgd / best - 1:.2%} at rate {rate:g}"
    )


def eq_6_row(n=8):
    """Eq. 6 for two models against the linear program, by interior point and by simplex."""
    one = problem(relu_games(n, [0, 1]), 1 / 9, 0.02)
    interior_seconds, exact = timed(lambda: lp.solve(one))
    best = float(exact.objective)
    original = lp.linprog
    lp.linprog = lambda *a, **k: linprog(*a, **{**k, "method": "highs"})
    try:
        default_seconds, _ = timed(lambda: lp.solve(one))
    finally:
        lp.linprog = original
    for tol in (5e-3, 1e-3):
        seconds, split = timed(lambda tol=tol: solve(one, "pdhg", tol=tol, max_iter=5000), 3)
        line(f"Eq. 6, two models, n = 8, tol {tol:g}, interior point LP", seconds, interior_seconds)
        line("    and SciPy's default LP", seconds, default_seconds)
        gap = float(1 - split.bound / split.objective)
        above = float(split.objective) / best - 1
        print(f"    above the optimum: {above:.3%} (proven {gap:.3%})")


def line(name, ours, theirs):
    """Print one ratio."""
    print(
        f"{name:<52} {ours * 1e3:9.2f} ms {theirs * 1e3:11.1f} ms {theirs / ours:8.1f} x",
        flush=True,
    )


def main():
    """Print the table."""
    warnings.simplefilter("ignore")
    print(f"{'':<52} {'ours':>12} {'reference':>14} {'ratio':>10}")
    moebius_row()
    solve(problem(relu_games(8, [0, 1]), 0.1, 0.02), "pdhg", tol=0.1, max_iter=100)  # warm up
    eq_6_row()
    eq_4_row()


if __name__ == "__main__":
    main()
