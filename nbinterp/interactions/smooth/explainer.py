"""SmoothHess: which inputs interact near a sample, also in networks whose Hessian is zero."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor, nn

from nbinterp import _checks, _device
from nbinterp._numerics.progress import current_token, progress_bar
from nbinterp._typing import FloatArray, IntArray
from nbinterp.interactions.gradients import (
    ScalarFunction,
    as_rows,
    rows_on,
    scalar_function,
)
from nbinterp.interactions.smooth.directions import SAMPLINGS, Directions, blocks, is_paired
from nbinterp.interactions.smooth.first_layer import input_linear_of
from nbinterp.interactions.smooth.kernel import noise, per_input
from nbinterp.interactions.smooth.low_rank import LowRank
from nbinterp.interactions.smooth.mean_matrix import MeanMatrix
from nbinterp.interactions.smooth.result import SmoothHessian
from nbinterp.interactions.smooth.stein import Stein
from nbinterp.network.subject.output import tell
from nbinterp.network.subject.settings import plain_settings
from nbinterp.network.subject.subject import Subject

# Sigma in units of radius / sqrt(n_features): what the authors found best for a logit ...
_MULTIPLIER = 0.75
# ... and the values that sigma="auto" compares.
MULTIPLIERS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.5)
_BLOCKS = 8
_ENOUGH = 5  # samples, to tell how columns spread
_UNLIKE = 100.0  # times the median spread: no image has such a pixel
# Wider matrices are stored as the rows of a product.
WIDEST_MATRIX = 4096


@dataclass(frozen=True, kw_only=True)
class SmoothHess:
    """Interactions of inputs as second derivatives of a network smoothed by a Gaussian.

    A network of linear pieces, such as any ReLU network, has a Hessian of zero wherever it exists.
    Convolved with a Gaussian it has a Hessian that says how its gradient changes in a
    neighbourhood. Stein's lemma gives it from gradients alone, made symmetric:
    ``H = E[Σ⁻¹ δ ∇f(x + δ)ᵀ]`` for ``δ ~ N(0, Σ)`` (Torop et al. 2023). The mean of the same
    gradients is SmoothGrad.

    Parameters
    ----------
    sigma : float, array of shape (n_features,) or "auto", optional
        Standard deviation of the Gaussian, **in input units** (the authors' code calls its square
        sigma). If None, ``0.75 * radius / sqrt(n_features)``. ``"auto"`` compares a few multiples
        of ``radius / sqrt(n_features)`` and takes the one with the smallest `SmoothHessian.pmse`
        within the radius, for the first sample and a tenth of the gradients.
    covariance : array of shape (n_features, n_features), optional
        Covariance of the Gaussian, instead of `sigma`.
    radius : float or array of shape (n_features,)
        Size of the neighbourhood you ask about, as a distance in input units. Most of the
        Gaussian's mass lies at the distance ``sigma * sqrt(n_features)``. Where inputs have
        different units, such as the columns of a table, give each its own:
        ``0.25 * X.std(axis=0) * sqrt(n_features)``. The neighbourhood is then an ellipsoid, and
        pairs are ranked by their effect over one sigma of both inputs.
    n_samples : int
        Number of gradients for each sample; the largest number if `tolerance` is set. The authors
        took 100,000 for 784 inputs; with ``"orthogonal"``, 20,000 suffice.
    sampling : {"orthogonal", "moment_matched", "antithetic", "control_variate", "plain"}
        How directions are drawn. ``"plain"`` is the paper's formula. ``"antithetic"``, the authors'
        code, uses each direction with both signs. ``"orthogonal"`` makes directions orthogonal as
        well and needs a third of the gradients for the same error. ``"moment_matched"`` is exact
        for quadratic functions. ``"control_variate"`` is plain with the mean gradient subtracted.
    tolerance : float, optional
        Stop when the standard error of the matrix is this share of its size (Frobenius norms).
    groups : array of int of shape (n_features,), optional
        The group of each input, from 0; -1 for none. The matrix then has one row per group, and
        its entries are sums over the inputs of two groups.
    batch_size : int, optional
        Gradients computed at once; by memory if None.
    device : str or torch.device
        Where to compute. With ``"auto"`` a Module runs where it is, and another callable gets
        tensors where `x` is. On another device a copy of the Module runs.
    random_state : int, RandomState or None
        Seed of the directions. All samples of a call share them.
    progress : bool
        Whether to show progress over work of more than a second.

    Notes
    -----
    A Module runs in eval mode and is restored afterwards: mode, hooks, gradients and parameters.
    Rows of a batch must not depend on each other.

    If one Linear is proven to be the only consumer of the input, gradients are taken at its
    output, which is faster; `nbinterp.network.fast_paths` switches that off.

    References
    ----------
    Torop, Masoomi, Hill, Kose, Ioannidis and Dy, "SmoothHess: ReLU network feature interactions via
    Stein's lemma", NeurIPS (2023), arXiv 2311.00858. Orthogonal directions: Yu et al., "Orthogonal
    random features", NeurIPS (2016).

    Examples
    --------
    >>> import torch
    >>> from nbinterp.interactions import SmoothHess
    >>> def corner(x):  # two linear pieces: its own Hessian is zero almost everywhere
    ...     return torch.maximum(x[:, 0], x[:, 1])
    >>> smooth = SmoothHess(sigma=1.0, n_samples=20_000, random_state=0)
    >>> smooth.explain(corner, torch.zeros(1, 2)).hessian[0].round(2)
    array([[ 0.28, -0.28],
           [-0.28,  0.28]])
    """

    sigma: Any = None
    covariance: Any = None
    radius: Any = 0.5
    n_samples: int = 20_000
    sampling: str = "orthogonal"
    tolerance: float | None = None
    groups: Any = None
    batch_size: int | None = None
    device: str | torch.device = "auto"
    random_state: Any = None
    progress: bool = True

    def changed(self, **changes: Any) -> "SmoothHess":
        """Return these settings with some changed."""
        return replace(self, **changes)

    @_checks.named
    def explain(self, model: Any, x: Any, *, target: Any = None) -> SmoothHessian:
        """Return the smoothed second derivatives of a network at samples.

        Parameters
        ----------
        model : torch.nn.Module, Subject or callable
            Maps a batch ``(b, ...)`` to ``(b,)`` or ``(b, n_outputs)``, differentiable.
        x : array, DataFrame or tensor of shape (n_samples, ...)
            The samples, as floats. Several are explained in one pass.
        target : int, sequence of int, callable or None
            The output to explain: one for all samples, or one per sample; or a function from
            outputs to ``(b,)``. None if the model returns one number per sample.

        Returns
        -------
        SmoothHessian

        Raises
        ------
        ValueError
            If a setting is out of range, the model returns NaN, or rows depend on each other.
        TypeError
            If `x` holds whole numbers: they have no derivatives.

        Warns
        -----
        ConvergenceWarning
            If the error stays above `tolerance`.
        UserWarning
            If one sigma is guessed for columns of `x` that differ much in spread.
        """
        self._check()
        device = _device.of(self)
        with plain_settings():
            rows, shape = as_rows(x)
            if isinstance(model, nn.Module | Subject):
                model = Subject.of(model).on(self.device).fitted_to(rows.reshape(-1, *shape))
                rows = rows_on(model, rows)
            elif self.device != "auto":
                rows = rows.to(device)
        function = scalar_function(model, target, shape, len(rows))
        with function.eval_mode():
            tell(function.model, function.for_sample(0).check(rows))
            if self.covariance is None and self.groups is None and len(shape) == 1:
                self._warn_of_units(rows)
            settings = self._tuned(function, rows) if isinstance(self.sigma, str) else self
            found = settings._explain(function, rows)
        columns = getattr(x, "columns", None)
        if columns is not None and self.groups is None:
            found = replace(found, feature_names=tuple(str(name) for name in columns))
        if not found.converged:
            warnings.warn(
                f"SmoothHess(n_samples={self.n_samples}) left a relative error of up to "
                f"{found.relative_error.max():.2g}, above tolerance={self.tolerance:g}. Raise "
                "n_samples, or tolerance.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return found

    @_checks.named
    def _check(self) -> None:
        if np.ndim(self.radius) == 0:
            _checks.real("radius", self.radius, 0.0, open_low=True)
        _checks.integer("n_samples", self.n_samples, 4 * _BLOCKS)
        _checks.choice("sampling", self.sampling, SAMPLINGS)
        _checks.boolean("progress", self.progress)
        if isinstance(self.sigma, str):
            _checks.choice("sigma", self.sigma, ("auto",))
        if self.tolerance is not None:
            _checks.real("tolerance", self.tolerance, 0.0, open_low=True)
        if self.batch_size is not None:
            _checks.integer("batch_size", self.batch_size, 1)

    def _warn_of_units(self, rows: Tensor) -> None:
        """Warn if one sigma is guessed for columns whose spreads differ by orders of magnitude."""
        is_given = self.sigma is not None and not isinstance(self.sigma, str)
        if is_given or np.ndim(self.radius) or len(rows) < _ENOUGH:
            return
        spreads = rows.std(dim=0)
        some = spreads[spreads > 0]
        if len(some) and float(spreads.max()) > _UNLIKE * float(some.median()):
            warnings.warn(
                f"SmoothHess(radius={self.radius:g}) takes one sigma for columns of x that differ "
                f"in spread, from {float(some.min()):.2g} to {float(some.max()):.2g}. Give each "
                "its own: radius=0.25 * X.std(axis=0) * X.shape[1] ** 0.5.",
                UserWarning,
                stacklevel=4,
            )

    def _radius(self, d: int) -> float | FloatArray:
        return per_input("radius", self.radius, d, "radius")

    @_checks.named
    def _tuned(self, function: ScalarFunction, rows: Tensor) -> "SmoothHess":
        """Return these settings with the sigma of the smallest P-MSE within the radius."""
        _checks.require(
            self.groups is None,
            "(sigma='auto', groups=…)",
            "must have no groups: a matrix of groups is not a quadratic function of the input",
            "Tune without groups, then pass the sigma of that result.",
        )
        radius = self._radius(rows.shape[1])
        unit = radius / rows.shape[1] ** 0.5
        quick = replace(self, tolerance=None, progress=False)
        errors = {}
        for multiplier in MULTIPLIERS:
            trial = replace(
                quick, sigma=multiplier * unit, n_samples=max(4 * _BLOCKS, self.n_samples // 10)
            )
            found = trial._explain(function.for_sample(0), rows[:1])
            errors[multiplier] = float(
                found.pmse(radius, n_samples=2000, random_state=0)["SmoothHess"].iloc[0]
            )
        return replace(self, sigma=min(errors, key=errors.__getitem__) * unit)

    @_checks.named
    def _explain(self, function: ScalarFunction, rows: Tensor) -> SmoothHessian:
        count, d = rows.shape
        dtype = torch.float64 if rows.dtype == torch.float64 else torch.float32
        default = _MULTIPLIER * self._radius(d) / d**0.5
        smoothing = noise(self.sigma, self.covariance, default, d)
        smoothing = smoothing.to(rows.device, dtype)
        members = _membership(self.groups, d, rows.device, dtype)
        width = d if members is None else members.shape[1]
        _checks.require(
            self.tolerance is None or width <= WIDEST_MATRIX,
            f"(tolerance={self.tolerance}) of a matrix with {width} rows",
            f"must be None above {WIDEST_MATRIX} rows, where no error is estimated",
            "Set n_samples, or give groups of inputs.",
        )
        seed = int(_checks.generator(self.random_state).randint(2**31))
        directions = Directions(self.sampling, d, seed, rows.device, dtype)
        stein = Stein(
            function,
            smoothing,
            members,
            is_paired(self.sampling),
            self.sampling == "control_variate",
            self.batch_size,
            input_linear_of(function.for_sample(0), rows[:1]),
        )
        min_blocks = _BLOCKS if self.tolerance is None else 4 * _BLOCKS
        n_blocks, size = blocks(self.sampling, self.n_samples // stein.signs, d, min_blocks)
        _checks.require(
            n_blocks >= 2,
            f"(n_samples={self.n_samples}, sampling={self.sampling!r})",
            f"must take at least {2 * stein.signs * size} gradients for {d} inputs",
            "Take more, or use sampling='orthogonal'.",
        )
        estimate = MeanMatrix() if width <= WIDEST_MATRIX else None
        low_rank: list[list[LowRank]] = []
        gradient = torch.zeros((count, d), dtype=torch.float64, device=rows.device)
        bar = progress_bar(range(n_blocks), desc="SmoothHess", shown=self.progress)
        token = current_token()
        for done in bar:
            token.raise_if_cancelled()
            z = directions.draw(size)
            with _checks.call("SmoothHess.explain"):
                if estimate is None:
                    factors, mean = stein.factors(rows, z)
                    low_rank.append(factors)
                else:
                    matrices, mean = stein.matrices(rows, z)
                    estimate.add(matrices)
            gradient += mean
            if estimate is None or self.tolerance is None or done + 1 < _BLOCKS:
                continue
            if bool((estimate.relative_error() <= self.tolerance).all()):
                break
        n_blocks = done + 1
        return SmoothHessian.from_estimate(
            function,
            rows,
            gradient / n_blocks,
            estimate,
            [LowRank.mean(each) for each in zip(*low_rank, strict=True)],
            smoothing,
            n_samples=n_blocks * size * stein.signs,
            n_blocks=n_blocks,
            groups=None if members is None else _numbers(self.groups),
            tolerance=self.tolerance,
        )


def _membership(groups: Any, d: int, device: torch.device, dtype: torch.dtype) -> Tensor | None:
    """Return a matrix ``(d, n_groups)`` with 1 where an input belongs to a group."""
    if groups is None:
        return None
    numbers = _numbers(groups)
    what = f"(groups={_checks.show(numbers)})"
    _checks.require(
        len(numbers) == d and numbers.dtype.kind in "iu",
        what,
        f"must have one whole number per input, {d}",
        "Number the groups from 0, with -1 for inputs in none.",
    )
    count = int(numbers.max()) + 1
    missing = sorted(set(range(count)) - set(numbers.tolist()))
    _checks.require(
        count > 0 and not missing,
        what,
        f"must name an input for each group, but {missing[:1] or 'all'} has none",
        "Number the groups without gaps.",
    )
    members = torch.zeros((d, count), device=device, dtype=dtype)
    inside = torch.as_tensor(np.flatnonzero(numbers >= 0), device=device)
    members[inside, torch.as_tensor(numbers[numbers >= 0].astype(np.int64), device=device)] = 1.0
    return members


def _numbers(groups: Any) -> IntArray:
    array: IntArray = np.asarray(_checks.to_numpy(groups)).ravel()
    return array
