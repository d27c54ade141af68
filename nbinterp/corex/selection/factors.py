"""Choose the number of factors, against shuffled data and on samples held out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import get_tags

from nbinterp import _checks, _device
from nbinterp._display import Displayable
from nbinterp._numerics.parallel import interruptible
from nbinterp._numerics.progress import current_token, progress_bar, tracking
from nbinterp._typing import FloatArray, FloatingArray, IntArray
from nbinterp.corex.linear.correlation import product_of
from nbinterp.corex.linear.estimator import MIN_SAMPLES, LinearCorEx
from nbinterp.corex.linear.gaussianize import learn_columns
from nbinterp.corex.linear.implied import predicted_total_correlation
from nbinterp.corex.linear.settings import checked_settings
from nbinterp.corex.linear.solver import Problem, fit_problems, random_start
from nbinterp.corex.local.fit import fit_clone


@dataclass(frozen=True, eq=False)
class FactorSelection(Displayable):
    """What each number of factors explains, and what of it chance would.

    Attributes
    ----------
    n_factors : array of shape (candidates,)
        The numbers of factors that were tried, rising.
    total_correlation : array of shape (candidates,)
        Of the data, in nats.
    null : array of shape (n_permutations, candidates)
        Of the data with every column shuffled by itself, in nats.
    held_out : array of shape (n_splits, candidates)
        The `score` of the CorEx on the samples that were left out of the fit, in nats per sample.
    best : int
        The smallest number of factors whose held-out score is within a standard error of the best.
    reason : str
        Why, in a sentence; it also says where no factor explains anything in held-out samples.
    """

    n_factors: IntArray
    total_correlation: FloatArray
    null: FloatArray
    held_out: FloatArray

    @property
    def best(self) -> int:
        """The smallest number of factors that does as well as any on samples held out."""
        mean = self.held_out.mean(0)
        top = int(mean.argmax())
        # Splits differ in difficulty, so it is the difference to the best that has the error.
        lost = self.held_out[:, [top]] - self.held_out
        error = lost.std(0, ddof=1) / np.sqrt(len(lost))
        good = lost.mean(0) <= np.maximum(error, 1e-3 * abs(mean[top]))
        return int(self.n_factors[int(good.argmax())])

    @property
    def reason(self) -> str:
        """Why `best` is the best."""
        place = int(np.searchsorted(self.n_factors, self.best))
        score = self.held_out[:, place]
        error = score.std(ddof=1) / np.sqrt(len(score))
        told = f"{_factors(self.best)}: {score.mean():.3g} ± {error:.2g} nats per held-out sample"
        if score.mean() <= error:
            return f"No factors explain held-out samples. Least bad, {told}."
        if place == len(self.n_factors) - 1 and place:
            return f"{told}, the most that was tried: try more."
        return f"{told}; no other number gives more by over a standard error."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per number of factors, all in nats.

        Columns: n_factors, total_correlation, null_mean, null_max, above_null (total correlation
        less the mean of the null), held_out.
        """
        return pd.DataFrame(
            {
                "n_factors": self.n_factors,
                "total_correlation": self.total_correlation,
                "null_mean": self.null.mean(0),
                "null_max": self.null.max(0),
                "above_null": self.total_correlation - self.null.mean(0),
                "held_out": self.held_out.mean(0),
            }
        )


def _factors(count: int) -> str:
    return f"{count} factor" if count == 1 else f"{count} factors"


