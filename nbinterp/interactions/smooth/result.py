"""What SmoothHess found: interactions of inputs, and how far to trust them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils import check_random_state
from torch import Tensor

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._state import HasState, fields
from nbinterp._typing import AnyArray, BoolArray, FloatArray, IntArray
from nbinterp.interactions.gradients import Scalar
from nbinterp.interactions.smooth.attack import minimize
from nbinterp.interactions.smooth.fdr import significant
from nbinterp.interactions.smooth.kernel import Noise
from nbinterp.interactions.smooth.low_rank import Dense, LowRank, Symmetric
from nbinterp.interactions.smooth.mean_matrix import MeanMatrix
from nbinterp.interactions.smooth.pairs import pairs, places
from nbinterp.interactions.smooth.pmse import BALLS, squared_errors


@dataclass(frozen=True, eq=False, kw_only=True)
class SmoothHessian(Displayable, HasState):
    """Second derivatives of a smoothed network at samples, in output units per squared input unit.

    `SmoothHess` makes these.

    Attributes
    ----------
    x : array of shape (n_samples, ...)
        The samples.
    gradient : array of shape (n_samples, ...)
        SmoothGrad: the gradient of the smoothed function, from the same gradients.
    hessian : array of shape (n_samples, n_features, n_features) or None
        Symmetric; a row a group if there were groups; None if too wide to be written down: then
        `product` and `eigenpairs` read it.
    standard_error : array of the shape of `hessian`, or None
        Of each entry, in its units, from how eight or more blocks of directions differ.
    relative_error : array of shape (n_samples,)
        Standard error of the matrix over its size, in Frobenius norms; infinite where it is all
        noise, NaN where it was not written down.
    converged : bool
        Whether the `tolerance` that was asked for was reached; True if none was.
    sigma : float or array of shape (n_features,)
        Standard deviation of the smoothing, in input units.
    n_samples : int
        Gradients taken a sample.
    n_blocks : int
        In how many blocks, of which each gives an estimate of its own.
    groups : array of int of shape (n_features,), or None
        The group of each input, -1 for none, where rows are groups.

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
    _function: Scalar | None = field(default=None, repr=False)  # code: not in the state
    _rows: Tensor = field(repr=False)
    _slopes: Tensor = field(repr=False)
    _wide: Sequence[LowRank] = field(repr=False)

    _STATE = fields(
        "x gradient hessian standard_error relative_error converged sigma",
        "n_samples n_blocks groups",
        rows="_rows",
        gradients="_slopes",
        low_rank="_wide",
    )

    @classmethod
    def of(
        cls,
        function: Scalar,
        rows: Tensor,
        slopes: Tensor,
        estimate: MeanMatrix | None,
        wide: Sequence[LowRank],
        smoothing: Noise,
        n_samples: int,
        n_blocks: int,
        groups: IntArray | None,
        tolerance: float | None,
    ) -> "SmoothHessian":
        """Return the result of an estimate, or of matrices that are too wide for one."""
        shape = (len(rows), *function.shape)
        error = np.full(len(rows), np.nan)
        mean = spread = None
        if estimate is not None:
            mean, spread = estimate.mean, estimate.standard_error
            error = _host(estimate.relative_error())
        return cls(
            x=rows.cpu().numpy().reshape(shape),
            gradient=_host(slopes).reshape(shape),
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
            _slopes=slopes,
            _wide=wide,
        )

    def __repr__(self) -> str:
        """Return the figures that fit in a line."""
        error = ", ".join(f"{value:.2g}" for value in self.relative_error[:3])
        more = ", …" if len(self.relative_error) > 3 else ""
        return (
            f"SmoothHessian({len(self.x)} samples, {self._width} × {self._width}, "
            f"relative error {error}{more}{'' if self.converged else ' (NOT CONVERGED)'}, "
            f"{self.n_samples:,} gradients a sample)"
        )

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
        """Return ``uᵀ H v``: how the slope along `v` changes along `u`.

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
    def to_frame(self, k: int | None = None, *, names: Sequence[object] | None = None) -> Any:
        """Return the pairs of inputs or groups of each sample, the strongest first.

        Parameters
        ----------
        k : int, optional
            How many pairs of each sample; all if None.
        names : sequence of str, optional
            Of the inputs or groups; ``"x0"`` and so on if None.

        Returns
        -------
        DataFrame
            Columns ``sample, first, second, interaction, standard_error``: entries of `hessian`.

        Raises
        ------
        ValueError
            If the matrix is too wide to be written down.
        """
        return pairs(self.hessian, self.standard_error, k, names)

    @_checks.named
    def entries(
        self, rows: Any, columns: Any = None, *, sample: int = 0
    ) -> tuple[FloatArray, FloatArray]:
        """Return some entries of the Hessian with their errors, of one too wide to be written too.

        Parameters
        ----------
        rows, columns : sequence of int
            Which; all columns if None.
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
        if isinstance(matrix, LowRank):
            which = torch.from_numpy(down), torch.from_numpy(right)
            mean, spread = matrix.entries(*which, self.n_blocks)
            return _host(mean), _host(spread)
        place = (sample, down[:, None], right)
        return np.asarray(self.hessian)[place], np.asarray(self.standard_error)[place]

    @_checks.named
    def beyond_noise(self, rate: float = 0.05) -> BoolArray:
        """Return which entries differ from zero by more than their noise.

        Parameters
        ----------
        rate : float
            The share of false ones among those returned, on average, of all pairs of a sample
            (Benjamini and Hochberg), by Student's t over the blocks.

        Returns
        -------
        array of bool of the shape of `hessian`

        Raises
        ------
        ValueError
            If the matrix is too wide to be written down.
        """
        share = _checks.real("rate", rate, 0.0, 1.0)
        if self.hessian is None or self.standard_error is None:
            _checks.fail(
                "()",
                f"must have a matrix that is written down, not one of {self._width} rows",
                "Compare `entries` of some rows with their errors.",
            )
        return significant(self.hessian, self.standard_error, self.n_blocks, rate=share)

    @_checks.named
    def eigenpairs(self, k: int = 10, *, sample: int = 0) -> tuple[FloatArray, FloatArray]:
        """Return the eigenvalues of largest size and their directions.

        Parameters
        ----------
        k : int
            How many; fewer if the matrix has fewer.
        sample : int

        Returns
        -------
        values : array of shape (k,)
            By size, the largest first, with their signs.
        vectors : array of shape (n_features, k)
            Of length one.
        """
        count = _checks.integer("k", k, 1)
        values, vectors = self._matrix(sample).eigenpairs(count)
        return _host(values), _host(vectors)

    @_checks.named
    def pmse(
        self,
        radius: float,
        *,
        n_samples: int = 15_000,
        ball: str = "radius",
        random_state: Any = None,
    ) -> pd.DataFrame:
        """Return how far the quadratic function is from the network near each sample.

        The mean of ``(f(x + δ) - f(x) - gᵀδ - ½ δᵀHδ)²`` over δ in a ball (the paper's P-MSE),
        beside that of the smoothed and of the plain gradient alone.

        Parameters
        ----------
        radius : float
            Of the ball, in input units.
        n_samples : int
            Points in it.
        ball : {"radius", "volume"}
            Whether the distance is uniform, as in the authors' code, or the points are uniform in
            the ball, which in many dimensions puts nearly all at its surface.
        random_state : int, RandomState or None

        Returns
        -------
        DataFrame
            A row a sample; columns ``"SmoothHess"``, ``"SmoothGrad"``, ``"gradient"``, and the
            standard error of each, in squared output units.
        """
        reach = _checks.real("radius", radius, 0.0, open_low=True)
        total = _checks.integer("n_samples", n_samples, 2)
        _checks.choice("ball", ball, BALLS)
        self._refuse_groups()
        function = self._function
        if function is None:
            must = "must have the network, which a file does not hold"
            _checks.fail("()", must, "Explain the samples again.")
        rng = check_random_state(random_state)
        generator = torch.Generator(self._rows.device).manual_seed(int(rng.randint(2**31)))
        table = []
        for sample, row in enumerate(self._rows):
            errors = squared_errors(
                function.of(sample),
                row,
                self._slopes[sample],
                self._matrix(sample),
                reach,
                n=total,
                ball=ball,
                generator=generator,
            )
            table.append(_host(torch.cat([errors.mean(1), errors.std(1) / total**0.5])))
        names = ["SmoothHess", "SmoothGrad", "gradient"]
        return pd.DataFrame(table, columns=names + [f"{each}, standard error" for each in names])

    @_checks.named
    def attack(self, radius: float, *, sample: int = 0, maximize: bool = False) -> AnyArray:
        """Return the change within a ball that lowers the output most, as far as order 2 tells.

        The exact solution of ``min gᵀδ + ½ δᵀHδ, ‖δ‖ ≤ radius``; the paper's authors solve a
        relaxation. A step goes all its length in one direction, where a Gaussian that is as large
        as the ball has little mass: smooth more for an attack than for P-MSE, such as with
        ``sigma = 6.5 * radius / sqrt(n_features)``, the authors' choice.

        Parameters
        ----------
        radius : float
            In input units.
        sample : int
        maximize : bool
            Raise the output instead.

        Returns
        -------
        array of the shape of a sample
        """
        reach = _checks.real("radius", radius, 0.0, open_low=True)
        self._refuse_groups()
        pairs_of = self._matrix(sample).eigenpairs
        values, vectors = (_host(each) for each in pairs_of(self._rows.shape[1]))
        sign = -1.0 if maximize else 1.0
        slope = _host(self._slopes[sample])
        return minimize(sign * values, vectors, sign * slope, reach).reshape(self.x.shape[1:])

    def _matrix(self, sample: int) -> Symmetric:
        last = len(self.x) - 1
        place = _checks.integer("sample", sample, 0, last, of="the last one")
        if self.hessian is None:
            return self._wide[place]
        return Dense(torch.from_numpy(self.hessian[place]).to(self._rows.device))

    def _vectors(self, name: str, value: Any) -> Tensor:
        array = np.asarray(_checks.to_numpy(value), dtype=np.float64)
        _checks.require(
            array.ndim in (1, 2) and len(array) == self._width,
            f"({name}={_checks.show(array)})",
            f"must have {self._width} rows",
            "Pass one number a row of the matrix.",
        )
        return torch.from_numpy(array.reshape(self._width, -1)).to(self._rows.device)

    def _refuse_groups(self) -> None:
        _checks.require(
            self._width == self._rows.shape[1],
            "()",
            "must have no groups, whose matrix is no quadratic function of the input",
            "Explain without groups.",
        )


def _host(tensor: Tensor) -> FloatArray:
    array: FloatArray = tensor.detach().to("cpu", torch.float64).numpy()
    return array
