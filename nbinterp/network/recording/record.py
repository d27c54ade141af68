"""Record what the layers of a network put out for many samples, in one pass."""

import copy
import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from nbinterp import _checks, _device
from nbinterp._typing import BoolArray, IntArray
from nbinterp.network.data.batches import batches, count, each, n_samples, parts
from nbinterp.network.recording.recorder import Recorder
from nbinterp.network.recording.recording import Recording, layer_file, node_names
from nbinterp.network.recording.storage import InFile, InMemory, Store, new_folder
from nbinterp.network.subject.hooks import evaluating, forward, home, watching

__all__ = ["Recording", "record"]

# Enough to keep the processor busy, and few enough that maps of images stay in its cache.
_BATCH_SIZE = 512


@_checks.named
def record(
    model: nn.Module,
    data: Any,
    layers: str | Sequence[str],
    *,
    output_names: Sequence[object] | None = None,
    batch_size: int = _BATCH_SIZE,
    dtype: str = "float32",
    folder: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> Recording:
    """Record what layers of a network put out, for all samples in one pass.

    The network runs in eval mode without gradients, and is left as it came: mode, hooks,
    gradients, parameters, also when it fails or is interrupted.

    Parameters
    ----------
    model : torch.nn.Module
        Any network that takes a batch as its one argument, or whose arguments `data` name.
    data : array, DataFrame, tensor, dict of arrays, torch Dataset or DataLoader
        The samples, one a row (n_samples, ...), as the network takes them. Floats are cast to
        the type of the network and moved to its device; whole numbers stay what they are. NaN
        is refused where it reaches a layer or the output: a network may know how to fill it. Of a
        Dataset or DataLoader that gives tuples, the first item is the input. Dicts, of arrays
        or given by a Dataset, become named arguments: ``model(**batch)``.
    layers : str or sequence of str
        Submodules by their dotted path, as in ``model.named_modules()``. What is recorded is
        the output of that module: name the block or its ReLU to get activations after the
        nonlinearity. Of a module that puts out a tuple (an LSTM, an attention block) or a dict,
        the first item is recorded. A module ``"act"`` that runs twice in the forward pass is
        recorded as ``"act#1"`` and ``"act#2"``, in the order of its calls; either may be asked
        for by that name.
    output_names : sequence of str, optional
        One name an output of the network, such as the classes; ``"logit 0"`` and so on if None.
    batch_size : int
        Samples a pass. A DataLoader brings its own.
    dtype : {"float32", "float16"}
        How to store the activations; float16 takes half the memory and keeps three digits.
    folder : path, optional
        A folder to make and write the activations to, for what exceeds memory: one ``.npy``
        file a layer, opened read-only as memory maps; see `Recording.open`. If the call fails
        or is interrupted, there is no folder.
    device : str or torch.device, optional
        Where to run; if this is not where the model is, a copy of the model runs there.
    progress : bool
        Whether to show progress over work of more than a second.

    Returns
    -------
    Recording
        Activations and float32 outputs as NumPy arrays, in the order of the samples.

    Raises
    ------
    ValueError
        If a layer does not exist, never runs, runs more often in one batch than in another, or
        does not put out one finite row a sample, of one shape; if activations exceed float16;
        if data are empty, or so broken that what they lead to is not finite, or a DataLoader
        shuffles.
    TypeError
        If `model` is not a Module, or data or a layer's output are not numbers.
    FileExistsError
        If `folder` exists.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.network import record
    >>> rec = record(load_mnist_classifier(), load_mnist().data[:100] / 255, layers=["h1"])
    >>> rec["h1"].shape, rec.output.argmax(axis=1)[:5].tolist()
    ((100, 200), [7, 2, 1, 0, 4])
    """
    return recorded(model, data, layers, output_names, batch_size, dtype, folder, device, progress)


def recorded(
    model: nn.Module,
    data: Any,
    layers: str | Sequence[str],
    output_names: Sequence[object] | None = None,
    batch_size: int = _BATCH_SIZE,
    dtype: str = "float32",
    folder: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
    rows: IntArray | None = None,
) -> Recording:
    """Do what `record` does, with errors that name samples by their `rows`."""
    if not isinstance(model, nn.Module):  # to tell what it is takes long if it is one
        _checks.fail(
            f"(model={_checks.show(model)})",
            "must be a torch.nn.Module",
            "Wrap a plain function in a Module whose forward calls it.",
            TypeError,
        )
    size = _checks.integer("batch_size", batch_size, 1)
    _checks.choice("dtype", dtype, ("float32", "float16"))
    model = _on(model, device)

    with nullcontext() if folder is None else new_folder(folder) as draft:
        recorder, outputs, mask = _passed(model, data, layers, size, dtype, draft, progress, rows)
        activations, numbers = recorder.close()
        names = _output_names(output_names, outputs.shape[1:])
        recording = Recording(outputs, names, activations, mask)
        if draft is not None:
            recording._finish(draft, numbers)
    return recording if folder is None else Recording.open(folder)


def _passed(
    model: nn.Module,
    data: Any,
    layers: str | Sequence[str],
    size: int,
    dtype: str,
    draft: Path | None,
    progress: bool,
    rows: IntArray | None,
) -> tuple[Recorder, Any, BoolArray | None]:
    """Show all samples to `model`; return what keeps its layers, its outputs and their mask."""

    def new_store(number: int) -> Store:
        if draft is None:
            return InMemory(dtype, n_samples(data))
        return InFile(layer_file(draft, number), dtype)

    where, kind = home(model)
    recorder = Recorder(model, layers, new_store, dtype, rows)
    output = InMemory("float32", n_samples(data))
    masks: list[BoolArray] = []
    bar = tqdm(desc=_checks.current_call(), total=count(data, size), delay=1, disable=not progress)
    with bar, evaluating(model), watching(recorder.modules, recorder.put):
        for batch in batches(data, size, kind, check=False):
            recorder.begin(batch)
            if "attention_mask" in parts(batch):  # before the model, which may write into it
                masks.append(parts(batch)["attention_mask"].cpu().numpy() > 0)
            result = forward(model, each(lambda part: part.to(where), batch))
            output.append(recorder.checked("the model's output", result))
            recorder.end()
            bar.update()
            # Before the next batch is made, which then is where this one is, in the cache.
            del batch, result
    return recorder, output.close(), _joined(masks)


def _joined(masks: list[BoolArray]) -> BoolArray | None:
    """Return the mask of all samples, if it has one width and so belongs to recorded tokens."""
    return np.concatenate(masks) if len({mask.shape[1:] for mask in masks}) == 1 else None


def _on(model: nn.Module, device: str | torch.device | None) -> nn.Module:
    """Return `model` if it is on `device`, else a copy that is."""
    if device is None:
        return model
    wanted = _device.resolve(device)
    return model if home(model)[0] == wanted else copy.deepcopy(model).to(wanted)


def _output_names(names: Sequence[object] | None, shape: tuple[int, ...]) -> tuple[str, ...]:
    n_outputs = int(np.prod(shape))
    if names is not None:
        return tuple(_checks.names("output_names", names, n_outputs))
    if len(shape) > 1:
        return tuple(node_names("output", shape))
    return tuple(f"logit {number}" for number in range(n_outputs))
