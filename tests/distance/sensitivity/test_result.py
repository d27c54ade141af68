import numpy as np
import pytest
from distance.studies import study


def test_a_row_a_target_move_and_amount():
    made = study()
    frame = made.to_frame("kl", coverage=0.8)
    assert len(frame) == 3 + 2 + 2 + 2 * 3 + 2 * 2
    row = frame.set_index(["part", "edit", "amount"]).loc[("h1[4]", "shift", 1.0)]
    assert row["value"] == made.node_shift[1, 1, 2] and row["baseline"] == made.baseline[2]
    draws = made.random_node_shift[:, 1, 2]
    assert row["chance_lower"] == pytest.approx(np.quantile(draws, 0.1))
    assert row["chance_upper"] == pytest.approx(np.quantile(draws, 0.9))
    # A large divergence is a cost, a large accuracy is none.
    assert row["rank"] == pytest.approx((1 + (draws >= row["value"]).sum()) / 11)
    accuracy = made.to_frame().set_index(["part", "edit", "amount"]).loc[("h1", "scale", 10.0)]
    worse = made.random_layer_scale[:, 1, 0] <= made.layer_scale[1, 0]
    assert accuracy["rank"] == pytest.approx((1 + worse.sum()) / 11)
    folded = frame[frame["edit"].str.contains("folded")]
    np.testing.assert_array_equal(folded["value"], made.layer_scale_folded[:, 2])
    assert folded["rank"].isna().all()


def test_without_a_control_and_without_nodes_and_without_a_bias():
    frame = study(n_random=0, nodes=(), layer_scale_folded=None).to_frame()
    assert set(frame["edit"]) == {"shift", "scale"} and len(frame) == 5
    assert frame[["chance_lower", "chance_upper", "rank"]].isna().all(axis=None)


def test_whether_a_scale_is_vacuous():
    assert study().scale_is_vacuous is False
    assert study(layer_scale_folded=np.array([[1, 1, 1e-9], [1, 1, 0]])).scale_is_vacuous is True
    assert study(layer_scale_folded=None).scale_is_vacuous is None
    assert repr(study()).startswith("SensitivityStudy('h1': 2 nodes × 3 shifts and 2 scales, 10")


def test_bad_arguments():
    with pytest.raises(ValueError, match="must be one of 'accuracy', 'agreement', 'kl'"):
        study().to_frame("loss")
    with pytest.raises(ValueError, match="at most 1"):
        study().to_frame(coverage=2)
