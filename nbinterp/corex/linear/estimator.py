"""Linear CorEx: the factors that explain most of what variables share."""

import warnings
from copy import deepcopy
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning

from nbinterp import _checks, _device
from nbinterp._display import Displayable
from nbinterp._numerics.moments import Moments
from nbinterp._numerics.parallel import parallel_map
from nbinterp._numerics.progress import current_token
from nbinterp._state import HasState, all_or_nothing, fields
from nbinterp._typing import FloatArray
from nbinterp.corex.linear import implied
from nbinterp.corex.linear.correlation import checked_correlation, product_of, to_correlation
from nbinterp.corex.linear.gaussianize import Columns, learn_columns, standardizing
from nbinterp.corex.linear.linearcorex import fit_with_package
from nbinterp.corex.linear.operators import Dense, Product
from nbinterp.corex.linear.settings import Settings, checked_settings
from nbinterp.corex.linear.solver import Factors, Problem, fit_problems, random_start
from nbinterp.corex.matching import stability

MIN_SAMPLES = 3  # two samples correlate every pair of columns perfectly


class LinearCorEx(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    Displayable,
    HasState,
    BaseEstimator,  # type: ignore[misc]
):
    """Linear CorEx: latent factors that explain the dependence between variables.

    Looks for factors ``Z_j = w_j x + noise`` of the standardized variables x after which as little
    total correlation as possible is left, preferring that every variable has one parent. The fit
    maximizes a lower bound of the total correlation ``TC(X; Z)`` (equation 6 of the paper), and
    needs the data only through their correlation matrix. Information is in nats: a nat is 1.44
    bits, and two variables with correlation 0.9 share 0.83. CorEx does not see *synergy*, as when
    one variable is the exclusive or of two others: `AndOr` looks for that.

    Parameters
    ----------
    n_factors : int or None, default=None
        Number of factors m; None is 10, or the number of columns if there are fewer. Superfluous
        ones end with a total correlation near zero.
    max_iter : int, default=10000
        Most iterations of each annealing stage, in each precision.
    tol : float, default=1e-5
        A stage ends when the total correlation changes by less than this, in nats per iteration.
    anneal : bool, default=True
        Begin with noise mixed into the data and take it away in steps; finds better optima.
    noise_floor : float, default=0.01
        The noise of the last stage, in standard deviations of a variable. It keeps the total
        correlation of duplicate columns finite, and changes that of other data by about its square.
    gaussianize : {"standard", "outliers", "empirical", "none"}, default="standard"
        How columns become scores: standardized; standardized and squashed beyond four standard
        deviations; by rank to a normal distribution; or taken to be standardized, which is checked.
    missing : {"pairwise", "error"}, default="pairwise"
        Of NaN: estimate each correlation from the rows that have both entries, or raise.
    n_restarts : int, default=1
        Random starts; the one with the highest total correlation is kept.
    engine : {"torch", "linearcorex"}, default="torch"
        What fits: this program, or the authors' package linearcorex, to compare with.
    device : str, default="auto"
        Where to compute: "auto" is CUDA where there is one, else the CPU.
    random_state : int, RandomState or None, default=None
        Draws the start weights.
    progress : bool, default=True
        Whether to show progress for work that takes more than a second.

    Attributes
    ----------
    weights_ : array of shape (n_factors, n_features)
        The normalized weights w, on standardized variables; rows by falling total correlation.
    correlation_ : array of shape (n_factors, n_features)
        Correlation of each variable with each factor; its sign is the direction.
    mutual_information_ : array of shape (n_factors, n_features)
        ``I(X_i; Z_j)`` in nats.
    total_correlation_ : float
        What all factors explain together, in nats: a lower bound of ``TC(X)``.
    total_correlations_ : array of shape (n_factors,)
        ``TC(X; Z_j)`` of each factor alone, in nats; where factors overlap, their sum differs.
    total_correlation_direct_ : float
        ``sum_i I(X_i; Z) - sum_j I(Z_j; X)``, in nats.
    total_correlation_no_overlap_ : float
        The same, but with only the strongest parent of each variable, in nats.
    additivity_ : float
        ``sum_ij I(X_i; Z_j) - sum_i I(X_i; Z)``, in nats: above zero where factors are redundant.
    n_iter_ : int
        Iterations over all stages.
    converged_ : bool
        Whether the last stage ended by `tol`.
    history_ : list of arrays
        The total correlation after each iteration, in nats, one array per stage.
    stability_ : array of shape (n_factors,)
        With restarts, how well each factor was found again: the mean cosine of its mutual
        information to that of its partner in the other restarts, 0 to 1.
    mean_, scale_ : arrays of shape (n_features,)
        Of the columns.

    References
    ----------
    Ver Steeg, Harutyunyan, Moyer and Galstyan, Fast structure learning with modular
    regularization, NeurIPS 2019: the objective is equation 6.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> parents = rng.normal(size=(500, 2))
    >>> X = np.repeat(parents, 3, axis=1) + 0.5 * rng.normal(size=(500, 6))
    >>> corex = LinearCorEx(n_factors=2, random_state=0).fit(X)
    >>> groups = corex.mutual_information_.argmax(axis=0)
    >>> bool(groups[0] == groups[1] == groups[2] != groups[3] == groups[4] == groups[5])
    True
    >>> corex.transform(X).shape
    (500, 2)
    """

    _STATE = fields(
        "n_factors max_iter tol anneal noise_floor gaussianize missing",
        "n_restarts engine device random_state progress",
    )
    _FITTED = fields(
        "weights_ correlation_ mutual_information_ total_correlation_",
        "total_correlations_ total_correlation_direct_ total_correlation_no_overlap_",
        "additivity_ n_iter_ converged_ history_ stability_ mean_ scale_",
        "n_features_in_ feature_names_in_",
        columns="_columns",
        moments="_moments",
        set_output="_sklearn_output_config",
    )

    def __init__(
        self,
        n_factors: int | None = None,
        *,
        max_iter: int = 10000,
        tol: float = 1e-5,
        anneal: bool = True,
        noise_floor: float = 0.01,
        gaussianize: str = "standard",
        missing: str = "pairwise",
        n_restarts: int = 1,
        engine: str = "torch",
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        progress: bool = True,
    ) -> None:
        self.n_factors = n_factors
        self.max_iter = max_iter
        self.tol = tol
        self.anneal = anneal
        self.noise_floor = noise_floor
        self.gaussianize = gaussianize
        self.missing = missing
        self.n_restarts = n_restarts
        self.engine = engine
        self.device = device
        self.random_state = random_state
        self.progress = progress

    @all_or_nothing
    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the factors of `X`.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            NaN marks a missing entry.
        y : ignored

        Returns
        -------
        LinearCorEx
            Itself, fitted.

        Raises
        ------
        ValueError
            If `X` holds infinities, fewer than 3 rows or columns than factors, or none that varies.
        """
        missing = self.missing == "pairwise"
        data = _checks.samples(X, min_samples=MIN_SAMPLES, missing=missing, estimator=self)
        settings = checked_settings(self, data.shape[1])
        columns = learn_columns(data, self.gaussianize)
        _checks.require(
            bool(columns.scale.any()),
            f"(X={_checks.show(data)})",
            "must have a column that varies",
            "Pass samples that differ.",
        )
        device = _device.of(self)
        # In a worker, as Local CorEx does: the same data then give the same matrix to the last bit.
        task, stop = partial(product_of, columns, data, device), current_token().stop
        product = parallel_map([task], device, always_workers=True, stop=stop)[0]
        if self.engine == "torch":
            return self._fit(product, columns, settings)
        rng = _checks.generator(self.random_state)
        return self._accept(fit_with_package(columns.apply(data), product, settings, rng), columns)

    @all_or_nothing
    def fit_covariance(self, S: Any, n_samples: int) -> Self:
        """Find the factors of variables with covariance matrix `S`.

        Parameters
        ----------
        S : array-like of shape (n_features, n_features)
            Symmetric and without negative eigenvalues.
        n_samples : int
            How many samples `S` was estimated from.

        Returns
        -------
        LinearCorEx
            Itself, fitted to variables of mean zero.
        """
        covariance = _checks.samples(S, name="S", min_samples=1, estimator=self)
        matrix, scale = checked_correlation(covariance.astype(np.float64))
        _checks.integer("n_samples", n_samples, MIN_SAMPLES)
        return self._fit_correlation(matrix, np.zeros(len(scale)), scale)

    @all_or_nothing
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Find the factors of all samples passed so far, of which only the moments are kept.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            More samples, without missing entries.
        y : ignored

        Returns
        -------
        LinearCorEx
            Itself, fitted as `fit` would be to all samples at once.
        """
        _checks.require(
            self.gaussianize == "standard",
            f" with gaussianize={self.gaussianize!r}",
            "must have gaussianize='standard', which needs moments only",
            "Use fit, or gaussianize='standard'.",
        )
        known = getattr(self, "_moments", None)
        data = _checks.samples(X, min_samples=1, estimator=self, reset=known is None)
        moments = Moments(products=True) if known is None else deepcopy(known)  # in case it fails
        moments.add(_checks.squarable(data).astype(np.float64))
        _checks.require(
            bool(moments.count >= MIN_SAMPLES) and bool(np.diag(moments.products).any()),
            f"(X={_checks.show(data)})",
            f"must begin with a minimum of {MIN_SAMPLES} samples that differ",
            "Pass more samples at once.",
        )
        matrix, scale = to_correlation(moments.covariance)
        self._fit_correlation(matrix, moments.mean[0], scale)
        self._moments = moments
        return self

    def _fit_correlation(self, matrix: FloatArray, mean: FloatArray, scale: FloatArray) -> Self:
        columns = standardizing(mean, scale)
        product = Dense(torch.as_tensor(matrix, device=_device.of(self)).unsqueeze(0))
        return self._fit(product, columns, checked_settings(self, len(scale)))

    def _fit(self, product: Product, columns: Columns, settings: Settings) -> Self:
        rng = _checks.generator(self.random_state)
        start = random_start(rng, settings.n_restarts, settings.n_factors, len(columns.mean))
        return self._accept(fit_problems([Problem(product, start)], settings)[0], columns)

    def _accept(self, found: list[Factors], columns: Columns) -> Self:
        """Take the best of the restarts, and say what is to be known about it."""
        factors = found[0]
        if not factors.converged:
            text = f"LinearCorEx(max_iter={self.max_iter}) did not converge. Raise max_iter or tol."
            warnings.warn(text, ConvergenceWarning, stacklevel=5)
        if factors.copies:
            warnings.warn(factors.on_copies(self.noise_floor), UserWarning, stacklevel=5)
        self.weights_ = factors.weights
        self.correlation_ = factors.correlation
        self.mutual_information_ = factors.mutual_information
        self.total_correlation_ = factors.total_correlation
        self.total_correlations_ = factors.total_correlations
        self.total_correlation_direct_ = factors.direct
        self.total_correlation_no_overlap_ = factors.no_overlap
        self.additivity_ = factors.additivity
        self.n_iter_, self.converged_ = factors.n_iter, factors.converged
        self.history_ = list(factors.history)
        self.mean_, self.scale_, self._columns = columns.mean, columns.scale, columns
        self._moments = None
        if len(found) > 1:
            others = [other.mutual_information for other in found[1:]]
            self.stability_ = stability(factors.mutual_information, others)
        return self

    @_checks.named
    def transform(self, X: Any) -> FloatArray:
        """Return the factor values of samples.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            A missing entry counts as its column's mean.

        Returns
        -------
        array of shape (n_samples, n_factors)
            ``w x`` without noise: its variance is the farther below 1, the weaker the factor.
        """
        values: FloatArray = self._scores(X) @ self.weights_.T
        return values

    @_checks.named
    def inverse_transform(self, Z: Any) -> FloatArray:
        """Return the samples that are expected at factor values `Z`.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_factors)
            As `transform` returns them.

        Returns
        -------
        array of shape (n_samples, n_features)
            The best linear prediction of the variables from the factor values. The authors'
            program predicts from factors with their noise, which shrinks the result.
        """
        _checks.fitted(self, "weights_")
        values = _checks.samples(Z, name="Z", min_samples=1)
        _checks.require(
            values.shape[1] == len(self.weights_),
            f"(Z={_checks.show(values)})",
            f"must have one column per factor, {len(self.weights_)}",
            "Pass what transform returns.",
        )
        scores = implied.expected_scores(
            values.astype(np.float64), self.weights_, self.correlation_, self.noise_floor
        )
        return self._columns.invert(scores)

    def get_covariance(self) -> FloatArray:
        """Return the covariance of the variables that the factors imply.

        Returns
        -------
        array of shape (n_features, n_features)
            Exact where every variable has one parent; off the diagonal it is shrunk by the square
            of `noise_floor`, which keeps it positive definite.
        """
        _checks.fitted(self, "weights_")
        return implied.covariance_of(self.correlation_, self.scale_)

    @_checks.named
    def score(self, X: Any, y: Any = None) -> float:
        """Return the total correlation of `X` that the factors predict, in nats per sample.

        The mean log likelihood under the Gaussian with `get_covariance`, less that under
        independent variables: zero for factors of nothing, at most the Gaussian total correlation,
        and lower for factors of noise, so that it can choose `n_factors` on held-out samples.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            A missing entry counts as its column's mean.
        y : ignored

        Returns
        -------
        float
            In nats per sample.
        """
        predicted = implied.predicted_total_correlation(self._scores(X), self.correlation_)
        return float(predicted.mean())

    def _scores(self, X: Any) -> FloatArray:
        """Return the scores of new samples, 0 where missing."""
        _checks.fitted(self, "weights_")
        missing = self.missing == "pairwise"
        data = _checks.samples(X, min_samples=1, missing=missing, estimator=self, reset=False)
        scores: FloatArray = np.nan_to_num(self._columns.apply(data))
        return scores

    def _is_showable(self) -> bool:
        return hasattr(self, "weights_")

    @property
    def _n_features_out(self) -> int:
        return len(self.weights_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "pairwise"
        return tags
