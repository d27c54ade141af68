"""The result of SmoothHess: interactions of inputs, and how far to trust them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._numerics.arrays import as_tensor
from nbinterp._state import HasState, fields
from nbinterp._typing import AnyArray, BoolArray, FloatArray, IntArray
from nbinterp.interactions.gradients import ScalarFunction
from nbinterp.interactions.smooth.attack import step_within
from nbinterp.interactions.smooth.fdr import significant
from nbinterp.interactions.smooth.kernel import Noise, per_input
from nbinterp.interactions.smooth.low_rank import Dense, LowRank, Symmetric
from nbinterp.interactions.smooth.mean_matrix import MeanMatrix
from nbinterp.interactions.smooth.pairs import pairs, places
from nbinterp.interactions.smooth.pmse import BALLS, pmse_table


@dataclass(frozen=True, eq=False, kw_only=True)
class SmoothHessian(Displayable, HasState):
    """Second derivatives of a smoothed network at samples, as `SmoothHess.explain` returns.

    Entries are in output units per squared input unit.

    Attributes
    ----------
    x : array of shape (n_samples, ...)
        The samples.
    gradient : array of shape (n_samples, ...)
        The gradient of the smoothed function (SmoothGrad).
    hessian : array of shape (n_samples, n_features, n_features) or None
        Symmetric matrices, with one row per group if there are `groups`. None if they are too wide
        to store: use `product`, `eigenpairs` and `entries` then.
    standard_error : array of the shape of `hessian`, or None
        Of each entry, in its units, from how eight or more blocks of directions differ.
    relative_error : array of shape (n_samples,)
        Standard error of the matrix divided by its size, in Frobenius norms. Infinite if it is all
        noise, NaN if the matrix is not stored.
    converged : bool
        Whether the requested `tolerance` was reached; True if there was none.
    sigma : float or array of shape (n_features,)
        Standard deviation of the smoothing, in input units.
    n_samples : int
        Number of gradients taken for each sample.
    n_blocks : int
        Number of blocks they were taken in; each block gives an independent estimate.
    groups : array of int of shape (n_features,), or None
        The group of each input, -1 for none, if rows are groups.
    feature_names : tuple of str, or None
        The columns of the DataFrame that was explained; None of other data, or if rows are groups.

    Examples
    --------
    >>> import torch
    >>> from nbinterp.interactions import SmoothHess
    >>> smooth = SmoothHess(sigma=0.5, n_samples=1000, sampling="moment_matched", random_state=0)
    >>> found = smooth.explain(lambda x: (x[:, 0] + x[:, 1]) ** 2, torch.ones(1, 2))
    >>> found.hessian[0].round(3)
    array([[2., 2.],
           [2., 2.]])
    >>> values, vectors = found.eigenpairs(1)
    >>> values.round(3)
    array([4.])
    """

    x: AnyArray
    gradient: FloatArray
    hessian: FloatArray | None
    standard_error: FloatArray | None
    relative_error: FloatArray
    converged: bool
    sigma: float | FloatArray
    n_samples: int
    n_blocks: int
    groups: IntArray | None
    feature_names: tuple[str, ...] | None = None
    _function: ScalarFunction | None = field(default=None, repr=False)  # code: not in the state
    _rows: Tensor = field(repr=False)
    _gradients: Tensor = field(repr=False)
    _wide: Sequence[LowRank] = field(repr=False)

    _STATE = fields(
        "x gradient hessian standard_error relative_error converged sigma",
        "n_samples n_blocks groups feature_names",
        rows="_rows",
        gradients="_gradients",
        low_rank="_wide",
    )

    @classmethod
    def from_estimate(
        cls,
        function: ScalarFunction,
        rows: Tensor,
        gradients: Tensor,
        estimate: MeanMatrix | None,
        wide: Sequence[LowRank],
        smoothing: Noise,
        n_samples: int,
        n_blocks: int,
        groups: IntArray | None,
        tolerance: float | None,
    ) -> "SmoothHessian":
        """Return the result from the mean of blocks, or from `wide` matrices stored as rows."""
        shape = (len(rows), *function.shape)
        error = np.full(len(rows), np.nan)
        mean = spread = None
        if estimate is not None:
            mean, spread = estimate.mean, estimate.standard_error
            error = _host(estimate.relative_error())
        return cls(
            x=rows.cpu().numpy().reshape(shape),
            gradient=_host(gradients).reshape(shape),
            hessian=None if mean is None else _host(mean),
            standard_error=None if spread is None else _host(spread),
            relative_error=error,
            converged=tolerance is None or bool((error <= tolerance).all()),
            sigma=smoothing.deviations(),
            n_samples=n_samples,
            n_blocks=n_blocks,
            groups=groups,
            _function=function,
            _rows=rows,
            _gradients=gradients,
            _wide=wide,
        )

    def __repr__(self) -> str:
        """Return the sizes and errors in one line."""
        error = ", ".join(f"{value:.2g}" for value in self.relative_error[:3])
        more = ", …" if len(self.relative_error) > 3 else ""
        return (
            f"SmoothHessian({len(self.x)} samples, {self._width} × {self._width}, "
            f"relative error {error}{more}{'' if self.converged else ' (NOT CONVERGED)'}, "
            f"{self.n_samples:,} gradients per sample)"
        )

    @property
    def units(self) -> FloatArray | None:
        """The sigma of each input if they have their own: strong is what has an effect over it."""
        return self.sigma if isinstance(self.sigma, np.ndarray) and self.groups is None else None

    @property
    def _width(self) -> int:
        return int(self._rows.shape[1] if self.hessian is None else self.hessian.shape[1])

    @_checks.named
    def product(self, v: Any, *, sample: int = 0) -> FloatArray:
        """Return the Hessian of a sample times `v`.

        Parameters
        ----------
        v : array of shape (n_features,) or (n_features, k)
        sample : int

        Returns
        -------
        array of the shape of `v`
        """
        matrix, vectors = self._matrix(sample), self._vectors("v", v)
        return _host(matrix.product(vectors)).reshape(np.shape(v))

    @_checks.named
    def pair(self, u: Any, v: Any, *, sample: int = 0) -> float:
        """Return ``uᵀ H v``: how the derivative along `v` changes along `u`.

        Parameters
        ----------
        u, v : array of shape (n_features,)
            Directions in input units, such as the difference of two samples.
        sample : int

        Returns
        -------
        float
        """
        left = self._vectors("u", u)
        right = self._vectors("v", v)
        return float((left.T @ self._matrix(sample).product(right)).squeeze())

    @_checks.named
    def to_frame(self, n: int | None = None, *, names: Sequence[object] | None = None) -> Any:
        """Return the pairs of inputs or groups of each sample, strongest in `units` first.

        Parameters
        ----------
        n : int, optional
            How many pairs to list for each sample; all if None.
        names : sequence of str, optional
            Names of the inputs or groups; `feature_names`, or ``"x0"``, ``"x1"``, …, if None.

        Returns
        -------
        DataFrame
            Columns ``sample, first, second, interaction, standard_error``: entries of `hessian`.

        Raises
        ------
        ValueError
            If the matrix is too wide to store.
        """
        given = self.feature_names if names is None else names
        return pairs(self.hessian, self.standard_error, n, given, self.units)

    @_checks.named
    def entries(
        self, rows: Any, columns: Any = None, *, sample: int = 0
    ) -> tuple[FloatArray, FloatArray]:
        """Return some entries of the Hessian and their errors, also if it is too wide to store.

        Parameters
        ----------
        rows, columns : sequence of int
            Numbers of rows and columns; all columns if None.
        sample : int

        Returns
        -------
        values, standard_error : array of shape (len(rows), len(columns))
            In output units per squared input unit.
        """
        matrix = self._matrix(sample)
        down = places("rows", rows, self._width)
        every = np.arange(self._width)
        right = every if columns is None else places("columns", columns, self._width)
        which = torch.from_numpy(down), torch.from_numpy(right)
        values, errors = matrix.entries(*which, self.n_blocks)
        return _host(values), _host(errors)

    @_checks.named
    def beyond_noise(self, rate: float = 0.05) -> BoolArray:
        """Return which entries differ from zero by more than their noise.

        Each pair of a sample is tested by Student's t over the blocks.

        Parameters
        ----------
        rate : float
            The false discovery rate (Benjamini and Hochberg): on average at most this share of
            the returned entries is noise.

        Returns
        -------
        array of bool of the shape of `hessian`

        Raises
        ------
        ValueError
            If the matrix is too wide to store.
        """
        share = _checks.real("rate", rate, 0.0, 1.0)
        if self.hessian is None or self.standard_error is None:
            _checks.fail(
                "()",
                f"must have a matrix narrow enough to store, not one of {self._width} rows",
                "Compare `entries` of some rows with their errors.",
            )
        return significant(self.hessian, self.standard_error, self.n_blocks, rate=share)

    @_checks.named
    def eigenpairs(self, k: int = 10, *, sample: int = 0) -> tuple[FloatArray, FloatArray]:
        """Return the eigenvalues of largest absolute value and their eigenvectors.

        Parameters
        ----------
        k : int
            How many; fewer if the matrix has fewer.
        sample : int

        Returns
        -------
        values : array of shape (k,)
            Largest absolute value first.
        vectors : array of shape (n_features, k)
            Of length one.
        """
        count = _checks.integer("k", k, 1)
        values, vectors = self._matrix(sample).eigenpairs(count)
        return _host(values), _host(vectors)

    @_checks.named
    def pmse(
        self,
        radius: Any,
        *,
        n_samples: int = 15_000,
        ball: str = "radius",
        random_state: Any = None,
    ) -> pd.DataFrame:
        """Return how far the quadratic function is from the network near each sample (P-MSE).

        P-MSE, the perturbation mean squared error of the paper, is the mean of
        ``(f(x + δ) - f(x) - gᵀδ - ½ δᵀHδ)²`` over δ in a ball. Beside it stand the errors of the
        smoothed and of the plain gradient alone.

        Parameters
        ----------
        radius : float or array of shape (n_features,)
            Radius of the ball, in input units; one for each input makes it an ellipsoid.
        n_samples : int
            Number of points drawn in the ball.
        ball : {"radius", "volume"}
            Whether distances are uniform, as in the authors' code, or points are uniform in the
            ball: in many dimensions nearly all of those lie near its surface.
        random_state : int, RandomState or None

        Returns
        -------
        DataFrame
            One row per sample; columns ``"SmoothHess"``, ``"SmoothGrad"``, ``"gradient"``, and
            the standard error of each, in squared output units.
        """
        reach = self._reach(radius)
        total = _checks.integer("n_samples", n_samples, 2)
        _checks.choice("ball", ball, BALLS)
        self._refuse_groups()
        function = self._function
        if function is None:
            must = "must have the network, which saved files do not contain"
            _checks.fail("()", must, "Explain the samples again.")
        return pmse_table(
            function,
            self._rows,
            self._gradients,
            (self._matrix(sample) for sample in range(len(self.x))),
            reach,
            n=total,
            ball=ball,
            seed=int(_checks.generator(random_state).randint(2**31)),
        )

    @_checks.named
    def attack(self, radius: Any, *, sample: int = 0, maximize: bool = False) -> AnyArray:
        """Return the step within a ball that lowers the quadratic function most.

        It solves ``min gᵀδ + ½ δᵀHδ, ‖δ‖ ≤ radius`` exactly; the paper's authors solve a
        relaxation. An attack goes the full radius in one direction, where a Gaussian as large as
        the ball has little mass, so smooth more than for P-MSE. The authors used
        ``sigma = 6.5 * radius / sqrt(n_features)``.

        Parameters
        ----------
        radius : float or array of shape (n_features,)
            Largest length of the step, in input units; see `pmse`.
        sample : int
        maximize : bool
            Raise the output instead.

        Returns
        -------
        array of the shape of a sample
        """
        reach, matrix = self._reach(radius), self._matrix(sample)
        self._refuse_groups()
        step = step_within(matrix, self._gradients[sample], reach, maximize=maximize)
        return _host(step).reshape(self.x.shape[1:])

    def _reach(self, radius: Any) -> Tensor:
        numbers = per_input("radius", radius, self._rows.shape[1], "radius")
        return torch.as_tensor(numbers, dtype=torch.float64, device=self._rows.device)

    def _matrix(self, sample: int) -> Symmetric:
        last = len(self.x) - 1
        place = _checks.integer("sample", sample, 0, last, of="the last one")
        if self.hessian is None:
            return self._wide[place]
        both = (np.asarray(table)[place] for table in (self.hessian, self.standard_error))
        return Dense(*(torch.from_numpy(table).to(self._rows.device) for table in both))

    def _vectors(self, name: str, value: Any) -> Tensor:
        array = np.asarray(_checks.to_numpy(value), dtype=np.float64)
        _checks.require(
            array.ndim in (1, 2) and len(array) == self._width,
            f"({name}={_checks.show(array)})",
            f"must have {self._width} rows",
            "Pass one number per row of the matrix.",
        )
        return as_tensor(array.reshape(self._width, -1)).to(self._rows.device)

    def _refuse_groups(self) -> None:
        _checks.require(
            self._width == self._rows.shape[1],
            "()",
            "must have no groups: a matrix of groups is not a quadratic function of the input",
            "Explain without groups.",
        )


def _host(tensor: Tensor) -> FloatArray:
    array: FloatArray = tensor.detach().to("cpu", torch.float64).numpy()
    return array
