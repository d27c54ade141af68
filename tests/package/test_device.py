"""What the caller has set torch to do changes no result of an estimator."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch

from nbinterp import PHATE, BioCorEx, ClusterExplorer, LinearCorEx, LocalCorEx, dropout_study

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = np.repeat(rng.normal(size=(60, 2)), 3, axis=1) + 0.3 * rng.normal(size=(60, 6))
X = X.astype(np.float32)


@contextmanager
def default_type():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def default_device():
    torch.set_default_device("meta")  # where nothing can be computed
    try:
        yield
    finally:
        torch.set_default_device(None)


SETTINGS = {
    "inference mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "float64": default_type,
    "another device": default_device,
}


def local():
    corex = LinearCorEx(2, random_state=0, max_iter=50)
    fit = LocalCorEx(corex, PHATE(n_components=3, random_state=0), n_clusters=2, random_state=0)
    return fit.fit(X)


CALLS = {
    "LinearCorEx": lambda: LinearCorEx(2, random_state=0, max_iter=50).fit(X).weights_,
    "BioCorEx": lambda: BioCorEx(2, random_state=0, max_iter=20).fit(X).posterior(X[:5]),
    "PHATE": lambda: PHATE(random_state=0).fit(X).transform(X[:5]),
    "ClusterExplorer of LocalCorEx": lambda: ClusterExplorer(local()).to_frame(range(9)),
}


@pytest.mark.parametrize("name", CALLS)
def test_settings_of_torch_change_nothing(name):
    wanted = CALLS[name]()
    for setting, around in SETTINGS.items():
        with around():
            found = CALLS[name]()
        np.testing.assert_allclose(found, wanted, atol=1e-5, err_msg=setting)


def test_a_network_is_trained_where_gradients_are_off():
    y = (X[:, 0] > 0).astype(int)

    def study():
        return dropout_study(
            X[:40],
            y[:40],
            X[40:],
            y[40:],
            hidden=[(6,)],
            n_pairs=1,
            epochs=1,
            batch_size=20,
            random_state=0,
            progress=False,
        ).to_frame()

    with torch.no_grad():
        assert len(study()) > 0
        assert not torch.is_grad_enabled()
