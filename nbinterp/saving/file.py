"""Save and load objects as numbers and text; loading a file runs nothing in it."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from nbinterp import _checks
from nbinterp.saving.kinds import WHOLE, UnknownKindError, name_of
from nbinterp.saving.legacy import modern
from nbinterp.saving.tree import decode, encode

_FORMAT = "nbinterp 2"
_OLD_FORMAT = "nbinterp 1"  # of 0.1.0


@_checks.named
def save(fitted: Any, path: str | Path) -> None:
    """Write a fitted estimator, the factors of a cluster or interactions to a safetensors file.

    Parameters
    ----------
    fitted : LinearCorEx, BioCorEx, LocalCorEx, PHATE or a result of these, of AndOr or SmoothHess
        It is written with everything that its methods need: `LocalCorEx` keeps the data of its fit.
        Networks are not written. Methods of interactions that need one again
        (`SmoothHessian.pmse`, an `output` that is a function) say so after loading.
    path : str or Path
        The file to write. An existing file is replaced.

    Raises
    ------
    TypeError
        If `fitted` is something else, or contains it: another library's estimator as embedding, a
        generator as `random_state`, the fit of a reference engine.

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
    what = f"(fitted={_checks.show(fitted)})"
    name = name_of(fitted)
    if name not in WHOLE:
        classes = ", ".join(kind.type.__name__ for kind in WHOLE.values())
        _checks.fail(
            what,
            f"must be one of {classes}",
            "Use joblib.dump for others, and load such files only from sources that you trust.",
            TypeError,
        )
    arrays: dict[str, torch.Tensor] = {}
    tree = encode(what, name, fitted, arrays)
    # One tensor may be used in two places; the format wants separate memory for each.
    own = {name: array.contiguous().clone() for name, array in arrays.items()}
    metadata = {"format": _FORMAT, "writer": _version(), "tree": json.dumps(tree)}
    save_file(own, str(path), metadata)


@_checks.named
def load(path: str | Path) -> Any:
    """Load what `save` wrote in this version of nbinterp or an older one.

    Tensors are on the CPU; methods move them to the estimator's device as after a fit.

    Parameters
    ----------
    path : str or Path
        The file to read. Nothing in it is run, so it may come from anyone.

    Returns
    -------
    LinearCorEx, BioCorEx, LocalCorEx, PHATE, ClusterFactors, AndOrInteractions or SmoothHessian

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file contains something else, or was written by a newer nbinterp with objects that
        this version does not know.
    """
    what = f"(path={_checks.show(str(path))})"
    remedy = "Write it with nbinterp.save."
    try:
        found = _read(what, path)
    except UnknownKindError:
        raise
    except FileNotFoundError as error:
        _checks.fail(what, "must be a file that exists", remedy, type(error))
    except Exception as error:
        # A truncated or forged file may raise anything.
        _checks.fail(what, f"must be a whole file of nbinterp.save ({error})", remedy)
    _checks.require(name_of(found) in WHOLE, what, "must be a file of nbinterp.save", remedy)
    return found


def _read(what: str, path: str | Path) -> Any:
    """Return the object in a file, or None if it is not a file of nbinterp."""
    with safe_open(str(path), framework="pt") as file:
        metadata = file.metadata() or {}
        form, writer = metadata.get("format", ""), metadata.get("writer", "0.1.0")
        if not form.startswith("nbinterp "):
            return None
        _checks.require(
            form in (_OLD_FORMAT, _FORMAT),
            what,
            f"must have the format {_FORMAT!r} or an older one, not {_checks.show(form)}",
            f"Install the nbinterp that wrote the file, {writer[:20]}, or a later one.",
            UnknownKindError,
        )
        tree = json.loads(metadata["tree"])
        tree = modern(tree) if form == _OLD_FORMAT else tree
        return decode(what, tree, file.get_tensor, writer[:20])


def _version() -> str:
    # Imported here because the package imports this module.
    return str(import_module("nbinterp").__version__)
