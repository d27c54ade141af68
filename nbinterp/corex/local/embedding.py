"""The embedding that samples are clustered by, and the plane that shows them."""

import copy
from typing import Any

import numpy as np
from sklearn.base import clone

from nbinterp import _checks
from nbinterp._typing import FloatingArray
from nbinterp.manifold.phate import PHATE


def part_of(estimator: Any, random_state: Any, device: str) -> Any:
    """Return a clone of a part, with this seed and this device where it has none of its own."""
    part = clone(estimator)
    params = part.get_params(deep=False)
    if params.get("random_state", 0) is None:
        part.set_params(random_state=random_state)
    if params.get("device") == "auto":
        part.set_params(device=device)
    return part


def checked_embedding(embedding: Any) -> Any:
    """Return what to cluster by; PHATE with 10 dimensions for None."""
    _checks.require(
        embedding is None or hasattr(embedding, "fit_transform"),
        f"(embedding={_checks.show(embedding)})",
        "must be an estimator with fit_transform",
        "Use PHATE(…), or a class of scikit-learn such as PCA(…).",
        TypeError,
    )
    return PHATE(n_components=10) if embedding is None else embedding


def plane(embedder: Any, data: FloatingArray, embedding: FloatingArray | None) -> FloatingArray:
    """Return the samples in the plane, (n, 2): the `embedding` if it is one, else one made anew."""
    if embedding is not None and embedding.shape[1] == 2:
        return embedding
    if "n_components" in embedder.get_params(deep=False):
        # A copy, not a clone: PHATE then draws on the graph that it has already built.
        flat = copy.copy(embedder).set_params(n_components=2)
        drawn: FloatingArray = np.asarray(flat.fit_transform(data))
        return drawn
    if embedding is None:
        embedding = np.asarray(clone(embedder).fit_transform(data))
    wide = np.pad(embedding, ((0, 0), (0, max(0, 2 - embedding.shape[1]))))
    from sklearn.decomposition import PCA  # slow to import, and seldom needed

    projected: FloatingArray = PCA(n_components=2).fit_transform(wide)
    return projected
