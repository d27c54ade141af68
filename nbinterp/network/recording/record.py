"""Record layer activations for a whole data set in one forward pass."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._numerics.progress import progress_bar
from nbinterp._typing import BoolArray, IntArray
from nbinterp.network.contract.company import Apart
from nbinterp.network.contract.contract import agreed
from nbinterp.network.contract.failing import takes
from nbinterp.network.data.batches import (
    batches,
    n_batches,
    n_rows_if_known,
    tensors,
    to_device,
)
from nbinterp.network.recording.channels import channels_of, node_axis
from nbinterp.network.recording.nodes import node_names
from nbinterp.network.recording.recorder import Recorder
from nbinterp.network.recording.recording import Recording, layer_file
from nbinterp.network.recording.storage import InFile, InMemory, Store, new_folder
from nbinterp.network.subject.hooks import observe_outputs
from nbinterp.network.subject.output import has_size_of_input, read_output
from nbinterp.network.subject.settings import plain_settings
from nbinterp.network.subject.subject import Subject

__all__ = ["Recording", "record"]

# Large enough to keep the processor busy, small enough for feature maps to stay in its cache.
_BATCH_SIZE = 512


@_checks.named
@plain_settings()
def record(
    model: nn.Module | Subject,
    data: Any,
    layers: str | Sequence[str],
    *,
    output_names: Sequence[object] | None = None,
    batch_size: int = _BATCH_SIZE,
    dtype: str = "float32",
    folder: str | os.PathLike[str] | None = None,
    device: str | torch.device = "auto",
    progress: bool = True,
) -> Recording:
    """Record the activations of layers, and the outputs, for all samples in one pass.

    An activation is the number that a node of a layer computes for a sample. The model runs in
    eval mode without gradients and is restored afterwards: mode, hooks, gradients and parameters,
    also after an error or an interrupt.

    Parameters
    ----------
    model : torch.nn.Module or Subject
        Any network that takes a batch as its one argument, or the arguments that `data` names.
    data : array, table, tensor, list of samples, dict of these, torch Dataset or DataLoader
        The samples, one per row (n_samples, ...), as the network expects them. Floats are cast
        to the type of the network and moved to its device; whole numbers keep their type. NaN is
        refused where it reaches a layer or the output: some networks fill it. If a Dataset or
        DataLoader yields tuples, the first item is the input. Dicts, of arrays or yielded by a
        Dataset, become named arguments: ``model(**batch)``. What all samples share, such as a
        number, a flag, None or a tensor without axes, is passed whole.
    layers : str or sequence of str
        Submodules by their dotted path, as in ``model.named_modules()``. The output of that
        module is recorded: name the block or its ReLU to get activations after the nonlinearity.
        If a module returns a tuple (an LSTM, an attention block) or a dict, its first item is
        recorded, or ``"logits"`` if a dict has any; for the network itself see `Subject`. A module
        ``"act"`` that runs twice in the forward pass is recorded as ``"act#1"`` and ``"act#2"``, in
        the order of its calls; you may ask for one of them.
    output_names : sequence of str, optional
        One name per output of the network, such as the classes; by default ``"logit 0"`` and so
        on, ``"scores 0"`` where the network returns a dict of ``"scores"``, and ``"output 0"``
        where it has as many outputs as a sample has numbers, as an autoencoder does.
    batch_size : int
        Samples per forward pass. A DataLoader has its own.
    dtype : {"float32", "float16"}
        The type of the stored activations; float16 takes half the memory and keeps three digits.
    folder : path, optional
        A new folder for activations that exceed memory: one ``.npy`` file per layer, opened as
        read-only memory maps; see `Recording.open`. If the call fails or is interrupted, the
        folder is removed.
    device : str or torch.device, default="auto"
        Where to run. ``"auto"`` is where the model is; on another device a copy of it runs.
    progress : bool
        Whether to show progress for work that takes more than a second.

    Returns
    -------
    Recording
        Activations and float32 outputs as NumPy arrays, in the order of the samples.

    Raises
    ------
    ValueError
        If a layer does not exist, never runs, runs more often in one batch than in another, or
        does not return one finite row per sample, all of one shape; if a row of a layer or of the
        output depends on other samples of its batch, or on the passes before; if activations exceed
        float16; if the data are empty or lead to values that are not finite; if a DataLoader
        shuffles or drops samples, or a Dataset changes them at random.
    TypeError
        If `model` is not a Module, or if data or a layer's output are not numbers.
    FileExistsError
        If `folder` exists.

    Warns
    -----
    UserWarning
        If the forward pass draws random numbers. Each pass then draws the same; see `Subject`.

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
    model: nn.Module | Subject,
    data: Any,
    layers: str | Sequence[str],
    output_names: Sequence[object] | None = None,
    batch_size: int = _BATCH_SIZE,
    dtype: str = "float32",
    folder: str | os.PathLike[str] | None = None,
    device: str | torch.device = "auto",
    progress: bool = True,
    rows: IntArray | None = None,
) -> Recording:
    """Do what `record` does; errors name samples by their `rows`."""
    subject = Subject.of(model)
    size = _checks.integer("batch_size", batch_size, 1)
    _checks.choice("dtype", dtype, ("float32", "float16"))
    _checks.boolean("progress", progress)
    subject = subject.on(device).fitted_to(data)

    with nullcontext() if folder is None else new_folder(folder) as draft:
        named = partial(_output_names, output_names)
        recorder, outputs, mask, names = _run(
            subject, data, layers, size, dtype, draft, progress, rows, named
        )
        activations, numbers = recorder.close()
        axes = {
            layer: node_axis(channels_of(subject.model, layer), values.shape[1:])
            for layer, values in activations.items()
            if values.ndim > 2
        }
        guessed = tuple(layer for layer, (_, is_sure) in axes.items() if not is_sure)
        of_array = {layer: 1 + axis for layer, (axis, _) in axes.items()}
        recording = Recording(outputs, names, activations, mask, of_array, guessed)
        if draft is not None:
            recording._finish(draft, numbers)
    return recording if folder is None else Recording.open(folder)


