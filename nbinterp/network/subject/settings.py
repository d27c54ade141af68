"""The settings of torch under which models run, whatever the caller has set around a call."""

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from nbinterp import _device


@contextmanager
def plain_settings() -> Iterator[None]:
    """Leave inference mode, autocast and "meta", and run compiled models eagerly, in the block.

    Tensors made in inference mode cannot be differentiated, autocast rounds activations, tensors on
    the device "meta" have no numbers, and compiled code does not see hooks that were registered
    after it was made.
    """
    with _device.without_modes(), eager():
        yield


class _Stance:
    """How many callers run compiled models eagerly. The stance of the compiler is global."""

    def __init__(self) -> None:
        self.lock, self.callers = threading.Lock(), 0
        self.own: Any = None

    def begin(self) -> None:
        with self.lock:
            if self.callers == 0:
                self.own = torch.compiler.set_stance("force_eager")  # it holds the one before
            self.callers += 1

    def end(self) -> None:
        with self.lock:
            self.callers -= 1
            if self.callers == 0:
                self.own.__exit__(None, None, None)


_STANCE = _Stance()


@contextmanager
def eager() -> Iterator[None]:
    """Run compiled models without their compiled code in the ``with`` block, in all threads.

    Callers may overlap: the last one restores the stance.
    """
    if "torch._dynamo" not in sys.modules:  # nothing has been compiled, and to load it takes long
        yield
        return
    _STANCE.begin()
    try:
        yield
    finally:
        _STANCE.end()


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed all global generators in the ``with`` block, and restore them afterwards."""
    cuda = [device] if device.type == "cuda" else []
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    with torch.random.fork_rng(devices=cuda):
        # torch.manual_seed also takes notes for devices that are not there, for some milliseconds.
        torch.default_generator.manual_seed(seed)
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)


def generator_states(device: torch.device) -> tuple[Any, ...]:
    """Return the states of all global generators that a forward pass on `device` may draw from."""
    numpy_state: Any = np.random.get_state()  # noqa: NPY002
    states = [torch.get_rng_state().numpy().tobytes()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device).numpy().tobytes())
    return (*states, numpy_state[1].tobytes(), numpy_state[2:], random.getstate())
