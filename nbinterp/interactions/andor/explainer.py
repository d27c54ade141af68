"""AND/OR interactions of the inputs of one model, or of several together."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from nbinterp import _checks, _device
from nbinterp._state import HasState, State, fields
from nbinterp._typing import AnyArray, FloatArray, IntArray
from nbinterp.interactions.andor.masking import (
    Masking,
    Model,
    baseline_rows,
    coalition_outputs,
    whole_outputs,
)
from nbinterp.interactions.andor.outputs import OUTPUTS, Output, forgotten, targets
from nbinterp.interactions.andor.players import FREE_PLAYERS, MOST_PLAYERS, Players
from nbinterp.interactions.andor.result import AndOrInteractions
from nbinterp.interactions.andor.solver.problem import Problem, interactions
from nbinterp.interactions.andor.solver.solve import solve
from nbinterp.interactions.subsets import sizes


@dataclass(frozen=True, eq=False, kw_only=True)
class AndOr(HasState):
    """Split what inputs do together into AND and OR interactions, as few and strong as can be.

    Every input group, a player, is switched on and off: the model runs on all 2^n coalitions.
    An AND interaction of a set S adds its value when all of S is on, an OR interaction when any
    is. Together they give all 2^n outputs back. There are many such splits; the sparsest is
    found, of several models together one whose interactions are shared.

    Parameters
    ----------
    groups : Players or array of int, optional
        Which inputs go together; see `Players`. Each column of a table is a player if None.
    baseline : float, array, {"mean", "marginal"}
        What stands in for inputs that are off: a number (a token number for inputs of whole
        numbers), an array of the shape of a sample, the mean of `background`, or each row of
        `background` in turn, over which outputs are averaged. The most arbitrary choice of all:
        try two.
    background : array, optional
        Samples (rows, ...) for ``"mean"`` and ``"marginal"``.
    output : {"log_odds", "logit", "probability"} or callable
        What is explained of the classes: the exact log-odds of the target in nats, its logit,
        its probability; or any function from the output of the model to one number a row. A
        model with one output is explained as it is.
    alpha : float
        Of several models: weight of the sum of strengths beside their maximum over models, 0 to
        1. The lower, the more is shared. The default is what the authors' program uses.
    noise : float
        How far outputs may be moved, as a share of ``|v(N) - v(∅)|``.
    specific : float
        Of several models: how far the γ of each may be from the γ that all share, as a share of
        the mean of ``|v(N) - v(∅)|`` over samples.
    solver : {"pdhg", "lp"}
        A primal-dual iteration with a proven gap, or linear programming: exact, for few players.
    tol : float
        The relative duality gap to reach.
    max_iter : int
        Iterations at the most.
    batch_size : int
        Masked inputs a pass of the model.
    device : str or torch.device
        Where to run. With ``"auto"`` a model runs where it is, and the solver on CUDA if there
        is any.
    progress : bool
        Whether to show progress over work of more than a second.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of its range.

    Notes
    -----
    The cost is 2^n runs of the model a sample (times background rows if marginal). Up to 12
    players go without a word, up to 20 with a warning. The result keeps all outputs: `resplit`,
    `nulls` and `index` run no model again.

    References
    ----------
    Chen, Lou, Huang and Zhang (2024), Defining and extracting generalizable interaction
    primitives from DNNs, ICLR. Eq. 1, 2, 4, 5 and 6. The authors bound the specific γ by a mean
    of signed differences and weigh with ``(1 - alpha) max + alpha sum``; here the mean is of
    absolute values, and `alpha` that of the paper.

    Examples
    --------
    A function whose primitives are known: twice the AND of two inputs and the OR of two others.

    >>> from nbinterp.interactions import AndOr
    >>> def model(x):
    ...     return 2 * x[:, 0] * x[:, 1] + x[:, 2:].amax(dim=1)
    >>> result = AndOr(noise=0).explain(model, [[1.0, 1.0, 1.0, 1.0]])
    >>> result.salient()[["kind", "players", "interaction"]].round(2)
      kind   players  interaction
    0  AND  {x0, x1}          2.0
    1   OR  {x2, x3}          1.0
    """

    groups: Players | IntArray | None = None
    baseline: Any = 0.0
    background: Any = None
    output: Output = "log_odds"
    alpha: float = 1 / 9
    noise: float = 0.02
    specific: float = 0.5
    solver: str = "pdhg"
    tol: float = 1e-3
    max_iter: int = 5000
    batch_size: int = 1024
    device: str | torch.device = "auto"
    progress: bool = True

    _STATE = fields(
        "groups baseline background output alpha noise specific",
        "solver tol max_iter batch_size device progress",
    )

    @_checks.named
    def __post_init__(self) -> None:
        if not callable(self.output):
            _checks.choice("output", self.output, OUTPUTS)
        _checks.real("alpha", self.alpha, 0.0, 1.0)
        _checks.real("noise", self.noise, 0.0)
        _checks.real("specific", self.specific, 0.0)
        _checks.choice("solver", self.solver, ("pdhg", "lp"))
        _checks.real("tol", self.tol, 0.0, 1.0, open_low=True)
        _checks.integer("max_iter", self.max_iter, 1)
        _checks.integer("batch_size", self.batch_size, 1)

    def changed(self, **changes: Any) -> "AndOr":
        """Return these settings with some changed."""
        return replace(self, **changes)

    def to_state(self) -> State:
        """Return the fields by name; `output` is None if it is a function, which is code."""
        return super().to_state() | ({"output": None} if callable(self.output) else {})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Return the settings; a missing `output` function asks for a new one when needed."""
        lost = state.get("output", "") is None
        return super().from_state(state | {"output": forgotten} if lost else state)

    @_checks.named
    def explain(
        self,
        models: Model | Sequence[Model] | Mapping[str, Model],
        x: Any,
        *,
        target: int | Sequence[int] | None = None,
    ) -> AndOrInteractions:
        """Return the interactions of samples in a model, or in several split together.

        Modules run in eval mode without gradients and are left as they came.

        Parameters
        ----------
        models : Module or callable, or a sequence or mapping of these
            From a batch (b, ...) to (b,) or (b, classes). A mapping gives their names.
        x : array, DataFrame or tensor of shape (samples, ...)
            The samples, as the models take them.
        target : int, sequence of int or None
            The class to explain, for all or one a sample; None for the one that the models
            together find likeliest.

        Returns
        -------
        AndOrInteractions

        Raises
        ------
        ValueError
            If there are too many players, the mask fits no sample, a model returns more than
            one number or row of classes a sample, or one that is not finite: the error names
            the coalition.

        Warns
        -----
        ConvergenceWarning
            If the duality gap of a sample stays above `tol`.
        """
        named = _named(models)
        samples = _samples(x)
        players = self._players(samples, getattr(x, "columns", None))
        masking = Masking(samples, players, baseline_rows(self.baseline, self.background, samples))
        classes = None
        if not callable(self.output):
            whole = [
                whole_outputs(model, masking, self.device, self.output, self.batch_size)
                for model in named.values()
            ]
            outputs = [one for one in whole if one is not None]
            classes = targets(target, outputs, len(samples))
        tables = [
            coalition_outputs(
                model,
                masking,
                output=self.output,
                classes=classes,
                device=self.device,
                batch_size=self.batch_size,
                name=name,
                progress=self.progress,
            )
            for name, model in named.items()
        ]
        device = _device.of(self)
        values = torch.stack([table.to(device) for table in tables], dim=1)
        return self.split(values, target=classes, players=players.names, models=tuple(named))

    @_checks.named
    def split(
        self,
        values: Any,
        *,
        target: Any = None,
        players: Sequence[str] | None = None,
        models: Sequence[str] | None = None,
    ) -> AndOrInteractions:
        """Return the interactions of outputs that are known already.

        Parameters
        ----------
        values : array or tensor of shape (samples, models, 2^n)
            Outputs of all coalitions; bit i of the index is player i.
        target : array of shape (samples,), optional
            The classes explained, kept for the record.
        players, models : sequence of str, optional
            Their names.

        Returns
        -------
        AndOrInteractions
        """
        device = _device.of(self)
        table = torch.as_tensor(values).detach().to(device, torch.float64)
        size = table.shape[-1] if table.ndim == 3 else 0
        _checks.require(
            size > 1 and size & (size - 1) == 0 and bool(table.isfinite().all()),
            f"(values={_checks.show(values)})",
            "must be finite outputs of shape (samples, models, 2^n)",
            "Pass the outputs of all coalitions of n players.",
        )
        n = size.bit_length() - 1
        names = [f"x{k}" for k in range(n)] if players is None else players
        called = [f"model {k}" for k in range(table.shape[1])] if models is None else models
        problem = self._problem(table)
        split = solve(
            problem, self.solver, tol=self.tol, max_iter=self.max_iter, progress=self.progress
        )
        and_, or_ = interactions(problem, split.gamma, split.noise)
        # Of sets of one player and of none, AND and OR are the same function.
        low = torch.from_numpy(sizes(n) <= 1).to(device)
        and_ = and_ + torch.where(low, or_, 0.0)
        or_ = torch.where(low, 0.0, or_)
        and_[..., 0] += table[..., 0]
        gap = (split.objective - split.bound) / split.objective.clamp(min=1e-300)
        gap = gap.clamp(min=0)
        converged = gap <= max(self.tol, 1e-9)
        self._warn(gap, converged)
        return AndOrInteractions(
            and_=_array(and_),
            or_=_array(or_),
            gamma=_array(split.gamma),
            noise=_array(split.noise),
            outputs=_array(table),
            objective=_array(split.objective),
            gap=_array(gap),
            converged=converged.cpu().numpy(),
            target=None if target is None else np.asarray(_checks.to_numpy(target)),
            players=tuple(_checks.names("players", names, n)),
            models=tuple(_checks.names("models", called, table.shape[1])),
            settings=self,
        )

    def _problem(self, table: torch.Tensor) -> Problem:
        values = table - table[..., :1]
        reach = values[..., -1].abs()
        return Problem(
            values,
            self.alpha if table.shape[1] > 1 else 0.0,  # one model: Eq. 4
            self.noise * reach,
            (self.specific * reach.mean(0, keepdim=True)).expand_as(reach),
        )

    @_checks.named
    def _players(self, samples: torch.Tensor, columns: Any) -> Players:
        if self.groups is not None:
            given = self.groups
            players = given if isinstance(given, Players) else Players(given)
        else:
            _checks.require(
                samples.ndim == 2,
                f"(groups=None) with samples of shape {tuple(samples.shape[1:])}",
                "must be given the players of samples that are no rows of a table",
                "Pass groups, such as Players.patches((height, width), size).",
            )
            numbers = np.arange(samples.shape[1])
            players = Players(numbers, None if columns is None else list(columns))
        n = players.count
        cost = f"2^{n} = {1 << n:,} runs of the model a sample"
        _checks.require(
            n <= MOST_PLAYERS,
            f"(groups=<{n} players>)",
            f"must be at most {MOST_PLAYERS} players: {n} take {cost}",
            "Group the inputs into fewer players, or leave some always on with -1.",
        )
        if n > FREE_PLAYERS:
            warnings.warn(
                f"AndOr with {n} players takes {cost} and tables of {(8 << n) / 2**20:.1f} MB. "
                f"Group them into {FREE_PLAYERS} or fewer to be quick.",
                UserWarning,
                stacklevel=5,
            )
        players.over(tuple(samples.shape))
        return players

    def _warn(self, gap: torch.Tensor, converged: torch.Tensor) -> None:
        n_open = int((~converged).sum())
        if n_open:
            way = f"max_iter={self.max_iter}" if self.solver == "pdhg" else "solver='lp'"
            warnings.warn(
                f"AndOr({way}) left {n_open} of {len(gap)} samples with a duality gap of up to "
                f"{float(gap.max()):.1%}, above tol={self.tol:g}. Raise max_iter, or tol.",
                ConvergenceWarning,
                stacklevel=6,
            )


