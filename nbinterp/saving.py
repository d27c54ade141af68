"""Results in a safetensors file, which holds numbers and text and runs nothing when read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from nbinterp import _checks
from nbinterp._numerics.pca import Reduction
from nbinterp.corex import BioCorEx, ClusterFactors, LinearCorEx, LocalCorEx
from nbinterp.corex.bio_columns import BioColumns
from nbinterp.corex.bio_model import Model
from nbinterp.corex.gaussianize import Columns
from nbinterp.corex.local import _Fitted
from nbinterp.corex.running import RunningMoments
from nbinterp.interactions import AndOr, AndOrInteractions, Players, SmoothHessian
from nbinterp.interactions.outputs import forgotten
from nbinterp.interactions.symmetric import LowRank
from nbinterp.manifold import PHATE
from nbinterp.manifold.diffusion import DiffusionOperator
from nbinterp.manifold.graph import Graph, Walk

_FORMAT = "nbinterp 1"
_SAVED = (
    LinearCorEx,
    BioCorEx,
    LocalCorEx,
    PHATE,
    ClusterFactors,
    AndOrInteractions,
    SmoothHessian,
)
# All that a file may hold besides numbers and text: a class outside this list is never made.
_PARTS = (
    AndOr,
    BioColumns,
    Columns,
    DiffusionOperator,
    Graph,
    LowRank,
    Model,
    Players,
    Reduction,
    RunningMoments,
    Walk,
    _Fitted,
)
_CLASSES: dict[str, type] = {kind.__name__: kind for kind in (*_SAVED, *_PARTS)}


def save(fitted: Any, path: str | Path) -> None:
    """Write a fitted estimator, the factors of a cluster or interactions to a safetensors file.

    Parameters
    ----------
    fitted : LinearCorEx, BioCorEx, LocalCorEx, PHATE or a result of these, of AndOr or SmoothHess
        With all that its methods need later: `LocalCorEx` keeps the data of its fit. A network is
        not written: of interactions, what needs it again (`SmoothHessian.pmse`, an `output` that
        is a function) says so after loading.
    path : str or Path
        The file to write; one that exists is replaced.

    Raises
    ------
    TypeError
        If it is, or holds, something else: another library's estimator as its embedding, a
        generator as its `random_state`, the fit of a reference engine.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp.corex import LinearCorEx
    >>> corex = LinearCorEx(2, random_state=0).fit(load_iris().data)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(corex, Path(folder) / "iris.safetensors")
    ...     load(Path(folder) / "iris.safetensors")
    LinearCorEx(n_factors=2, random_state=0)
    """
    call = f"save(fitted={_checks.show(fitted)})"
    names = ", ".join(kind.__name__ for kind in _SAVED)
    _checks.require(
        type(fitted) in _SAVED,
        call,
        f"must be one of {names}",
        "Use joblib.dump for others, and load such files only from whom you trust.",
        TypeError,
    )
    arrays: dict[str, torch.Tensor] = {}
    tree = _written(call, type(fitted).__name__, fitted, arrays)
    # One tensor may stand in two places; the file wants each to have memory of its own.
    own = {name: array.contiguous().clone() for name, array in arrays.items()}
    save_file(own, str(path), {"format": _FORMAT, "tree": json.dumps(tree)})


def load(path: str | Path) -> Any:
    """Return what `save` wrote.

    Tensors come to the CPU; methods move them to the estimator's device as after a fit.

    Parameters
    ----------
    path : str or Path
        The file to read. Nothing in it is run, whoever wrote it.

    Returns
    -------
    LinearCorEx, BioCorEx, LocalCorEx, PHATE, ClusterFactors, AndOrInteractions or SmoothHessian

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file holds something else.
    """
    call = f"load(path={_checks.show(str(path))})"
    remedy = "Write it with nbinterp.save."
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            is_ours = metadata.get("format") == _FORMAT
            found = _read(json.loads(metadata["tree"]), file.get_tensor) if is_ours else None
    except FileNotFoundError:
        raise
    except Exception as error:
        # Whatever a file that was cut or made up brings about.
        _checks.fail(call, f"must be a whole file of nbinterp.save ({error})", remedy)
    _checks.require(type(found) in _SAVED, call, "must be a file of nbinterp.save", remedy)
    return found


def _written(call: str, place: str, value: Any, arrays: dict[str, torch.Tensor]) -> Any:
    """Return `value` as JSON; its numbers in bulk go to `arrays` under the name of their place."""

    def inner(name: object, part: Any) -> Any:
        return _written(call, f"{place}.{name}", part, arrays)

    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in "OU":
        return {"names": inner("names", value.tolist())}
    if isinstance(value, np.ndarray):
        arrays[place] = torch.from_numpy(np.ascontiguousarray(value).copy())
        return {"array": place}
    if isinstance(value, torch.Tensor) and value.is_sparse:
        entries = value.coalesce()
        parts = {"indices": entries.indices(), "values": entries.values()}
        return {"sparse": {k: inner(k, v) for k, v in parts.items()}, "shape": list(value.shape)}
    if isinstance(value, torch.Tensor):
        arrays[place] = value.detach().cpu()
        return {"tensor": place}
    if isinstance(value, torch.device):
        return {"device": str(value)}
    if type(value) is list:
        return [inner(number, part) for number, part in enumerate(value)]
    if type(value) is tuple:
        return {"tuple": [inner(number, part) for number, part in enumerate(value)]}
    _checks.require(
        type(value) in _CLASSES.values(),
        call,
        f"must hold numbers, text and objects of nbinterp, but {place} is {type(value).__name__}",
        "Use joblib.dump, and load such files only from whom you trust.",
        TypeError,
    )
    return {
        "class": type(value).__name__,
        "state": {name: inner(name, part) for name, part in _state(value).items()},
    }


def _state(value: Any) -> dict[str, Any]:
    """Return what an object is made of, but for networks and functions, which are code."""
    if isinstance(value, _Fitted):
        return value._asdict()
    state = dict(vars(value))
    if isinstance(value, SmoothHessian):
        state["_function"] = None
    if isinstance(value, AndOr) and callable(value.output):
        state["output"] = None
    return state


def _read(tree: Any, array: Callable[[str], torch.Tensor]) -> Any:
    """Return the value that `_written` made `tree` of."""
    if isinstance(tree, list):
        return [_read(part, array) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if "names" in tree:
        return np.array(tree["names"], dtype=object)
    if "array" in tree:
        return array(tree["array"]).numpy()
    if "tensor" in tree:
        return array(tree["tensor"])
    if "device" in tree:
        return torch.device(tree["device"])
    if "tuple" in tree:
        return tuple(_read(part, array) for part in tree["tuple"])
    if "sparse" in tree:
        parts = {name: _read(part, array) for name, part in tree["sparse"].items()}
        return torch.sparse_coo_tensor(
            parts["indices"], parts["values"], tree["shape"], check_invariants=True
        ).coalesce()
    kind = _CLASSES[tree["class"]]
    state = {str(name): _read(part, array) for name, part in tree["state"].items()}
    if kind is _Fitted:
        return kind(**state)
    if kind is AndOr and state["output"] is None:
        state["output"] = forgotten
    made: Any = object.__new__(kind)
    # Not setattr: results are frozen.
    vars(made).update(state)
    return made
