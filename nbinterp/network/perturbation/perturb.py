"""Move a layer's activations along factors, and run the rest of the network on them."""

import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import Float32Array, FloatArray, IntArray
from nbinterp.network.contract.contract import agreed
from nbinterp.network.data.batches import n_rows, take_rows
from nbinterp.network.decoding.adapter import DecoderAdapter, decoder_adapter
from nbinterp.network.decoding.decoder import Decoder
from nbinterp.network.directions.factors import Factors, check_factors, chosen, layer_columns
from nbinterp.network.perturbation.result import Base, Perturbation, checked_amounts
from nbinterp.network.recording.record import recorded
from nbinterp.network.subject.forward import EditedForward
from nbinterp.network.subject.settings import plain_settings
from nbinterp.network.subject.subject import Subject

_AMOUNT = 1.5  # the largest in the paper


@_checks.named
@plain_settings()
def perturb(
    model: nn.Module | Subject,
    data: Any,
    directions: Factors,
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
    device: str | torch.device = "auto",
    progress: bool = True,
) -> Perturbation:
    """Move the activations of a layer along factors, and run and decode them.

    The activations h of `layer` become ``h + sum_j amounts[j] * direction_j``. They go through the
    rest of the network and through the decoder.

    Parameters
    ----------
    model : torch.nn.Module or Subject
        The network. It is restored afterwards.
    data : array, DataFrame, tensor, torch Dataset or DataLoader
        The samples given to `record`: `directions.indices` are rows of it.
    directions : ClusterFactors
        The factors of a table made by ``record(...).concat(layer, ...)``: columns called
        ``"h1[17]"`` are the nodes of ``layer="h1"``. Other columns (outputs, other layers) are not
        edited. A column of a whole channel moves the channel at all positions.
    layer : str
        The layer to edit, by its dotted path.
    factor : int or sequence of int, optional
        The factors to move along; by default the five of largest total correlation.
    amounts : float or array of shape (n_factors,) or (n_steps, n_factors), optional
        How far to move, in multiples of the directions. An array is one step or several. A number
        c gives the base, then -c and +c of one factor after the other; the default is 1.5.
    base : "mean", int or array of int, default="mean"
        The activations to edit: the mean over the samples of `directions`, one sample, by its row
        in `data`, or the mean of samples, by their rows or as a boolean mask.
    direction : {"signed", "unsigned"}
        What an amount of 1 adds to a node. ``"signed"``: its mutual information with the factor,
        in nats, with the sign of its correlation, so that nodes with opposite signs move in
        opposite directions. ``"unsigned"``, as in the paper: the mutual information alone, which
        raises all nodes. (A nat is the unit of information with natural logarithms, 1.44 bits.)
    decode : Decoder or callable, optional
        From activations to inputs: a `Decoder` of the same layer; a Module, which gets tensors; or
        a function, which gets float32 NumPy arrays. Module and function get the shape of the
        layer with one row per step, and may return (n_steps, n_features) or images
        (n_steps, height, width), with or without an axis of one or three channels.
    image_shape : tuple of int, optional
        (height, width) or (height, width, 3), to show decoded rows as images; by default that of
        the `Decoder`.
    feature_names : sequence of str, optional
        One name per decoded variable, for inputs that are not images.
    output_names : sequence of str, optional
        One name per output of the network; by default ``"logit 0"`` and so on.
    device : str or torch.device, default="auto"
        Where to run. ``"auto"`` is where the model is; on another device a copy of it runs.
    progress : bool
        Whether to show progress for work that takes more than a second.

    Returns
    -------
    Perturbation
        Its `at` and `from_base` move the factors further and change the base.

    Raises
    ------
    ValueError
        If the layer does not exist or does not run exactly once, `directions` has no column of
        it, a setting is not valid, activations are not finite, or the decoder belongs to another
        layer or width.
    TypeError
        If samples of `data` cannot be looked up by their number.

    Notes
    -----
    If the network also reads something that bypasses the layer (a skip connection), this comes
    from the edited sample; with ``base="mean"``, from the sample nearest to the mean.

    References
    ----------
    Kerby, White and Moon, "Exploring higher-order neural network node interactions with total
    correlation", arXiv 2402.04440 (2024), section 3.4: mean of a cluster ± c times the mutual
    information.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import torch
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> from nbinterp.network import perturb, record
    >>> X, y = load_iris(return_X_y=True)
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))
    >>> table = record(model, X, layers="1").concat("1")
    >>> local = LocalCorEx(LinearCorEx(2, random_state=0)).fit(table, clusters=y)
    >>> perturb(model, X, local.clusters_[1], layer="1", factor=0, amounts=[[-1], [1]])
    Perturbation(mean of cluster 1 in '1': 1 factor, 2 steps)
    """
    subject = Subject.of(model)
    check_factors(directions)
    _checks.boolean("progress", progress)
    signed = _checks.choice("direction", direction, ("signed", "unsigned")) == "signed"
    for name, given in (("image_shape", image_shape), ("feature_names", feature_names)):
        _checks.require(
            given is None or decode is not None,
            f"({name}={_checks.show(given)})",
            "must come with decode, as it says what is decoded",
            "Pass decode=fit_decoder(…), or leave it out.",
        )
    subject = subject.on(device).fitted_to(data)
    edited = {layer: subject.layer(layer)}
    subject = agreed(subject, subject.spread(data), edited, edits=True)
    forward = EditedForward(subject, layer)
    if image_shape is None and isinstance(decode, Decoder):
        image_shape = getattr(decode, "image_shape", None)
    activation = forward.probe(forward.subject.few(data, 0))
    moved = chosen(directions, factor)
    moves = _moves(directions, moved, signed, layer, tuple(activation.shape[1:]))
    steps = _steps(amounts, len(moved))
    factory = _Factory(
        forward,
        data,
        directions,
        moved,
        direction,
        torch.as_tensor(moves).to(activation.device, _working_type(activation)),
        decoder_adapter(decode, layer, activation, image_shape, feature_names),
        output_names,
        progress,
    )
    return factory.perturbation(base, steps)


