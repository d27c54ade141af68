"""Run the package `phate` from PyPI behind the interface of `PHATE`, for comparison."""

import importlib
import logging
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nbinterp import _checks
from nbinterp._typing import FloatingArray
from nbinterp.manifold import mds

if TYPE_CHECKING:
    from nbinterp.manifold.phate import PHATE


def fit_package(settings: "PHATE", data: FloatingArray) -> dict[str, Any]:
    """Run the package with the same settings; return the fitted attributes."""
    try:
        package = importlib.import_module("phate")
    except ModuleNotFoundError:
        _checks.fail(
            "(engine='phate')",
            "must have the package phate installed",
            "Install it with pip install 'nbinterp[reference]', or use engine='torch'.",
            ImportError,
        )
    operator = package.PHATE(
        n_components=settings.n_components,
        knn=settings.n_neighbors,
        decay=settings.decay,
        n_landmark=settings.n_landmarks,
        t=settings.t,
        gamma=settings.gamma,
        n_pca=settings.n_pca,
        mds=settings.mds,
        random_state=settings.random_state,
        verbose=0,
    )
    embedding = _quietly(operator.fit_transform, data)
    # The public `diff_potential` covers all samples; the map is fitted to the landmarks' potential.
    potentials = torch.as_tensor(np.asarray(operator._diff_potential))
    return {
        "embedding_": embedding,
        "t_": int(operator.optimal_t if settings.t == "auto" else settings.t),
        "von_neumann_entropy_": np.asarray(operator._von_neumann_entropy()[1]),
        "stress_": mds.stress(mds.distances(potentials), torch.as_tensor(operator.embedding)),
        "neighbor_recall_": 1.0,
        "_package": operator,
    }


def transform_package(operator: Any, data: FloatingArray) -> FloatingArray:
    """Place new samples with a fitted operator of the package."""
    placed: FloatingArray = np.asarray(_quietly(operator.transform, data))
    return placed


def _quietly(function: Any, data: FloatingArray) -> Any:
    """Return ``function(data)`` without the package's warnings, which name its own settings.

    Its warnings about convergence come through a logger that writes to standard output.
    """
    logger = logging.getLogger("graphtools")
    before = logger.disabled
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.disabled = True
        try:
            return function(data)
        finally:
            logger.disabled = before
