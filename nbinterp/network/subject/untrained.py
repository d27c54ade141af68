"""An untrained copy of a network, to tell what training adds."""

import copy
from typing import Any

import torch
from torch import nn

from nbinterp import _checks
from nbinterp.network.subject.model import device_and_dtype
from nbinterp.network.subject.settings import seeded
from nbinterp.network.subject.subject import Subject


@_checks.named
def untrained(model: nn.Module | Subject, *, random_state: int = 0) -> nn.Module:
    """Return a copy of a network with new random parameters.

    What its layers show as well does not come from training: it is in the data, or in how the
    network is built. Record the same layer of the copy, and compare.

    Parameters
    ----------
    model : torch.nn.Module or Subject
        The network; it stays as it is.
    random_state : int, default=0
        Seeds the new parameters. Other random numbers are as if this had not been called.

    Returns
    -------
    torch.nn.Module
        On the same device, in the same mode, with the same hooks. Each module with parameters of
        its own was reset by its `reset_parameters`, which torch calls when it makes a module;
        running averages of norms are reset, other buffers are kept.

    Raises
    ------
    TypeError
        If `model` is not a Module, or a module has parameters but no `reset_parameters`, as one
        with a parametrization.
    ValueError
        If it is lazy and has not been run yet.

    Examples
    --------
    How many nats do four factors of the fours explain, with training and without?

    >>> from nbinterp import LinearCorEx, LocalCorEx, record, untrained
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> mnist, model = load_mnist(), load_mnist_classifier()
    >>> pixels, digits = mnist.data[:500] / 255, mnist.target[:500]
    >>> nats = []
    >>> for network in (model, untrained(model)):
    ...     nodes = record(network, pixels, "h2").concat("h2")
    ...     local = LocalCorEx(LinearCorEx(4, random_state=0)).fit(nodes, clusters=digits)
    ...     nats.append(local.clusters_[4].total_correlation_)
    >>> [round(value) for value in nats]
    [62, 32]
    """
    module = Subject.of(model).model
    seed = _checks.integer("random_state", random_state, 0)
    for name, part in module.named_modules():
        _check(name or type(part).__name__, part)
    made = copy.deepcopy(module)
    with seeded(seed, device_and_dtype(made)[0]), torch.no_grad():
        # Inner modules first: some, as attention, reset parameters of their parts in their own way.
        for part in reversed(list(made.modules())):
            if _has_own(part):
                _reset_of(part)()
    return made


def _has_own(module: nn.Module) -> bool:
    return next(module.parameters(recurse=False), None) is not None or hasattr(
        module, "reset_running_stats"
    )


def _reset_of(module: nn.Module) -> Any:
    """Return what resets the parameters of a module; None if nothing does."""
    return getattr(module, "reset_parameters", getattr(module, "_reset_parameters", None))


def _check(name: str, module: nn.Module) -> None:
    if not _has_own(module):
        return
    _checks.require(
        callable(_reset_of(module)),
        f"(model=…): {name}, a {type(module).__name__},",
        "must have reset_parameters to get new parameters",
        "Write this method, or make the network anew by its class.",
        TypeError,
    )