@dataclass(frozen=True)
class _Factory:
    """Makes perturbations of any base: everything that stays the same when the base changes."""

    forward: EditedForward
    data: Any
    factors: Factors
    moved: tuple[int, ...]
    direction: str
    moves: torch.Tensor  # (n_factors, n_nodes)
    adapter: DecoderAdapter
    output_names: Sequence[object] | None
    progress: bool

    def perturbation(self, base: Base, steps: FloatArray) -> Perturbation:
        total = n_rows(self.data)
        is_mean = isinstance(base, str) and base == "mean"
        rows = self._rows_of(base, total)
        _checks.require(
            len(rows) > 0 and rows.max() < total,
            f"(data) of {total} samples",
            f"must hold the samples of {self.factors.name}",
            "Pass the data that were given to record.",
        )
        rec = recorded(
            self.forward.subject,
            take_rows(self.data, rows),
            self.forward.layer,
            output_names=self.output_names,
            progress=self.progress,
            rows=rows,
        )
        activations = rec[self.forward.layer].reshape(len(rows), -1)
        mean = activations.mean(axis=0, dtype=np.float64)
        nearest = int(rows[((activations - mean) ** 2).sum(axis=1).argmin()])
        run = _Run(
            self.forward,
            self.forward.subject.few(self.data, nearest),
            torch.as_tensor(mean).to(self.moves),
            self.moves,
            self.adapter,
        )
        hidden, outputs, decoded = run(np.vstack([np.zeros((1, len(self.moved))), steps]))
        totals = np.nan_to_num(self.factors.total_correlations_)
        return Perturbation(
            directions=self.factors,
            base="mean" if is_mean else int(rows[0]) if len(rows) == 1 else rows,
            base_name=self._name(rows, is_mean),
            base_samples=rows,
            n_base_samples=total,
            layer=self.forward.layer,
            direction=self.direction,
            factors=self.moved,
            # + 0.0: what rounds to zero has no sign.
            factor_names=tuple(
                f"factor {j} · {round(float(totals[j]), 2) + 0.0:.2f} nats" for j in self.moved
            ),
            amounts=steps,
            hidden=hidden[1:],
            outputs=outputs[1:],
            output_names=rec.output_names,
            decoded=None if decoded is None else decoded[1:],
            feature_names=self.adapter.feature_names,
            image_shape=self.adapter.image_shape,
            baseline_hidden=hidden[0],
            baseline_outputs=outputs[0],
            baseline_decoded=None if decoded is None else decoded[0],
            _run=run,
            _rebase=self.perturbation,
        )

    def _rows_of(self, base: Base, total: int) -> IntArray:
        """Return the rows whose mean is edited."""
        if isinstance(base, str) and base == "mean":
            return np.asarray(self.factors.indices, np.int64)
        if np.ndim(base) == 0 and not isinstance(base, numbers.Integral):
            _checks.fail(
                f"(base={_checks.show(base)})",
                "must be 'mean', a row number or rows",
                "Pass the rows of samples in data, such as explorer.selection.",
                TypeError,
            )
        if np.ndim(base) == 0:
            return np.array([_checks.integer("base", base, 0, total - 1)])
        return _checks.indices("base", base, total, at_least=1)

    def _name(self, rows: IntArray, is_mean: bool) -> str:
        if is_mean:
            return f"mean of {self.factors.name}"
        return f"sample {rows[0]}" if len(rows) == 1 else f"mean of {len(rows):,} samples"


@dataclass(frozen=True)
class _Run:
    """From amounts to edited activations, outputs and decoded inputs, without checks."""

    forward: EditedForward
    sample: Any  # a batch of one
    base: torch.Tensor  # (n_nodes,)
    moves: torch.Tensor  # (n_factors, n_nodes)
    adapter: DecoderAdapter

    def __call__(
        self, amounts: FloatArray
    ) -> tuple[Float32Array, Float32Array, Float32Array | None]:
        steps = torch.as_tensor(amounts).to(self.moves)
        hidden = torch.addmm(self.base, steps, self.moves)

        def edit(activation: torch.Tensor) -> torch.Tensor:
            # A copy: the network may write into it.
            return hidden.reshape(-1, *activation.shape[1:]).to(activation.dtype, copy=True)

        outputs = self.forward.replaced(self.sample, len(hidden), edit)
        return (
            _on_host(hidden),
            _on_host(outputs.reshape(len(hidden), -1)),
            self.adapter(hidden),
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


def _moves(
    factors: Factors, moved: tuple[int, ...], signed: bool, layer: str, shape: tuple[int, ...]
) -> FloatArray:
    """Return how far each factor moves the nodes of the layer, (n_factors, n_nodes)."""
    information = np.asarray(factors.mutual_information_, dtype=np.float64)[list(moved)]
    if signed:
        signs = np.sign(np.asarray(factors.correlation_, dtype=np.float64)[list(moved)])
        _checks.require(
            not np.isnan(signs[information > 0]).any(),
            "(direction='signed')",
            "must have factors with correlations",
            "Use direction='unsigned', or fit a method with transform.",
        )
        information = np.nan_to_num(signs) * information
    moves = np.zeros((len(moved), int(np.prod(shape))))
    for column, positions in layer_columns(factors, layer, shape).items():
        moves[:, positions] = information[:, column, None]
    return np.nan_to_num(moves)
