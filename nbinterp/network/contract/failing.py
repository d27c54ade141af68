"""Say which layer of a model failed, on what, and the way out."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from types import FrameType
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from nbinterp import _checks
from nbinterp.network.contract.passes import Text
from nbinterp.network.data.batches import tensors

RUNS = (
    "must run on batches of any size, but a batch of {} raised {}",
    "Call the model on a few samples first, and wrap it if it needs batches of one size.",
)
_AGAIN = (
    "must run as often as it is called, but a later pass with the same samples raised {}",
    "Look for what it keeps from one pass to the next, and reset that at the start of forward.",
)
_TAKES = (
    "must be samples that the model takes, but {} raised {}",
    "Pass samples of the shape and type with which it was trained, named as its forward names its"
    " arguments if there are several. A model that needs batches of one size must be wrapped.",
)

_INFERENCE = (
    "must have weights that can be differentiated, but they were made in inference mode",
    "Make or load the model outside of torch.inference_mode(), or pass copy.deepcopy(model).",
)

_OF_SIZES = (RuntimeError, IndexError, AssertionError)  # what torch raises
_OF_DATA = (*_OF_SIZES, ValueError, TypeError, KeyError)
_LONGEST = 200


@contextmanager
def takes(batch: Any) -> Iterator[None]:
    """Refuse samples on which the model does not run in the block; the error is the cause.

    Errors of our own pass, and so do those without words, as torch raises none.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except _OF_DATA as error:
        if _checks.is_ours(error) or not str(error).strip():
            raise
        _refuse(f"(data) with {_kind(batch)}", error)


@contextmanager
def any_size(n: int) -> Iterator[None]:
    """Refuse a model that does not run in the block, on a batch of `n` samples."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except _OF_SIZES as error:
        if is_of_size(error):
            _checks.fail("(model)", *size_fault(error, n), cause=error)
        _refuse("(data)", error)


def is_of_size(error: Exception) -> bool:
    """Return whether an error may come from how many samples there are; of torch's layers none."""
    if not isinstance(error, _OF_SIZES) or isinstance(error, torch.OutOfMemoryError):
        return False
    frame = _innermost(error)
    return frame is None or not _is_part_of_torch(frame.f_locals["self"])


def size_fault(error: Exception, n: int) -> Text:
    """Return what a model must do that raised `error` for a batch of `n` samples."""
    return RUNS[0].format("one sample" if n == 1 else f"{n} samples", _words(error)), RUNS[1]


def again_fault(error: Exception) -> Text:
    """Return what a model must do that raised `error` in a later pass."""
    return _AGAIN[0].format(_words(error)), _AGAIN[1]


def gradient_fault(model: nn.Module) -> Text | None:
    """Return what the weights of a model must be for derivatives, if they are not."""
    values = chain(model.parameters(), model.buffers())
    return _INFERENCE if any(value.is_inference() for value in values) else None


def _refuse(what: str, error: Exception) -> NoReturn:
    must = _TAKES[0].format(_place(error), _words(error))
    _checks.fail(what, must, _TAKES[1], cause=error)


def _place(error: Exception) -> str:
    """Return the innermost module of the model in which an error was raised, and what it got."""
    frame, outermost = _innermost(error), next(_frames(error), None)
    if frame is None or outermost is None:
        return "it"
    module, root = frame.f_locals["self"], outermost.f_locals["self"]
    name = next((name for name, part in root.named_modules() if part is module), "")
    if not name:
        return "it"
    code = frame.f_code
    given = (frame.f_locals.get(each) for each in code.co_varnames[1 : code.co_argcount])
    got = next((item for item in given if isinstance(item, Tensor)), None)
    told = "" if got is None else f", which got {tuple(got.shape)} of {_type(got)}"
    kind = repr(module) if not any(module.children()) else type(module).__name__
    return f"layer {name!r}, {kind}{told},"


def _innermost(error: BaseException) -> FrameType | None:
    frame = None
    for each in _frames(error):
        frame = each
    return frame


def _frames(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames of an error in which a module runs, the outermost first."""
    at = error.__traceback__
    while at is not None:
        if isinstance(at.tb_frame.f_locals.get("self"), nn.Module):
            yield at.tb_frame
        at = at.tb_next


def _is_part_of_torch(module: nn.Module) -> bool:
    ours = type(module).__module__.startswith("torch.nn.modules")
    return ours and not any(True for _ in islice(module.children(), 1))


def _words(error: Exception) -> str:
    """Return the first sentence of an error, in one line."""
    text = " ".join(str(error).split())[:_LONGEST].rstrip(".").replace(". ", "; ")
    return f"{type(error).__name__}: {text}"


def _kind(batch: Any) -> str:
    parts = [
        f"{f'{name!r} ' if name else ''}samples of shape {tuple(part.shape[1:])} and {_type(part)}"
        for name, part in tensors(batch).items()
    ]
    return " and ".join(parts)


def _type(part: Tensor) -> str:
    return str(part.dtype).removeprefix("torch.")
