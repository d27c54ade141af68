import numpy as np
import pytest
import torch

from nbinterp.interactions.kronecker import InverseOfSum, KroneckerPower, products
from nbinterp.interactions.moebius import and_, and_adjoint

MOEBIUS = torch.tensor([[1.0, 0.0], [-1.0, 1.0]], dtype=torch.float64)


@pytest.mark.parametrize("n", [1, 4, 5, 6, 9, 11, 13])
def test_power_against_the_fast_transform(n):
    v = torch.randn(2, 3, 2**n, dtype=torch.float64)
    torch.testing.assert_close(KroneckerPower(MOEBIUS, n)(v), and_(v))
    torch.testing.assert_close(KroneckerPower(MOEBIUS.T, n)(v), and_adjoint(v))


@pytest.mark.parametrize("n", [1, 3, 7, 12])
def test_inverse_of_a_sum(n):
    gram = MOEBIUS @ MOEBIUS.T
    v = torch.randn(2, 2**n, dtype=torch.float64)
    solved = InverseOfSum(gram, gram.flip(0, 1), n)(v)
    back = KroneckerPower(gram, n)(solved) + KroneckerPower(gram.flip(0, 1), n)(solved)
    torch.testing.assert_close(back, v, atol=1e-8, rtol=1e-8)


def test_products():
    assert products([2.0, 3.0], 2).tolist() == [4, 6, 6, 9]
    np.testing.assert_allclose(products([2.0, 3.0], 3)[5], 2 * 3 * 3)