def _named(models: Any) -> dict[str, Model]:
    if isinstance(models, Mapping):
        named = {str(name): model for name, model in models.items()}
    elif isinstance(models, list | tuple | nn.ModuleList):
        named = {f"model {k}": model for k, model in enumerate(models)}
    else:
        named = {"model 0": models}
    _checks.require(
        len(named) > 0 and all(callable(model) for model in named.values()),
        f"(models={_checks.show(models)})",
        "must be a model or several: torch Modules, or functions of a batch",
        "Pass the model itself.",
        TypeError,
    )
    return named


def _samples(x: Any) -> torch.Tensor:
    tensor = x.detach() if isinstance(x, torch.Tensor) else torch.from_numpy(_numbers(x))
    what = f"(x={_checks.show(x)})"
    _checks.require(
        tensor.ndim > 1 and tensor.numel() > 0,
        what,
        "must have samples on its first axis and inputs on others",
        "Pass x[None] for one sample.",
    )
    _checks.require(
        bool(tensor.isfinite().all()), what, "must be finite", "Drop or fill those entries."
    )
    return tensor


def _numbers(x: Any) -> AnyArray:
    array = np.array(x, order="C")
    _checks.require(
        array.dtype.kind in "fiu",
        f"(x={_checks.show(array)} of {array.dtype})",
        "must be numbers",
        "Pass an array of floats, or of whole numbers for a model that embeds tokens.",
        TypeError,
    )
    return array


def _array(tensor: torch.Tensor) -> FloatArray:
    return np.asarray(tensor.cpu().numpy())
