import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.network import perturb, record
from nbinterp.views.slider.precomputed import kept, layout, plan, precompute, quantized


@pytest.fixture(scope="module")
def make():
    """Return what makes perturbations of a small network, with any decoder."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))
    data = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32)
    table = record(model, data, "1").concat("1")
    local = LocalCorEx(LinearCorEx(2, random_state=0)).fit(table, clusters=np.repeat([0, 1], 45))

    def made(**options):
        return perturb(model, data, local.clusters_[1], layer="1", **options)

    return made


def images(height, width, *channels, scale=0.05):
    def decode(hidden):
        flat = np.resize(hidden.T, (height * width * int(np.prod(channels)), len(hidden))).T
        return (0.5 + scale * np.tanh(flat)).reshape(-1, height, width, *channels)

    return decode


@pytest.mark.parametrize("shape", [(5, 7), (4, 6, 3), (400, 300)])
def test_frames_are_those_of_one_factor_moved_alone(make, shape):
    source = make(decode=images(*shape))
    found = precompute(source, 1.7)
    assert found.amounts[len(found.amounts) // 2] == 0
    assert found.amounts[[0, -1]] == pytest.approx([-1.7, 1.7])
    places = np.arange(np.prod(shape)).reshape(shape)[:: found.step, :: found.step].ravel()
    for factor, position in [(0, 0), (1, 3), (1, -1)]:
        amounts = np.zeros(2)
        amounts[factor] = found.amounts[position]
        frame = source.at(amounts)
        drawn = found.decoded[factor, position] / 255
        np.testing.assert_allclose(drawn, frame.decoded[0, places], atol=0.5 / 255 + 1e-6)
        np.testing.assert_allclose(found.outputs[factor, position], frame.outputs[0], atol=1e-5)
    assert found.decoded.nbytes <= 400_000


@given(
    st.integers(1, 12),
    st.tuples(st.integers(1, 600), st.integers(1, 600))
    | st.tuples(st.integers(1, 600), st.integers(1, 600), st.just(3))
    | st.tuples(st.integers(0, 10**6)),
)
def test_any_number_of_frames_fits(n_factors, shape):
    count, step = plan(n_factors, shape)
    assert n_factors * count * len(kept(shape, step)) <= 400_000
    assert count % 2 == 1 and 9 <= count <= 25


def test_a_digit_is_kept_whole(make):
    assert plan(5, (28, 28)) == (25, 1)
    assert 5 * 25 * 28 * 28 < 300_000


def test_all_frames_are_decoded_in_one_go(make):
    calls = []

    def decode(hidden):
        calls.append(len(hidden))
        return images(5, 7)(hidden)

    source = make(decode=decode)
    calls.clear()
    precompute(source, 3.0)
    assert calls == [50]


def test_limits_are_0_to_1_for_images_within_else_what_occurs(make):
    assert precompute(make(decode=images(5, 7)), 3.0).limits == (0.0, 1.0)
    wide = make(decode=images(5, 7, scale=20))
    low, high = precompute(wide, 3.0).limits
    assert low <= wide.baseline_decoded.min() and high >= wide.baseline_decoded.max()
    assert low < 0 and high > 1
    table = precompute(make(decode=lambda hidden: hidden[:, :4] * 0.01 + 0.5), 3.0)
    assert table.limits[0] > 0 and table.limits[1] < 1
    flat = precompute(make(decode=lambda hidden: hidden[:, :4] * 0 + 7), 3.0)
    assert flat.limits == (6.5, 7.5)


def test_without_a_decoder_the_outputs_are_kept(make):
    source = make()
    assert layout(source) == (0,)
    found = precompute(source, 3.0)
    assert found.decoded.shape == (2, 25, 0)
    assert found.outputs.shape == (2, 25, 3)


def test_no_frames_if_none_are_wanted(make):
    found = precompute(make(decode=images(5, 7)), 3.0, wanted=False)
    assert found.amounts.shape == (0,)
    assert found.decoded.shape == (2, 0, 35)
    assert found.outputs.shape == (2, 0, 3)


def test_what_is_not_finite_is_drawn_at_an_end():
    values = np.array([np.nan, -np.inf, np.inf, 0.5, -3, 9], np.float32)
    assert quantized(values, (0.0, 1.0)).tolist() == [0, 0, 255, 128, 0, 255]


@pytest.mark.filterwarnings("error")
def test_a_decoder_of_nan_makes_a_precompute(make):
    found = precompute(make(decode=lambda hidden: hidden[:, :4] * np.nan), 3.0)
    assert found.limits == (0.0, 1.0)
    assert not found.decoded.any()
