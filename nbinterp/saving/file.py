"""Files that hold numbers and text, and run nothing when read."""

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
    what = f"(fitted={_checks.show(fitted)})"
    name = name_of(fitted)
    if name not in WHOLE:
        classes = ", ".join(kind.type.__name__ for kind in WHOLE.values())
        _checks.fail(
            what,
            f"must be one of {classes}",
            "Use joblib.dump for others, and load such files only from whom you trust.",
            TypeError,
        )
    arrays: dict[str, torch.Tensor] = {}
    tree = encode(what, name, fitted, arrays)
    # One tensor may stand in two places; the file wants each to have memory of its own.
    own = {name: array.contiguous().clone() for name, array in arrays.items()}
    metadata = {"format": _FORMAT, "writer": _version(), "tree": json.dumps(tree)}
    save_file(own, str(path), metadata)


@_checks.named
def load(path: str | Path) -> Any:
    """Return what `save` wrote, in this version of nbinterp or an older one.

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
        If the file holds something else, or was written by a newer nbinterp whose objects this
        one does not know.
    """
    what = f"(path={_checks.show(str(path))})"
    remedy = "Write it with nbinterp.save."
    try:
        found = _read(what, path)
    except (FileNotFoundError, UnknownKindError):
        raise
    except Exception as error:
        # Whatever a file that was cut or made up brings about.
        _checks.fail(what, f"must be a whole file of nbinterp.save ({error})", remedy)
    _checks.require(name_of(found) in WHOLE, what, "must be a file of nbinterp.save", remedy)
    return found


def _read(what: str, path: str | Path) -> Any:
    """Return what a file holds, None if it is not one of nbinterp."""
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
    # The package itself imports this module: it is complete by the time that anyone saves.
    return str(import_module("nbinterp").__version__)
