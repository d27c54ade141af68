"""Turn the factors of a layer, and see what the rest of the network makes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import Float32Array, FloatArray, IntArray
from nbinterp.network.data.rows import n_rows, pick
from nbinterp.network.decoding.adapter import DecoderAdapter, drawing
from nbinterp.network.decoding.decoder import Decoder
from nbinterp.network.directions.factors import Factors, chosen, wrong_layer
from nbinterp.network.perturbation.result import Base, Perturbation, checked_amounts
from nbinterp.network.recording.nodes import places
from nbinterp.network.recording.record import recorded
from nbinterp.network.subject.forward import EditedForward, moved, taken

_AMOUNT = 1.5  # the largest that the paper shows


@_checks.named
def perturb(
    model: nn.Module,
    factors: Factors,
    data: Any,
    *,
    layer: str,
    factor: int | Sequence[int] | None = None,
    amounts: Any = None,
    base: Base = "mean",
    direction: str = "signed",
    decode: Decoder | Callable[[Any], Any] | None = None,
    image_shape: tuple[int, ...] | None = None,
    feature_names: Sequence[object] | None = None,
    output_names: Sequence[object] | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> Perturbation:
    """Move activations along factors, and run and decode what comes of it.

    The activations h of `layer` become ``h + sum_j amounts[j] * direction_j`` and go through the
    rest of the network and through the decoder.

    Parameters
    ----------
    model : torch.nn.Module
        The network; it is left as it came.
    factors : ClusterFactors
        Of a table made by ``record(...).concat(layer, ...)``: the columns called ``"h1[17]"``
        are the nodes of ``layer="h1"``. Other columns (outputs, other layers) are not edited.
        A column of a whole channel moves the channel everywhere.
    data : array, DataFrame, tensor, torch Dataset or DataLoader
        What was given to `record`: `factors.indices` are rows of it.
    layer : str
        The layer to edit, by its dotted path.
    factor : int or sequence of int, optional
        Which factors to turn; None for the five of largest total correlation.
    amounts : float or array of shape (n_factors,) or (n_steps, n_factors), optional
        How far, in multiples of the directions. An array is one step or several. A number c
        gives the base, then -c and +c of one factor after the other; None is 1.5.
    base : "mean", int or array of int, default="mean"
        What is edited: the mean activation of the samples of `factors`, one sample, by its row in
        `data`, or the mean of samples, by their rows or as a boolean mask.
    direction : {"signed", "paper"}, default="signed"
        What 1 adds to a node: ``"signed"`` its mutual information with the factor, in nats, with
        the sign of its correlation, so that nodes that work against each other go opposite ways;
        ``"paper"`` the mutual information alone, which raises them all.
    decode : Decoder or callable, optional
        From activations to inputs. A `Decoder` of the same layer; a Module, which is given
        tensors; or a function, which is given float32 NumPy arrays. Both get the shape of the
        layer with one row a step, and may return (n_steps, n_features) or images
        (n_steps, height, width), with or without an axis of one or three channels.
    image_shape : tuple of int, optional
        (height, width) or (height, width, 3), to draw decoded rows as images; that of a
        `Decoder` if None.
    feature_names : sequence of str, optional
        One name a decoded variable, for inputs that are no images.
    output_names : sequence of str, optional
        One name an output of the network; ``"logit 0"`` and so on if None.
    device : str or torch.device, optional
        Where to run; if this is not where the model is, a copy of the model runs there.
    progress : bool
        Whether to show progress over work of more than a second.

    Returns
    -------
    Perturbation
        With `at` and `from_base` to turn the factors further.

    Raises
    ------
    ValueError
        If the layer does not exist or runs never or twice, `factors` has no column of it, a
        setting makes no sense, activations are not finite, or the decoder is of another layer
        or width.
    TypeError
        If samples of `data` cannot be looked up by their number.

    Notes
    -----
    If the network reads something past the layer too (a skip connection around it), that is taken
    from the sample that is edited; with ``base="mean"`` from the sample that lies nearest to the
    mean.

    References
    ----------
    Kerby, White and Moon, "Learning local higher-order interactions with total correlation",
    arXiv 2402.04440 (2024), section 3.4: mean of a cluster ± c times the mutual information.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import torch
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> from nbinterp.network import perturb, record
    >>> X, y = load_iris(return_X_y=True)
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))
    >>> table = record(model, X, layers="1").concat("1")
    >>> local = LocalCorEx(LinearCorEx(2, random_state=0)).fit(table, labels=y)
    >>> perturb(model, local.clusters_[1], X, layer="1", factor=0, amounts=[[-1], [1]])
    Perturbation(mean of cluster 1 in '1': 1 factor, 2 steps)
    """
    _checks.require(
        isinstance(model, nn.Module),
        f"(model={_checks.show(model)})",
        "must be a torch.nn.Module",
        "Wrap a plain function in a Module whose forward calls it.",
        TypeError,
    )
    signed = _checks.choice("direction", direction, ("signed", "paper")) == "signed"
    rest = EditedForward(moved(model, device), layer)
    n_rows(data)
    if image_shape is None and isinstance(decode, Decoder):
        image_shape = getattr(decode, "image_shape", None)
    activation = rest.probe(taken(rest.model, data, 0))
    turned = chosen(factors, factor)
    directions = _directions(factors, turned, signed, layer, tuple(activation.shape[1:]))
    steps = _steps(amounts, len(turned))
    subject = _Subject(
        rest,
        data,
        factors,
        turned,
        direction,
        torch.as_tensor(directions).to(activation.device, _working_type(activation)),
        drawing(decode, layer, activation, image_shape, feature_names),
        output_names,
        progress,
    )
    return subject.perturbed(base, steps)


@dataclass(frozen=True)
class _Subject:
    """All that stays the same when another base is chosen."""

    rest: EditedForward
    data: Any
    factors: Factors
    turned: tuple[int, ...]
    direction: str
    directions: torch.Tensor  # (n_factors, n_nodes)
    drawing: DecoderAdapter
    output_names: Sequence[object] | None
    progress: bool

    def perturbed(self, base: Base, steps: FloatArray) -> Perturbation:
        total = n_rows(self.data)
        rows, index = self._based_on(base, total)
        _checks.require(
            len(rows) > 0 and rows.max() < total,
            f"(data) of {total} samples",
            f"must hold the samples of {self.factors.name}",
            "Pass the data that were given to record.",
        )
        rec = recorded(
            self.rest.model,
            pick(self.data, rows),
            self.rest.layer,
            output_names=self.output_names,
            progress=self.progress,
            rows=rows,
        )
        activations = rec[self.rest.layer].reshape(len(rows), -1)
        mean = activations.mean(axis=0, dtype=np.float64)
        nearest = int(rows[((activations - mean) ** 2).sum(axis=1).argmin()])
        run = _Run(
            self.rest,
            taken(self.rest.model, self.data, nearest),
            torch.as_tensor(mean).to(self.directions),
            self.directions,
            self.drawing,
        )
        hidden, outputs, decoded = run(np.vstack([np.zeros((1, len(self.turned))), steps]))
        totals = np.nan_to_num(self.factors.total_correlations_)
        return Perturbation(
            base=self._name(rows, index),
            base_index=index,
            base_samples=rows,
            n_base_samples=total,
            layer=self.rest.layer,
            direction=self.direction,
            factors=self.turned,
            factor_names=tuple(f"factor {j} · {totals[j]:.2f} nats" for j in self.turned),
            amounts=steps,
            hidden=hidden[1:],
            outputs=outputs[1:],
            output_names=rec.output_names,
            decoded=None if decoded is None else decoded[1:],
            feature_names=self.drawing.feature_names,
            image_shape=self.drawing.image_shape,
            baseline_hidden=hidden[0],
            baseline_outputs=outputs[0],
            baseline_decoded=None if decoded is None else decoded[0],
            _run=run,
            _rebase=self.perturbed,
        )

    def _based_on(self, base: Base, total: int) -> tuple[IntArray, int]:
        """Return the rows whose mean is edited, and the number that stands for them."""
        if isinstance(base, str) and base == "mean":
            return np.asarray(self.factors.indices, np.int64), -1
        if np.ndim(base) == 0:
            rows = np.array([_checks.integer("base", base, 0, total - 1)])
        else:
            rows = _checks.indices("base", base, total, at_least=1)
        return rows, int(rows[0]) if len(rows) == 1 else -2

    def _name(self, rows: IntArray, index: int) -> str:
        if index == -1:
            return f"mean of {self.factors.name}"
        return f"sample {index}" if index >= 0 else f"mean of {len(rows):,} samples"


@dataclass(frozen=True)
class _Run:
    """From amounts to edited activations, outputs and decoded inputs: nothing is checked here."""

    rest: EditedForward
    sample: Any  # a batch of one
    base: torch.Tensor  # (n_nodes,)
    directions: torch.Tensor
    drawing: DecoderAdapter

    def __call__(
        self, amounts: FloatArray
    ) -> tuple[Float32Array, Float32Array, Float32Array | None]:
        steps = torch.as_tensor(amounts).to(self.directions)
        hidden = torch.addmm(self.base, steps, self.directions)

        def edit(activation: torch.Tensor, _inputs: Any) -> torch.Tensor:
            # A copy: the network may go on to write into it.
            return hidden.reshape(-1, *activation.shape[1:]).to(activation.dtype, copy=True)

        outputs = self.rest(self.sample, len(hidden), edit)
        return (
            _on_host(hidden),
            _on_host(outputs.reshape(len(hidden), -1)),
            self.drawing(hidden),
        )


def _on_host(tensor: torch.Tensor) -> Float32Array:
    rows: Float32Array = tensor.to("cpu", torch.float32).numpy()
    return rows


def _working_type(activation: torch.Tensor) -> torch.dtype:
    return torch.promote_types(activation.dtype, torch.float32)


def _steps(amounts: Any, n_factors: int) -> FloatArray:
    if amounts is not None and np.ndim(amounts) > 0:
        return checked_amounts(amounts, n_factors)
    c = _AMOUNT if amounts is None else _checks.real("amounts", amounts)
    ends = np.kron(np.eye(n_factors), [[-c], [c]])
    return np.vstack([np.zeros((1, n_factors)), ends])


def _directions(
    factors: Factors, turned: tuple[int, ...], signed: bool, layer: str, shape: tuple[int, ...]
) -> FloatArray:
    """Return how the chosen factors move the nodes of the layer, (n_factors, n_nodes)."""
    information = np.asarray(factors.mutual_information_, dtype=np.float64)[list(turned)]
    if signed:
        signs = np.sign(np.asarray(factors.correlation_, dtype=np.float64)[list(turned)])
        _checks.require(
            not np.isnan(signs[information > 0]).any(),
            "(direction='signed')",
            "must have factors with correlations",
            "Use direction='paper', or fit a method with transform.",
        )
        information = np.nan_to_num(signs) * information
    moved_by = np.zeros((len(turned), int(np.prod(shape))))
    n_known = 0
    for column, name in enumerate(factors.feature_names):
        at = places(name, layer, shape)
        if at is not None:
            n_known += 1
            moved_by[:, at] = information[:, column, None]
    if n_known == 0:
        wrong_layer(factors, layer)
    return np.nan_to_num(moved_by)
