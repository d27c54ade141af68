"""Factors to a file and back."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from nbinterp.corex import BioCorEx, LinearCorEx, LocalCorEx, load_factors, save_factors


@pytest.mark.parametrize("way", ["standard", "empirical"])
def test_what_is_loaded_is_what_was_saved(tmp_path, way):
    x = np.random.default_rng(0).normal(size=(60, 5)).cumsum(axis=1)
    corex = LinearCorEx(2, gaussianize=way)
    factors = LocalCorEx(corex, random_state=0).fit(x, labels=np.zeros(60, int)).clusters_[0]
    save_factors(tmp_path / "a.safetensors", factors)
    again = load_factors(tmp_path / "a.safetensors")
    assert repr(again) == repr(factors)
    assert again.feature_names == factors.feature_names
    assert again.to_frame().equals(factors.to_frame())
    np.testing.assert_array_equal(again.indices, factors.indices)
    np.testing.assert_array_equal(again.transform(x), factors.transform(x))
    for one, other in zip(again.history_, factors.history_, strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_files_are_refused(tmp_path):
    save_file({"a": np.zeros(3)}, str(tmp_path / "b.safetensors"))
    with pytest.raises(ValueError, match="must be a file of save_factors"):
        load_factors(tmp_path / "b.safetensors")


def test_factors_that_are_no_arrays_are_refused(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 5)).cumsum(axis=1)
    factors = LocalCorEx(BioCorEx(1), random_state=0).fit(x, labels=np.zeros(60, int)).clusters_[0]
    with pytest.raises(TypeError, match=r"must be factors of LinearCorEx, not of BioCorEx"):
        save_factors(tmp_path / "c.safetensors", factors)
    assert not list(tmp_path.iterdir())
