"""Convert objects to JSON and tensors, and back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from nbinterp import _checks
from nbinterp.saving.kinds import KINDS, kind_of, name_of, restored


def encode(what: str, place: str, value: Any, arrays: dict[str, torch.Tensor]) -> Any:
    """Return `value` as JSON; put its arrays into `arrays`, named by their place."""

    def inner(name: object, part: Any) -> Any:
        return encode(what, f"{place}.{name}", part, arrays)

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
    if type(value) is dict and all(type(name) is str for name in value):
        return {"mapping": {name: inner(name, part) for name, part in value.items()}}
    name = name_of(value)
    if name is None:
        _checks.fail(
            what,
            "must hold numbers, text and objects of nbinterp, "
            f"but {place} is {type(value).__name__}",
            "Use joblib.dump, and load such files only from sources that you trust.",
            TypeError,
        )
    state = {field: inner(field, part) for field, part in value.to_state().items()}
    return {"kind": name, "version": KINDS[name].version, "state": state}


def decode(what: str, tree: Any, tensor: Callable[[str], torch.Tensor], writer: str) -> Any:
    """Return the value from which `encode` made `tree`; `writer` is the version that wrote it."""

    def inner(part: Any) -> Any:
        return decode(what, part, tensor, writer)

    if isinstance(tree, list):
        return [inner(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if "names" in tree:
        return np.array(tree["names"], dtype=object)
    if "array" in tree:
        return tensor(tree["array"]).numpy()
    if "tensor" in tree:
        return tensor(tree["tensor"])
    if "device" in tree:
        return torch.device(tree["device"])
    if "tuple" in tree:
        return tuple(inner(part) for part in tree["tuple"])
    if "mapping" in tree:
        return {name: inner(part) for name, part in tree["mapping"].items()}
    if "sparse" in tree:
        parts = {name: inner(part) for name, part in tree["sparse"].items()}
        entries = (parts["indices"], parts["values"])
        # Already sorted; to check that is much faster than to sort again.
        return torch.sparse_coo_tensor(
            *entries, tree["shape"], is_coalesced=True, check_invariants=True
        )
    # Check the kind first: its state may contain parts that only a newer version can read.
    kind = kind_of(what, tree["kind"], tree["version"], writer)
    state = {name: inner(part) for name, part in tree["state"].items()}
    return restored(kind, tree["version"], state)