def _run(
    subject: Subject,
    data: Any,
    layers: str | Sequence[str],
    size: int,
    dtype: str,
    draft: Path | None,
    progress: bool,
    rows: IntArray | None,
    named: Callable[[tuple[int, ...], str], tuple[str, ...]],
) -> tuple[Recorder, Any, BoolArray | None, tuple[str, ...]]:
    """Run `subject` on all samples.

    Return its recorder, its outputs, the attention mask, and the names of the outputs, which
    `named` gives from their shape and the item of a dict that they are.
    """

    def new_store(number: int) -> Store:
        if draft is None:
            return InMemory(dtype, n_rows_if_known(data))
        return InFile(layer_file(draft, number), dtype)

    device = subject.device
    recorder = Recorder(subject.model, layers, new_store, dtype, rows)
    output = InMemory("float32", n_rows_if_known(data))
    masks: list[BoolArray] = []
    names: tuple[str, ...] | None = None
    total = n_batches(data, size)
    bar = progress_bar(desc=_checks.current_call(), total=total, shown=progress)
    with bar, subject.ready():
        given = batches(data, size, subject.dtype, check=False)
        first = [next(given)]
        modules, calls = recorder.modules, recorder.calls
        tried = to_device(first[0], device)
        subject = agreed(subject, tried, modules, calls=calls)
        apart = Apart(subject, tried)
        del tried
        with observe_outputs(modules, recorder.put):
            for batch in _resumed(first, given):
                recorder.begin(batch)
                if "attention_mask" in tensors(batch):  # before the model, which may write into it
                    masks.append(tensors(batch)["attention_mask"].cpu().numpy() > 0)
                with takes(batch):
                    whole = subject.call(to_device(batch, device))
                found = read_output(whole)
                result = found.tensor
                if names is None:  # to refuse what is wrong before the other batches run
                    apart.check(result)
                    shape = tuple(result.shape[1:])
                    is_input = not found.name and has_size_of_input(batch, shape)
                    names = named(shape, "output" if is_input else found.name)
                output.append(recorder.checked("the model's output", result))
                recorder.end()
                bar.update()
                # Free the memory, still in the processor's cache, for the next batch.
                del batch, whole, found, result
    return recorder, output.close(), _joined(masks), names or ()


def _resumed(first: list[Any], others: Iterator[Any]) -> Iterator[Any]:
    """Yield the one batch of a list and then others, without a hold on it."""
    yield first.pop()
    yield from others


def _joined(masks: list[BoolArray]) -> BoolArray | None:
    """Return the mask of all samples if its width is the same in all batches."""
    return np.concatenate(masks) if len({mask.shape[1:] for mask in masks}) == 1 else None


def _output_names(
    names: Sequence[object] | None, shape: tuple[int, ...], item: str
) -> tuple[str, ...]:
    n_outputs = int(np.prod(shape))
    if names is not None:
        return tuple(_checks.names("output_names", names, n_outputs))
    if len(shape) > 1:
        return tuple(node_names(item or "output", shape))
    # Of a dict whose item may be something else, the names say which it is.
    name = item if item not in ("", "logits") else "logit"
    return tuple(f"{name} {number}" for number in range(n_outputs))
