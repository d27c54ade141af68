"""Factors in a safetensors file, which holds numbers and text and runs nothing when read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from nbinterp import _checks
from nbinterp.corex.cluster_factors import ClusterFactors
from nbinterp.corex.gaussianize import Columns

_FORMAT = "nbinterp factors 1"
_ARRAYS = ("indices", "weights_", "correlation_", "mutual_information_", "total_correlations_")
_VALUES = (
    "name",
    "feature_names",
    "total_correlation_",
    "n_iter_",
    "converged_",
    "null_total_correlation_",
    "null_mutual_information_",
    "note",
)
_COLUMNS = ("mean", "scale", "score_mean", "score_scale")


def save_factors(path: str | Path, factors: ClusterFactors) -> None:
    """Write the factors of one cluster or selection to a safetensors file.

    Parameters
    ----------
    path : str or Path
        The file to write.
    factors : ClusterFactors
        Of `LinearCorEx`, whose fit is arrays.

    Raises
    ------
    TypeError
        If the factors are of another method.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> X, y = load_iris(as_frame=True, return_X_y=True)
    >>> local = LocalCorEx(LinearCorEx(2), random_state=0).fit(X, labels=y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_factors(Path(folder) / "setosa.safetensors", local.clusters_[0])
    ...     load_factors(Path(folder) / "setosa.safetensors").name
    'cluster 0'
    """
    columns = factors._columns
    if columns is None:
        method = type(factors._estimator).__name__
        _checks.fail(
            f"save_factors(factors={_checks.show(factors)})",
            f"must be factors of LinearCorEx, not of {method}",
            "Use joblib.dump, and load such files only from whom you trust.",
            TypeError,
        )
    arrays = {name: getattr(factors, name) for name in _ARRAYS}
    arrays |= {f"columns.{name}": getattr(columns, name) for name in _COLUMNS}
    arrays |= {f"history.{i}": stage for i, stage in enumerate(factors.history_)}
    if columns.ranked is not None:
        arrays["columns.ranked"] = columns.ranked
    values = {name: getattr(factors, name) for name in _VALUES} | {"way": columns.way}
    metadata = {"format": _FORMAT, "values": json.dumps(values)}
    packed = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(packed, str(path), metadata)


def load_factors(path: str | Path) -> ClusterFactors:
    """Return the factors that `save_factors` wrote.

    Parameters
    ----------
    path : str or Path
        The file to read.

    Returns
    -------
    ClusterFactors

    Raises
    ------
    ValueError
        If the file holds something else.
    """
    with safe_open(str(path), framework="numpy") as file:
        metadata = file.metadata() or {}
        _checks.require(
            metadata.get("format") == _FORMAT,
            f"load_factors(path={_checks.show(str(path))})",
            "must be a file of save_factors",
            "Write it with save_factors.",
        )
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    values: dict[str, Any] = json.loads(metadata["values"])
    columns = Columns(
        way=values.pop("way"),
        ranked=arrays.get("columns.ranked"),
        **{name: arrays[f"columns.{name}"] for name in _COLUMNS},
    )
    stages = sum(name.startswith("history.") for name in arrays)
    return ClusterFactors(
        **values,
        **{name: arrays[name] for name in _ARRAYS},
        history_=[arrays[f"history.{i}"] for i in range(stages)],
        _columns=columns,
    )
