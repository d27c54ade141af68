"""One switch for all fast paths, so that a wrong one can be ruled out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from nbinterp import _checks

_VARIABLE = "NBINTERP_FAST_PATHS"
_ENABLED: ContextVar[bool | None] = ContextVar("fast paths", default=None)


@contextmanager
def fast_paths(enabled: bool) -> Iterator[None]:
    """Allow or forbid fast paths through a model in the ``with`` block.

    A fast path gives the same numbers up to rounding in less time: it runs only what lies behind
    an edit (`perturb`, `ablation_study`, `sensitivity_study`), updates the first Linear behind
    ablated nodes instead of computing it anew (`ablation_study`), or takes gradients at the first
    Linear instead of at the input (`SmoothHess`). It is taken where one watched forward pass
    proves that what lies behind reads nothing but the edited layer, by known functions that
    compute each row by itself, in a model without hooks. All other models run as a whole. If you
    doubt a result, compute it again without.

    The environment variable ``NBINTERP_FAST_PATHS=0`` forbids them everywhere. A `Perturbation`
    keeps what was proven when it was made, and uses it as long as the model stays the same.

    Parameters
    ----------
    enabled : bool
        Whether fast paths may be taken.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import torch
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> from nbinterp.network import ablation_study, fast_paths, record
    >>> X, y = load_iris(return_X_y=True)
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))
    >>> table = record(model, X, layers="1").concat("1")
    >>> factors = LocalCorEx(LinearCorEx(1, random_state=0)).fit(table).fit_selection(y == 1)
    >>> with fast_paths(False):
    ...     ablation_study(model, X, factors, layer="1", y=y, sizes=[2], n_random=3)
    AblationStudy('1', mode='zero': 1 factors × 1 sizes × 5 groups, 3 random draws...)
    """
    with _checks.call("fast_paths"):
        token = _ENABLED.set(_checks.boolean("enabled", enabled))
    try:
        yield
    finally:
        _ENABLED.reset(token)


def fast_paths_enabled() -> bool:
    """Return whether fast paths may be taken: by the innermost block, else by the variable."""
    enabled = _ENABLED.get()
    return os.environ.get(_VARIABLE, "1") != "0" if enabled is None else enabled
