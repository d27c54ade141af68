"""linearcorex 0.53, the authors' program, as an oracle and as an engine."""

import os
from pathlib import Path

import numpy as np
import pytest
from corex.known_covariances import MODULAR, exact_samples

from nbinterp.corex import LinearCorEx, LocalCorEx

pytest.importorskip("linearcorex")
DATA = Path(os.environ["NBINTERP_DATA"])


def test_both_engines_find_the_same_optimum():
    x = exact_samples(MODULAR, 300, np.random.default_rng(0))
    ours = LinearCorEx(5, random_state=0).fit(x)
    theirs = LinearCorEx(5, engine="linearcorex", random_state=0).fit(x)
    assert ours.total_correlation_ == pytest.approx(theirs.total_correlation_, abs=1e-3)
    np.testing.assert_allclose(ours.total_correlations_, theirs.total_correlations_, atol=5e-3)
    np.testing.assert_allclose(ours.mutual_information_, theirs.mutual_information_, atol=2e-2)


@pytest.mark.filterwarnings("ignore:.*columns are copies:UserWarning")
@pytest.mark.skipif(not (DATA / "mnist.npz").exists(), reason="NBINTERP_DATA has no mnist.npz")
def test_no_worse_on_a_cluster_of_images():
    with np.load(DATA / "mnist.npz") as mnist:
        images = mnist["x_test"][mnist["y_test"] == 4][:600].reshape(600, -1)
    ours = LinearCorEx(5, random_state=0).fit(images)
    theirs = LinearCorEx(5, engine="linearcorex", random_state=0).fit(images)
    assert ours.total_correlation_ >= 0.999 * theirs.total_correlation_


def test_the_global_seed_and_the_console_stay_untouched(capsys):
    x = exact_samples(MODULAR, 100, np.random.default_rng(1))
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    local = LocalCorEx(LinearCorEx(2, engine="linearcorex"), random_state=0)
    local.fit(x, clusters=np.repeat([0, 1, 2], [49, 49, 2]))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert capsys.readouterr().out == ""
    assert local.clusters_[0].total_correlation_ > local.clusters_[0].null_total_correlation_
    assert local.clusters_[2].note.startswith("Not fitted: 2 samples")
