"""Choose the device and the sizes of blocks; leave what the caller has set torch to do."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from nbinterp import _checks

# Blocks leave most of the free memory to the user's own tensors.
_SHARE_OF_FREE_MEMORY = 0.25
CPU_BLOCK_BYTES = 256 * 2**20
_AUTOCAST_DEVICES = ("cpu", "cuda")

# glibc returns freed blocks to the system and maps the next one again, with a page fault every 4
# kB, until a block of the largest size that it keeps has been freed once. This is that block.
torch.empty(31 * 2**20, dtype=torch.uint8)


def resolve(device: str | torch.device = "auto") -> torch.device:
    """Return the device to compute on: `"auto"` is CUDA if available, else the CPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError):
        _checks.fail(
            f"(device={device!r})",
            "must be 'auto' or a device that torch knows",
            "Use 'auto', 'cpu' or 'cuda'.",
        )
    _checks.require(
        resolved.type != "cuda" or torch.cuda.is_available(),
        f"(device={device!r})",
        "must be a device of this machine, which has no CUDA device",
        "Use 'auto' or 'cpu'.",
    )
    return resolved


def of(estimator: Any) -> torch.device:
    """Return the device of an estimator, from its parameter `device`; errors name its class."""
    with _checks.call(type(estimator).__name__):
        return resolve(estimator.device)


def rows_per_block(device: torch.device, bytes_per_row: int) -> int:
    """Return how many rows of `bytes_per_row` a block may hold on `device`, at least one."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        budget = int(free * _SHARE_OF_FREE_MEMORY)
    else:
        budget = CPU_BLOCK_BYTES
    return max(1, budget // max(1, bytes_per_row))


@contextmanager
def without_modes() -> Iterator[None]:
    """Leave inference mode, autocast and the default device "meta" in the ``with`` block.

    Tensors made in inference mode can neither be differentiated nor be changed later, autocast
    rounds products to half precision, and tensors on "meta" have no numbers.
    """
    with ExitStack() as stack:
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
        for device in _AUTOCAST_DEVICES:
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        if torch.get_default_device().type == "meta":
            stack.enter_context(torch.device("cpu"))
        yield


@contextmanager
def own_tensors() -> Iterator[None]:
    """Leave inference mode, autocast and the caller's default device in the ``with`` block.

    For code that runs no model of the caller, whose forward may count on that device.
    """
    with ExitStack() as stack:
        stack.enter_context(without_modes())
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        yield
