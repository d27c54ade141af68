"""AND/OR interactions of inputs, of one model or of several models together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from nbinterp import _checks, _device
from nbinterp._numerics.arrays import as_tensor
from nbinterp._state import HasState, State, fields
from nbinterp._typing import FloatArray, IntArray
from nbinterp.interactions.andor.masking import (
    Masking,
    Model,
    baseline_rows,
    coalition_outputs,
    unmasked_outputs,
)
from nbinterp.interactions.andor.outputs import OUTPUTS, Output, forgotten, targets
from nbinterp.interactions.andor.players import FREE_PLAYERS, MOST_PLAYERS, Players
from nbinterp.interactions.andor.result import AndOrInteractions
from nbinterp.interactions.andor.solver.problem import Problem, interactions
from nbinterp.interactions.andor.solver.solve import solve
from nbinterp.interactions.subsets import sizes
from nbinterp.network.data.inputs import one_input
from nbinterp.network.subject.settings import plain_settings
from nbinterp.network.subject.subject import Subject


@dataclass(frozen=True, eq=False, kw_only=True)
class AndOr(HasState):
    """Interactions of inputs as sparse sums of ANDs and ORs.

    The inputs are grouped into n players. Each player is switched on and off: the model runs on
    all 2^n coalitions, the sets of players that are on. An AND interaction of a set S adds its
    value to the output when all players of S are on, an OR interaction when any of them is. Many
    sums of such interactions give the same outputs; `AndOr` finds the sparsest. For several models
    it finds one in which they share interactions. The strong interactions that remain are called
    primitives.

    Parameters
    ----------
    groups : Players or array of int, optional
        Which inputs belong to which player; see `Players`. If None, each column of a table is a
        player.
    baseline : float, array, {"mean", "marginal"}
        Replaces the inputs that are off: a number (for whole numbers, a token number), an array of
        the shape of a sample, the mean of `background`, or each row of `background` in turn, over
        which outputs are averaged. Results depend on this choice: try two.
    background : array, optional
        Samples (rows, ...) for ``"mean"`` and ``"marginal"``.
    output : {"log_odds", "logit", "probability"} or callable
        The number to explain: the exact log-odds of the target class, its logit, or its
        probability; or a function from the output of the model to one number per row. Log-odds are
        natural logarithms, so their unit is the nat. If the model has one output, that is
        explained.
    alpha : float
        For several models: weight of the sum of strengths relative to their maximum over models,
        0 to 1. Lower values share more. The default is that of the authors' program.
    noise : float
        How far the split may change each output, as a share of ``|v(N) - v(∅)|``: the output with
        all players on minus that with all off.
    specific : float
        For several models: how far the γ of each may be from a γ that all share, as a share of the
        mean of ``|v(N) - v(∅)|`` over samples.
    solver : {"pdhg", "lp"}
        A primal-dual iteration with a proven gap; or linear programming, exact, for few players.
    tol : float
        The relative duality gap to reach.
    max_iter : int
        Largest number of iterations.
    batch_size : int
        Masked inputs per forward pass.
    device : str or torch.device
        Where to compute. With ``"auto"`` a model runs where it is, and the solver on CUDA if
        there is a CUDA device. On another device a copy of the model runs.
    progress : bool
        Whether to show progress over work of more than a second.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of its range.

    Notes
    -----
    The model runs 2^n times for each sample (times the background rows if marginal). More than 12
    players give a warning, more than 20 are refused. On one core, the split of a random network
    with 12 players takes about a second, with 14 up to 15, and with 16 up to a minute. The result
    keeps all outputs, so `resplit`, `nulls` and `index` do not run the model again.

    References
    ----------
    Chen, Lou, Huang and Zhang (2024), Defining and extracting generalizable interaction
    primitives from DNNs, ICLR. Eq. 1, 2, 4, 5 and 6 of the ICLR version; 5 and 6 are 6 and 7 in
    the arXiv preprint (2401.16318). The authors' program bounds the specific γ by a mean of signed
    differences and weighs with ``(1 - alpha) max + alpha sum``; here the mean is of absolute
    values, and `alpha` is that of the paper.

    Examples
    --------
    A function with known interactions: twice the AND of two inputs, and the OR of two others.

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
        _checks.boolean("progress", self.progress)

    def changed(self, **changes: Any) -> "AndOr":
        """Return these settings with some changed."""
        return replace(self, **changes)

    def to_state(self) -> State:
        """Return the fields by name; an `output` that is a function is not stored."""
        return super().to_state() | ({"output": None} if callable(self.output) else {})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Return the settings. If `output` was a function, `explain` asks for it again."""
        lost = state.get("output", "") is None
        return super().from_state(state | {"output": forgotten} if lost else state)

    @_checks.named
    @plain_settings()
    def explain(
        self,
        models: Model | Sequence[Model] | Mapping[str, Model],
        x: Any,
        *,
        target: int | Sequence[int] | None = None,
    ) -> AndOrInteractions:
        """Return the interactions of samples in a model, or in several models split together.

        Modules run in eval mode without gradients and are restored afterwards.

        Parameters
        ----------
        models : Module, Subject or callable, or a sequence or mapping of these
            Each maps a batch (b, ...) to (b,) or (b, classes). A mapping names them.
        x : array, DataFrame or tensor of shape (samples, ...)
            The samples, as the models take them.
        target : int, sequence of int or None
            The class to explain: one for all samples, or one per sample. If None, the class that
            the models together find most probable.

        Returns
        -------
        AndOrInteractions

        Raises
        ------
        ValueError
            If there are too many players, if the mask does not fit the samples, if a model does
            not return one number or one row of classes per sample, or if an output is not finite:
            the error names the coalition.

        Warns
        -----
        ConvergenceWarning
            If the duality gap of a sample stays above `tol`.
        """
        device = _device.of(self)
        named = _named(models)
        samples = _samples(x)
        players = self._players(samples, getattr(x, "columns", None))
        masking = Masking(samples, players, baseline_rows(self.baseline, self.background, samples))
        classes = None
        if not callable(self.output):
            outputs = [
                unmasked_outputs(model, masking, self.device, self.batch_size)
                for model in named.values()
            ]
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
        values = torch.stack([table.to(device) for table in tables], dim=1)
        return self.split(values, target=classes, players=players.names, models=tuple(named))

    @_checks.named
    @_device.own_tensors()
    def split(
        self,
        values: Any,
        *,
        target: Any = None,
        players: Sequence[str] | None = None,
        models: Sequence[str] | None = None,
    ) -> AndOrInteractions:
        """Return the interactions for outputs that you computed yourself.

        Parameters
        ----------
        values : array or tensor of shape (samples, models, 2^n)
            Outputs of all coalitions; bit i of the index is player i.
        target : array of shape (samples,), optional
            The classes explained; only stored in the result.
        players, models : sequence of str, optional
            Names of the players and models.

        Returns
        -------
        AndOrInteractions
        """
        device = _device.of(self)
        table = as_tensor(values).to(device, torch.float64)
        size = table.shape[-1] if table.ndim == 3 else 0
        _checks.require(
            size > 1 and size & (size - 1) == 0 and bool(table.isfinite().all()),
            f"(values={_checks.show(values)})",
            "must be finite outputs of shape (samples, models, 2^n)",
            "Pass the outputs of all coalitions of n players.",
        )
        n = size.bit_length() - 1
        names = [f"x{k}" for k in range(n)] if players is None else players
        model_names = [f"model {k}" for k in range(table.shape[1])] if models is None else models
        problem = self._problem(table)
        split = solve(
            problem, self.solver, tol=self.tol, max_iter=self.max_iter, progress=self.progress
        )
        and_, or_ = interactions(problem, split.gamma, split.noise)
        # For sets of at most one player, AND and OR are the same function.
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
            models=tuple(_checks.names("models", model_names, table.shape[1])),
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
                "must be given for samples that are not rows of a table",
                "Pass groups, such as Players.patches((height, width), size).",
            )
            numbers = np.arange(samples.shape[1])
            players = Players(numbers, None if columns is None else list(columns))
        n = players.count
        cost = f"2^{n} = {1 << n:,} runs of the model per sample"
        _checks.require(
            n <= MOST_PLAYERS,
            f"(groups=<{n} players>)",
            f"must be at most {MOST_PLAYERS} players: {n} take {cost}",
            "Group the inputs into fewer players, or leave some always on with -1.",
        )
        if n > FREE_PLAYERS:
            _checks.warn(
                f"AndOr with {n} players takes {cost} and tables of {(8 << n) / 2**20:.1f} MB. "
                f"Group them into {FREE_PLAYERS} or fewer to save time."
            )
        players.over(tuple(samples.shape))
        return players

    def _warn(self, gap: torch.Tensor, converged: torch.Tensor) -> None:
        n_open = int((~converged).sum())
        if n_open:
            setting = f"max_iter={self.max_iter}" if self.solver == "pdhg" else "solver='lp'"
            _checks.warn(
                f"AndOr({setting}) left {n_open} of {len(gap)} samples with a duality gap of up to "
                f"{float(gap.max()):.1%}, above tol={self.tol:g}. Raise max_iter or tol, or "
                "group the inputs into fewer players.",
                ConvergenceWarning,
            )


def _named(models: Any) -> dict[str, Model]:
    if isinstance(models, Mapping):
        named = {str(name): model for name, model in models.items()}
    elif isinstance(models, list | tuple | nn.ModuleList):
        named = {f"model {k}": model for k, model in enumerate(models)}
    else:
        named = {"model 0": models}
    _checks.require(
        len(named) > 0 and all(_runs(model) for model in named.values()),
        f"(models={_checks.show(models)})",
        "must be a model or several: torch Modules, or functions of a batch",
        "Pass the model itself.",
        TypeError,
    )
    return named


def _runs(model: Any) -> bool:
    return isinstance(model, Subject) or (callable(model) and not isinstance(model, type))


def _samples(x: Any) -> torch.Tensor:
    tensor = one_input(x)
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


def _array(tensor: torch.Tensor) -> FloatArray:
    return np.asarray(tensor.cpu().numpy())
