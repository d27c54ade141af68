"""Bio CorEx as a scikit-learn estimator."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning

from nbinterp import _checks, _device
from nbinterp._display import Displayable
from nbinterp._numerics.parallel import thread_pool
from nbinterp._state import HasState, all_or_nothing, fields
from nbinterp._typing import FloatingArray, IntArray
from nbinterp.corex.bio.columns import BioColumns, learn_bio_columns
from nbinterp.corex.bio.information import agreement, corrected_information
from nbinterp.corex.bio.marginals import Table
from nbinterp.corex.bio.model import Model
from nbinterp.corex.bio.update import Solution, infer, iterate

_FLOAT64_FLOOR = 1e-3  # least variance, of standardized columns, that float32 resolves


class BioCorEx(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    Displayable,
    HasState,
    BaseEstimator,  # type: ignore[misc]
):
    """Bio CorEx: factors with a few states that explain the dependence between columns.

    Each factor ``Y_j`` puts every sample into one of a few states, and finds the columns that
    differ between the states. The fit maximizes ``sum_j [sum_i alpha_ij I(X_i; Y_j) - I(Y_j; X)]``,
    a lower bound of the total correlation. Columns may be discrete, or Gaussian within a state.
    Missing entries are skipped. Unlike the factors of `LinearCorEx`, these divide samples into
    groups and need not be linear. The paper describes factors that are learned one after another;
    its authors' program updates all of them side by side, and so does this one.

    CorEx sees little of *synergy*: columns that say something only together, as when one is the
    exclusive or of two others. `AndOr` looks for that.

    *Mutual information* ``I(X; Y)`` is how much one variable says about another; it is 0 if they
    are independent. *Total correlation* is the dependence between all columns together: how much
    more likely samples are jointly than they would be if the columns were independent, on average,
    as a logarithm. Both are in *nats*; 1 nat is 1.44 bits. A Gaussian pair with correlation r
    shares ``-log(1 - r²) / 2``: 0.5 nats at r = 0.80, 1 at 0.93, 2 at 0.99. A factor of 7 nats is
    strong: it explains as much as seven pairs with r = 0.93.

    Parameters
    ----------
    n_factors : int, default=2
        Number of factors m. Superfluous factors end with a total correlation near zero.
    n_states : int, default=2
        Number of states k of each factor, at least 2.
    marginals : {"gaussian", "discrete"} or a list of them, one per column, default="gaussian"
        Distribution of a column within a state. A discrete column may hold up to 32 different
        numbers.
    smooth : bool, default=False
        For few samples: shrink the distribution of a column within a state towards its distribution
        in all samples. The more likely the difference is chance, the more it shrinks.
    max_iter : int, default=500
        Maximum number of iterations.
    tol : float, default=1e-5
        Stop when the mean total correlation of five iterations differs by less than this, in nats,
        from the mean of the five before.
    n_restarts : int, default=1
        Number of random starts, fitted in parallel; the fit with the highest total correlation is
        kept.
    variance_floor : float or "clip", default=0.01
        Least variance of a Gaussian column within a state, as a fraction of its variance, so that
        the units of the columns do not affect the result. "clip" uses the authors' value: 0.25 in
        squared units of the data.
    device : str, default="auto"
        Where to compute: "auto" is CUDA if available, else the CPU.
    random_state : int, RandomState or None, default=None
        Draws the starts and the permutations for the mutual information.
    progress : bool, default=True
        Whether to show a progress bar for work that takes more than a second.

    Attributes
    ----------
    labels_ : array of shape (n_samples, n_factors)
        The likeliest state of each factor; factors by decreasing total correlation.
    posterior_ : array of shape (n_factors, n_samples, n_states)
        ``p(y_j | x)``, the probability of each state.
    alpha_ : array of shape (n_factors, n_features)
        From 0 to 1: how much of the information between a column and a factor is unique to the
        factor, that is, not given by a factor that fits the column better.
    mutual_information_ : array of shape (n_factors, n_features)
        ``I(X_i; Y_j)`` in nats, minus its mean over 20 permutations of the samples; 0 if it does
        not exceed the second highest of them.
    total_correlations_ : array of shape (n_factors,)
        Total correlation that each factor explains, in nats: the mean of `log_likelihood_ratio_`.
    total_correlation_ : float
        Their sum, in nats: a lower bound of the total correlation of the columns.
    log_likelihood_ratio_ : array of shape (n_samples, n_factors)
        ``log Z_j(x)``, in nats: how much more likely a sample is under each factor than with
        independent columns. A value far below zero means that the factor fits the sample badly.
    stability_ : array of shape (n_factors,) or None
        From 0 to 1: how well the other restarts reproduce each factor, as the normalized mutual
        information with the best match, averaged over restarts. None with a single restart.
    n_iter_ : int
        Number of iterations of the restart that was kept.
    converged_ : bool
        Whether that restart converged to `tol`.
    history_ : array of shape (n_iter_,)
        `total_correlation_` after each iteration, in nats.

    Notes
    -----
    Differences from the authors' program: the variance floor does not depend on units. Shrinkage
    uses standard errors in closed form instead of 20 bootstraps. A missing entry never counts as
    explained. Alpha is counted on all samples, and fixed after 100 iterations, because it may
    alternate forever; not where it is raised to give a weak factor another chance.

    References
    ----------
    Pepke and Ver Steeg (2017), "Comprehensive discovery of subsample gene expression components by
    information explanation: therapeutic implications in cancer", BMC Medical Genomics 10:12.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> groups = rng.integers(0, 2, size=(400, 2))
    >>> X = 3.0 * np.repeat(groups, 4, axis=1) + rng.normal(size=(400, 8))
    >>> corex = BioCorEx(n_factors=2, random_state=0).fit(X)
    >>> best = corex.mutual_information_.argmax(axis=0)
    >>> bool((best[:4] == best[0]).all() and (best[4:] == 1 - best[0]).all())
    True
    >>> corex.transform(X).shape
    (400, 2)
    """

    _STATE = fields(
        "n_factors n_states marginals smooth max_iter tol n_restarts variance_floor device",
        "random_state progress",
    )
    _FITTED = fields(
        "labels_ posterior_ alpha_ mutual_information_ log_likelihood_ratio_ total_correlations_",
        "total_correlation_ stability_ n_iter_ converged_ history_ n_features_in_",
        "feature_names_in_",
        columns="_columns",
        model="_model",
        set_output="_sklearn_output_config",
    )

    def __init__(
        self,
        n_factors: int = 2,
        *,
        n_states: int = 2,
        marginals: str | Sequence[str] = "gaussian",
        smooth: bool = False,
        max_iter: int = 500,
        tol: float = 1e-5,
        n_restarts: int = 1,
        variance_floor: float | str = 0.01,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        progress: bool = True,
    ) -> None:
        self.n_factors = n_factors
        self.n_states = n_states
        self.marginals = marginals
        self.smooth = smooth
        self.max_iter = max_iter
        self.tol = tol
        self.n_restarts = n_restarts
        self.variance_floor = variance_floor
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
        BioCorEx
            Itself, fitted.

        Raises
        ------
        ValueError
            If `X` holds infinities or a single row, if a discrete column has more than 32 values,
            or if a parameter is invalid.
        """
        self._fit(X)
        if not self.converged_:
            warnings.warn(
                f"{type(self).__name__}(max_iter={self.max_iter}) did not converge. "
                "Raise max_iter or tol.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    @_checks.named
    @_device.own_tensors()
    def _fit(self, X: Any) -> None:
        floor = self._check_parameters()
        device = _device.of(self)
        with _checks.call(f"{type(self).__name__}.fit"):
            data = _checks.squarable(_checks.samples(X, missing=True, estimator=self))
        columns = learn_bio_columns(data, self.marginals, floor)
        # float32 is enough for standardized columns, unless the variance floor is tiny.
        exact = bool((columns.floor < _FLOAT64_FLOOR).any())
        table = columns.table(data, device, torch.float64 if exact else torch.float32)

        rng = _checks.generator(self.random_state)
        with thread_pool(device):
            solutions = iterate(
                table,
                *self._start(table, rng),
                max_iter=self.max_iter,
                tol=self.tol,
                smooth=self.smooth,
                progress=self.progress,
            )
            best = max(solutions, key=lambda solution: solution.total_correlation)
            mutual_information = corrected_information(table, best.q, self.smooth, rng)
        others = [agreement(best.q[0], each.q[0]) for each in solutions if each is not best]
        self._take(columns, best, mutual_information, others)

    def _start(self, table: Table, rng: np.random.RandomState) -> tuple[torch.Tensor, torch.Tensor]:
        """Return random responsibilities, uniform over all distributions of states, and jitter."""
        r, m, n = self.n_restarts, self.n_factors, table.n_samples
        draws = rng.standard_exponential((r, m, self.n_states, n))
        jitter = rng.random_sample((r, m, len(table.varying)))
        q = torch.as_tensor(draws / draws.sum(2, keepdims=True))
        return q.to(table.varying), torch.as_tensor(jitter).to(table.varying)

    def _take(
        self,
        columns: BioColumns,
        solution: Solution,
        mutual_information: torch.Tensor,
        others: list[torch.Tensor],
    ) -> None:
        """Set the fitted attributes."""
        self._columns = columns
        self._model = solution.model
        self.posterior_ = solution.q[0].permute(0, 2, 1).contiguous().cpu().numpy()
        self.labels_ = self.posterior_.argmax(2).T
        self.alpha_ = columns.restore(solution.model.alpha[0])
        self.mutual_information_ = columns.restore(mutual_information)
        self.log_likelihood_ratio_ = solution.log_z[0].T.contiguous().cpu().numpy()
        self.total_correlations_ = self.log_likelihood_ratio_.mean(0, dtype=np.float64)
        self.total_correlation_ = float(self.total_correlations_.sum())
        self.stability_ = torch.stack(others).mean(0).cpu().numpy() if others else None
        self.n_iter_ = len(solution.history)
        self.converged_ = solution.converged
        self.history_ = solution.history

    @_checks.named
    def transform(self, X: Any) -> IntArray:
        """Return the likeliest state of each factor for samples.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            NaN marks a missing entry. A level that the fit has not seen counts as missing.

        Returns
        -------
        array of shape (n_samples, n_factors)
            As `labels_`.
        """
        q, _ = self._infer(X)
        labels: IntArray = q.cpu().numpy().argmax(1).T
        return labels

    @_checks.named
    def posterior(self, X: Any) -> FloatingArray:
        """Return the probability of each state of each factor for samples.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            As for `transform`.

        Returns
        -------
        array of shape (n_factors, n_samples, n_states)
            As `posterior_`.
        """
        q, _ = self._infer(X)
        result: FloatingArray = q.permute(0, 2, 1).contiguous().cpu().numpy()
        return result

    @_checks.named
    def score(self, X: Any, y: Any = None) -> float:
        """Return the total correlation that the factors explain in samples.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            As for `transform`.
        y : ignored

        Returns
        -------
        float
            The mean of ``sum_j log Z_j(x)``, in nats per sample. On the training data it is
            `total_correlation_`. Below zero, the factors fit these samples worse than independent
            columns do.
        """
        _, log_z = self._infer(X)
        return float(log_z.sum(0).to(torch.float64).mean())

    @_device.own_tensors()
    def _infer(self, X: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``p(y_j | x)`` ``(m, k, n)`` and ``log Z_j(x)`` ``(m, n)``."""
        _checks.fitted(self, "posterior_")
        data = _checks.samples(X, min_samples=1, missing=True, estimator=self, reset=False)
        model: Model = self._model
        table = self._columns.table(data, model.alpha.device, model.alpha.dtype)
        q, log_z = infer(table, model)
        return q[0], log_z[0]

    @_checks.named
    def _check_parameters(self) -> float | None:
        """Check the parameters; return the variance floor, None for "clip"."""
        _checks.integer("n_factors", self.n_factors, 1)
        one = "A factor with a single state holds no information: use 2 or more."
        _checks.integer("n_states", self.n_states, 2, remedy=one)
        _checks.boolean("smooth", self.smooth)
        _checks.integer("max_iter", self.max_iter, 1)
        _checks.real("tol", self.tol, 0.0, open_low=True)
        _checks.integer("n_restarts", self.n_restarts, 1)
        _checks.boolean("progress", self.progress)
        if isinstance(self.variance_floor, str):
            _checks.choice("variance_floor", self.variance_floor, ("clip",))
            return None
        return _checks.real("variance_floor", self.variance_floor, 0.0, 1.0, open_low=True)

    def _is_showable(self) -> bool:
        return hasattr(self, "labels_")

    @property
    def _n_features_out(self) -> int:
        return len(self.posterior_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []  # labels are whole numbers
        return tags
