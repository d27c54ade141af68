"""Compare the factors of some rows with what can fail: halves of the rows, and random rows."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nbinterp import _checks, _device
from nbinterp._numerics.parallel import parallel_map
from nbinterp._numerics.progress import current_token, progress_bar
from nbinterp._typing import FloatArray, FloatingArray, IntArray
from nbinterp.corex.linear.correlation import product_of
from nbinterp.corex.linear.estimator import MIN_SAMPLES, LinearCorEx
from nbinterp.corex.linear.gaussianize import learn_columns
from nbinterp.corex.linear.settings import checked_settings
from nbinterp.corex.linear.solver import Problem, fit_problems, random_start
from nbinterp.corex.local.comparison import Comparison, partners, split, stability_of
from nbinterp.corex.local.fit import fit_clone
from nbinterp.corex.local.held_out import HalfFit, Measured, measure_held_out


@dataclass(frozen=True)
class Comparing:
    """What compares the factors of some rows, when that is first asked for.

    Attributes
    ----------
    corex : estimator
        What was fitted.
    data : array of shape (n, p)
        All samples of the fit.
    rows : array of int
        The samples of the factors.
    n_splits : int
        How many times the rows are split into halves.
    """

    corex: Any
    data: FloatingArray
    rows: IntArray
    n_splits: int

    def __call__(self, information: FloatArray) -> Comparison:
        """Return whether factors are found in halves of the rows, and explain more there.

        `information` is their mutual information, of shape (m, p). The halves and random selections
        are the same each time, so that the same rows get the same answer.
        """
        rng = np.random.default_rng(len(self.rows))
        measured = Measured.nothing(len(information))
        found: list[FloatArray] = []
        is_fitted = bool(np.nan_to_num(information).any())
        enough = is_fitted and len(self.rows) >= 2 * MIN_SAMPLES
        halves = split(rng, self.rows, self.n_splits if enough else 0)
        if halves and isinstance(self.corex, LinearCorEx):
            found, measured = _of_linear(self.corex, self.data, halves, information, rng)
        elif halves:
            found = _of_any(self.corex, self.data, halves)
        return Comparison.of(*stability_of(information, found, rng), measured)


def _of_any(corex: Any, data: FloatingArray, halves: list[IntArray]) -> list[FloatArray]:
    """Return the mutual information in all halves."""
    token = current_token()
    token.expect(len(halves), "fit")
    found = []
    shown = getattr(corex, "progress", True)
    for half in progress_bar(halves, desc=_checks.current_call(), shown=shown):
        token.raise_if_cancelled()
        fitted = fit_clone(corex, data[half])
        found.append(np.asarray(fitted.mutual_information_, dtype=np.float64))
        token.done()
    return found


def _of_linear(
    corex: LinearCorEx,
    data: FloatingArray,
    halves: list[IntArray],
    information: FloatArray,
    rng: np.random.Generator,
) -> tuple[list[FloatArray], Measured]:
    """Return the mutual information in all halves, and what those of the first split explain."""
    settings = checked_settings(corex, data.shape[1])
    device, token = _device.of(corex), current_token()
    # What is standardized together need not be standardized in each half.
    method = "standard" if corex.gaussianize == "none" else corex.gaussianize
    columns = [learn_columns(data[half], method) for half in halves]
    token.raise_if_cancelled()
    draw = _checks.generator(int(rng.integers(2**31)))
    starts = random_start(draw, len(halves), settings.n_factors, data.shape[1])
    problems = [
        Problem(product_of(its, data[half], device), start[None], coarse=True)
        for half, its, start in zip(halves, columns, starts, strict=True)
    ]
    fits = [each[0] for each in fit_problems(problems, settings)]
    token.raise_if_cancelled()
    tasks = []
    for at, other in ((0, 1), (1, 0)):
        order = partners(information, fits[at].mutual_information)
        weights, correlation = fits[at].weights[order], fits[at].correlation[order]
        noise = 1.0 - (weights * correlation).sum(1)
        half = HalfFit(halves[at], halves[other], columns[at], weights, noise)
        seed = int(rng.integers(2**31))
        tasks.append(partial(measure_held_out, data, half, settings.noise_floor, seed, device))
    measured = Measured.mean(parallel_map(tasks, device, always_workers=True, stop=token.stop))
    return [fit.mutual_information for fit in fits], measured