@_checks.named
def select_n_factors(
    X: Any,
    candidates: Any = (1, 2, 3, 5, 8, 12, 20),
    *,
    corex: Any = None,
    n_permutations: int = 5,
    n_splits: int = 5,
    random_state: int | np.random.RandomState | None = None,
) -> FactorSelection:
    """Return how much each number of factors explains, beside what chance gives.

    The total correlation of a fit rises with the number of factors and is positive for independent
    variables too, by about ``p (p - 1) / 4 n`` nats. Here it stands beside fits of shuffled columns
    and beside the likelihood that the factors give to samples they were not fitted to, which falls
    again when factors explain noise.

    Parameters
    ----------
    X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
    candidates : sequence of int
        Numbers of factors to try; those above the number of columns are left out.
    corex : LinearCorEx, BioCorEx or None, default=None
        How to fit; its `n_factors` is not used. None is ``LinearCorEx()``, which fits all tables of
        a number of factors as one batch.
    n_permutations : int, default=5
        Shuffled copies of the data.
    n_splits : int, default=5
        Folds of the samples, each held out once.
    random_state : int, RandomState or None, default=None
        Draws starts, permutations and folds.

    Returns
    -------
    FactorSelection

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> parents = rng.normal(size=(300, 2))
    >>> X = np.repeat(parents, 4, axis=1) + rng.normal(size=(300, 8))
    >>> select_n_factors(X, [1, 2, 4], random_state=0).best
    2
    """
    model = clone(LinearCorEx() if corex is None else corex)
    linear = isinstance(model, LinearCorEx)
    _checks.require(
        linear or (hasattr(model, "score") and "n_factors" in model.get_params(deep=False)),
        f"(corex={_checks.show(corex)})",
        "must be a CorEx: an estimator with n_factors, score and total_correlation_",
        "Use LinearCorEx(…) or BioCorEx(…).",
        TypeError,
    )
    missing = get_tags(model).input_tags.allow_nan
    data = _checks.samples(X, min_samples=2 * MIN_SAMPLES, missing=missing)
    _checks.integer("n_permutations", n_permutations, 1)
    _checks.integer("n_splits", n_splits, 2, len(data) // 2, of="half the samples")
    tried = _checks.candidates(
        candidates,
        1,
        data.shape[1],
        of="that of the columns",
        remedy="Try fewer factors.",
    )
    rng = _checks.generator(random_state)
    generator = np.random.default_rng(rng.randint(2**31))
    folds = np.array_split(generator.permutation(len(data)), n_splits)
    shuffle = partial(generator.permuted, data, axis=0)
    tables = [data, *(interruptible(shuffle) for _ in range(n_permutations))]
    tables += [np.delete(data, fold, axis=0) for fold in folds]
    left_out = [data[fold] for fold in folds]
    fits = _linear_fits if linear else _any_fits
    totals, scores = zip(*fits(model, tried, tables, left_out, rng), strict=True)
    total = np.array(totals)[:, : 1 + n_permutations]
    return FactorSelection(np.array(tried), total[:, 0], total[:, 1:].T, np.array(scores).T)


# For each number of factors: the total of each table, and the scores of the samples that the last
# tables leave out.
_Fits = Iterator[tuple[list[float], list[float]]]


def _linear_fits(
    model: LinearCorEx,
    tried: Sequence[int],
    tables: Sequence[FloatingArray],
    left_out: Sequence[FloatingArray],
    rng: np.random.RandomState,
) -> _Fits:
    """Fit all tables as one batch, for each number of factors."""
    device = _device.resolve(model.device)
    columns = [learn_columns(table, model.gaussianize) for table in tables]
    products = [
        product_of(each, table, device) for each, table in zip(columns, tables, strict=True)
    ]
    bar = progress_bar(tried, desc="select_n_factors", shown=model.progress)
    for m in bar:
        p = tables[0].shape[1]
        settings = checked_settings(model.set_params(n_factors=m), p)
        start = partial(random_start, rng, settings.n_restarts, m, p)
        problems = [Problem(product, start()) for product in products]
        with tracking(current_token()):  # no bar within the bar
            found = [each[0] for each in fit_problems(problems, settings)]
        last = len(left_out)
        pairs = zip(left_out, found[-last:], columns[-last:], strict=True)
        scores = [
            float(
                predicted_total_correlation(
                    np.nan_to_num(each.apply(rows)), factors.correlation
                ).mean()
            )
            for rows, factors, each in pairs
        ]
        yield [factors.total_correlation for factors in found], scores


def _any_fits(
    model: Any,
    tried: Sequence[int],
    tables: Sequence[FloatingArray],
    left_out: Sequence[FloatingArray],
    rng: np.random.RandomState,
) -> _Fits:
    """Fit one table after the other, for each number of factors."""
    bar = progress_bar(
        total=len(tried) * len(tables),
        desc="select_n_factors",
        shown=getattr(model, "progress", True),
    )
    token = current_token()
    with bar:
        for m in tried:
            found = []
            for table in tables:
                token.raise_if_cancelled()
                model.set_params(n_factors=m)
                if "random_state" in model.get_params(deep=False):
                    model.set_params(random_state=int(rng.randint(2**31)))
                found.append(fit_clone(model, table))
                bar.update()
            scores = [
                float(each.score(rows))
                for rows, each in zip(left_out, found[-len(left_out) :], strict=True)
            ]
            yield [each.total_correlation_ for each in found], scores
