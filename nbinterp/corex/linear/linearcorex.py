"""The engine "linearcorex": the authors' program, behind our interface."""

import contextlib
import importlib
import io
import warnings
from types import ModuleType

import numpy as np
import torch

from nbinterp import _checks
from nbinterp._typing import FloatArray
from nbinterp.corex.linear.operators import Product
from nbinterp.corex.linear.settings import Settings
from nbinterp.corex.linear.solver import Factors, unpack


@_checks.call("LinearCorEx")
def fit_with_package(
    scores: FloatArray, product: Product, settings: Settings, random: np.random.RandomState
) -> list[Factors]:
    """Return the factors that linearcorex finds in `scores` from each start, best first.

    Its results are measured as our own are, in float64 with `noise_floor`. It fills missing
    entries with column means.
    """
    module = _module()
    found = []
    for _ in range(settings.n_restarts):
        seed = int(random.randint(2**31 - 1))
        state = np.random.get_state()  # noqa: NPY002 - the package seeds the global generator
        try:
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = module.Corex(
                    n_hidden=settings.n_factors,
                    max_iter=settings.max_iter,
                    tol=settings.tol,
                    anneal=settings.anneal,
                    gaussianize="none",
                    seed=seed,
                ).fit(np.nan_to_num(scores))
        finally:
            np.random.set_state(state)  # noqa: NPY002
        weights = torch.as_tensor(model.ws, dtype=torch.float64)
        _checks.require(
            bool(weights.isfinite().all()),
            "(engine='linearcorex')",
            "must get finite weights from linearcorex, which returned NaN",
            "Use engine='torch'.",
        )
        history = (np.asarray(model.history["TC"], dtype=np.float64),)
        converged = len(history[0]) < settings.max_iter
        columns = torch.arange(scores.shape[1], device=product.table.device)
        weights = weights.to(product.table.device)
        found.append(unpack(weights, history, converged, product, columns, settings.noise_floor))
    return sorted(found, key=lambda factors: -factors.total_correlation)


def _module() -> ModuleType:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it advertises CUDA when imported
            return importlib.import_module("linearcorex")
    except ModuleNotFoundError:
        _checks.fail(
            "(engine='linearcorex')",
            "must find the package linearcorex",
            "Install nbinterp[reference], or use engine='torch'.",
            ModuleNotFoundError,
        )
