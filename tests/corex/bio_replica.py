"""A slow replica of Bio CorEx: NumPy, with a loop over variables, in the units of the data.

It follows Pepke and Ver Steeg (2017). It shares no code with the package, only the order of random
draws, so that tests can compare both.
"""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm


def marginal_ratios(x, discrete, q, prior, floor):
    """``log p(x | y_j = c) / p_j(x)`` ``(m, k, n)`` of one variable, zero where it is missing."""
    seen = ~np.isnan(x)
    ratio = np.zeros_like(q)
    if not seen.any():
        return ratio
    x, weights = x[seen], q[:, :, seen]
    count = weights.sum(2, keepdims=True)
    if discrete:
        log_p = np.zeros_like(weights)
        values = np.unique(x)
        for value in values:
            hits = (weights * (x == value)).sum(2, keepdims=True) + 0.001
            log_p += (x == value) * np.log(hits / (count + 0.001 * len(values)))
    else:
        count = np.maximum(count, 0.1)
        mean = (weights * x).sum(2, keepdims=True) / count
        variance = (weights * (x - mean) ** 2).sum(2, keepdims=True)
        variance = variance / np.maximum(count - 1, 0.01)
        least = 0.25 if floor == "clip" else floor * x.var()
        log_p = norm.logpdf(x, mean, np.sqrt(np.maximum(variance, least)))
    mixture = logsumexp(np.log(prior)[:, :, None] + log_p, axis=1, keepdims=True)
    ratio[:, :, seen] = log_p - mixture
    return ratio


def all_ratios(X, discrete, q, floor):
    """``log p(x_i | y_j = c) / p_j(x_i)``, ``(p, m, k, n)``, and ``p(y_j = c)``."""
    prior = q.sum(2) + 0.001
    prior /= prior.sum(1, keepdims=True)
    ratios = [marginal_ratios(X[:, i], discrete[i], q, prior, floor) for i in range(X.shape[1])]
    return np.array(ratios), prior


def reliance(X, ratios, q, strength, jitter, raised):
    m, _, n = q.shape
    alpha = np.zeros((m, X.shape[1]))
    label = q.argmax(1)
    for i, x in enumerate(X.T):
        right = np.zeros((m, n), dtype=bool)
        for j in range(m):
            ratio = ratios[i, j]
            says = ratio.argmax(0)
            tells = ratio.max(0) > ratio.min(0)
            right[j] = (says == label[j]) & tells & ~np.isnan(x)
        explained = np.zeros(n, dtype=bool)
        for j in np.argsort(-right.sum(1), kind="stable"):
            alpha[j, i] = (right[j] & ~explained).sum() / max(right[j].sum(), 1)
            explained |= right[j]
    for j in range(m):
        if raised and abs(strength[j]) < 0.01:
            power = np.log(0.99) / np.log(np.clip(alpha[j].max(), 0.01, 0.99))
            alpha[j] = alpha[j] ** power + 0.001 * jitter[j]
    return alpha


def update(X, discrete, q, strength, jitter, floor, fixed_alpha=None, raised=True):
    """Alpha ``(m, p)``, the next responsibilities ``(m, k, n)`` and ``log Z`` ``(m, n)``."""
    ratios, prior = all_ratios(X, discrete, q, floor)
    alpha = np.ones((len(q), X.shape[1]))
    if len(q) > 1:
        alpha = reliance(X, ratios, q, strength, jitter, raised)
    varying = [len(np.unique(x[~np.isnan(x)])) > 1 for x in X.T]
    alpha = alpha * varying
    if fixed_alpha is not None:
        alpha = fixed_alpha
    joint = np.repeat(np.log(prior)[:, :, None], q.shape[2], axis=2)
    for i, ratio in enumerate(ratios):
        joint += alpha[:, i, None, None] * ratio
    log_z = logsumexp(joint, axis=1)
    return alpha, np.exp(joint - log_z[:, None]), log_z


def mutual_information(X, discrete, q, floor):
    ratios, _ = all_ratios(X, discrete, q, floor)
    observed = np.maximum((~np.isnan(X)).sum(0), 1)
    return np.array([(q * ratio).sum((1, 2)) for ratio in ratios]).T / observed


def fit(X, m, k=2, *, discrete=None, floor=0.01, max_iter=500, tol=1e-5, seed=0):
    """Labels ``(n, m)``, alpha, mutual information, total correlations and iterations."""
    n, p = X.shape
    discrete = np.zeros(p, dtype=bool) if discrete is None else discrete
    rng = np.random.RandomState(seed)
    q = rng.standard_exponential((m, k, n))
    q /= q.sum(1, keepdims=True)
    jitter = rng.random_sample((m, p))
    alpha, strength, history = None, np.zeros(m), []
    for step in range(1, max_iter + 1):
        fixed = alpha if step > 100 else None
        raised = step < min(100, max_iter)
        alpha, q, log_z = update(X, discrete, q, strength, jitter, floor, fixed, raised)
        strength = log_z.mean(1)
        history.append(strength.sum())
        settled = (
            abs(np.mean(history[-5:]) - np.mean(history[-10:-5])) < tol if step > 10 else False
        )
        if step % 5 == 0 and settled:
            break
    order = np.argsort(-strength, kind="stable")
    q = q[order]
    raw = mutual_information(X, discrete, q, floor)
    orders = [rng.permutation(n) for _ in range(20)]
    null = np.array([mutual_information(X, discrete, q[:, :, each], floor) for each in orders])
    second = np.sort(null, axis=0)[-2]
    corrected = np.maximum(np.where(raw > second, raw - null.mean(0), 0.0), 0.0)
    return q.argmax(1).T, alpha[order], corrected, strength[order], step
