import numpy as np
import torch
from scipy import stats

from nbinterp.distance.stream.node_moments import NodeMoments


def moments(z, codes, n_clusters, size):
    whole = None
    for start in range(0, len(z), size):
        part, code = z[start : start + size], codes[start : start + size]
        member = torch.nn.functional.one_hot(code, n_clusters).T.double()
        new = NodeMoments.of(part, code, member)
        whole = new if whole is None else whole.merge(new)
    return whole


def test_batches_give_the_moments_of_each_cluster_and_of_all():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 400)
    codes[:100] = 0  # a batch without the others
    z = rng.exponential(size=(400, 5)) + 3 * codes[:, None] - 1
    found = moments(torch.as_tensor(z), torch.as_tensor(codes), 4, 37)
    skewness, kurtosis = found.shape(torch.zeros(5))
    for cluster in range(3):
        mine = z[codes == cluster]
        np.testing.assert_allclose(found.mean[cluster], mine.mean(0))
        np.testing.assert_allclose(found.variance[cluster], mine.var(0))
        np.testing.assert_allclose(found.share_positive[cluster], (mine > 0).mean(0))
        np.testing.assert_allclose(skewness[cluster], stats.skew(mine))
        np.testing.assert_allclose(kurtosis[cluster], stats.kurtosis(mine))
    assert (found.counts[3], found.variance[3].sum(), skewness[3].sum()) == (0, 0, 0)
    whole = found.pooled()
    np.testing.assert_allclose(whole.variance[0], z.var(0))
    np.testing.assert_allclose(whole.shape(torch.zeros(5))[1][0], stats.kurtosis(z))
