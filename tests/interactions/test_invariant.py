import pytest
import torch

from nbinterp.interactions.invariant import Invariant, total_spins

ONE = torch.eye(2, dtype=torch.float64)
GRAM = torch.tensor([[1.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
ODD = torch.tensor([[0.3, -1.0], [2.0, 0.5]], dtype=torch.float64)


def power(factor, n):
    matrix = torch.ones(1, 1, dtype=torch.float64)
    for _ in range(n):
        matrix = torch.kron(factor, matrix)
    return matrix


def table(n):
    return torch.randn(3, 2, 2**n, dtype=torch.float64, generator=torch.Generator().manual_seed(n))


@pytest.mark.parametrize("n", [0, 1, 2, 5, 8])
def test_total_spins_are_an_orthogonal_basis(n):
    basis, spins = total_spins(n)
    assert torch.allclose(basis @ basis.T, torch.eye(2**n, dtype=torch.float64), atol=1e-12)
    assert [spin.size for spin in spins] == list(range(n + 1, 0, -2))
    assert sum(spin.copies * spin.size for spin in spins) == 2**n


def test_the_largest_spin_holds_the_means_over_coalitions_of_a_size():
    basis, _ = total_spins(3)
    sizes = torch.tensor([bin(k).count("1") for k in range(8)])
    for n_on in range(4):
        mean = (sizes == n_on).double()
        assert torch.allclose(basis[n_on], mean / mean.norm())


@pytest.mark.parametrize("n", [1, 2, 5, 9, 10])
def test_a_power_is_applied(n):
    mapped = Invariant([ODD], n, lambda powers: powers[0])(table(n))
    assert torch.allclose(mapped, table(n) @ power(ODD, n).T, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n", [1, 3, 9, 10])
def test_an_inverse_of_sums_solves(n):
    inverse = Invariant(
        [GRAM, GRAM.flip(0, 1), ONE], n, lambda p: torch.linalg.inv(p[0] + p[1] + p[2] / 9)
    )
    found = inverse(table(n))
    matrix = power(GRAM, n) + power(GRAM.flip(0, 1), n) + power(ONE, n) / 9
    assert torch.allclose(found @ matrix.T, table(n), atol=1e-7)
