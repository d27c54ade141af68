"""The memory of L-BFGS against its two loops, written out pair by pair."""

import pytest
import torch

from nbinterp.corex.linear.lbfgs import DEPTH, Memory
from nbinterp.corex.linear.operators import inner_of_all

SHAPE = (2, 2, 3, 4)  # problems, sides, factors, variables


def two_loops(pairs, g, guess):
    """Nocedal's recursion for one problem, with `guess` as the first inverse curvature."""
    z, shares = g.clone(), []
    for step, change in reversed(pairs):
        shares.append(inner_of_all(step, z) / inner_of_all(step, change))
        z -= shares[-1] * change
    z = guess * z
    for (step, change), share in zip(pairs, reversed(shares), strict=True):
        z += step * (share - inner_of_all(change, z) / inner_of_all(step, change))
    return -z


@pytest.fixture
def world():
    """A quadratic: gradients are ``v`` times a table, inner products those of the two sides."""
    torch.manual_seed(0)
    metric = torch.randn(4, 4).double()
    metric = metric @ metric.T + 4.0 * torch.eye(4)
    curvature = torch.rand(3, 4).double() + 0.5

    def lift(w):
        return torch.stack([w, w @ metric], 1)

    def change(step):
        return lift(step[:, 0] * curvature)

    return lift, change


@pytest.mark.parametrize("n_pairs", [0, 1, DEPTH - 1, DEPTH, DEPTH + 1, 3 * DEPTH + 2])
def test_the_step_is_that_of_the_two_loops(world, n_pairs):
    lift, change_of = world
    memory = Memory(torch.zeros(SHAPE).double())
    pairs = [[], []]
    for turn in range(n_pairs):
        direction = lift(torch.randn(2, 3, 4).double())
        length = torch.tensor([0.5, 1.0]).double().view(2, 1, 1, 1)
        change = change_of(length * direction)
        curvature = length * inner_of_all(direction, change)
        # A pair that tells of no curvature takes the place of the oldest all the same.
        valid = (curvature > 0) & torch.tensor([True, turn % 3 != 1]).view(2, 1, 1, 1)
        memory.push(direction, length, change, curvature, valid)
        for problem in range(2):
            one = slice(problem, problem + 1)
            pair = ((length * direction)[one], change[one]) if valid[problem] else None
            pairs[problem] = [*pairs[problem], pair][-DEPTH:]
    g = lift(torch.randn(2, 3, 4).double())
    found = memory.improve(g, lambda rows: -0.7 * rows)
    for problem in range(2):
        one = slice(problem, problem + 1)
        known = [pair for pair in pairs[problem] if pair is not None]
        torch.testing.assert_close(found[one], two_loops(known, g[one], 0.7), rtol=1e-9, atol=1e-9)


def test_a_skip_is_an_empty_pair_of_all(world):
    lift, change_of = world
    skipped, pushed = (Memory(torch.zeros(SHAPE).double()) for _ in range(2))
    one = torch.ones(2, 1, 1, 1).double()
    for turn in range(2 * DEPTH):
        direction = lift(torch.randn(2, 3, 4).double())
        change = change_of(direction)
        curvature = inner_of_all(direction, change)
        if turn % 4 == 2:
            skipped.skip()
            pushed.push(direction, one, change, curvature, one < 0)
        else:
            for memory in (skipped, pushed):
                memory.push(direction, one, change, curvature, curvature > 0)
    g = lift(torch.randn(2, 3, 4).double())
    expected = pushed.improve(g, lambda rows: -rows)
    torch.testing.assert_close(skipped.improve(g, lambda rows: -rows), expected, rtol=0, atol=0)


def test_a_problem_forgets_alone(world):
    lift, change_of = world
    memory = Memory(torch.zeros(SHAPE).double())
    one = torch.ones(2, 1, 1, 1).double()
    for _ in range(DEPTH):
        direction = lift(torch.randn(2, 3, 4).double())
        change = change_of(direction)
        memory.push(direction, one, change, inner_of_all(direction, change), one > 0)
    g = lift(torch.randn(2, 3, 4).double())
    before = memory.improve(g, lambda rows: -rows)
    memory.forget(torch.tensor([1]))
    after = memory.improve(g, lambda rows: -rows)
    torch.testing.assert_close(after[:1], before[:1], rtol=0, atol=0)
    torch.testing.assert_close(after[1:], -g[1:], rtol=0, atol=0)
    anew = []  # what it remembers from then on
    for _ in range(2):
        direction = lift(torch.randn(2, 3, 4).double())
        change = change_of(direction)
        memory.push(direction, one, change, inner_of_all(direction, change), one > 0)
        anew.append((direction[1:], change[1:]))
    found = memory.improve(g, lambda rows: -rows)[1:]
    torch.testing.assert_close(found, two_loops(anew, g[1:], 1.0), rtol=1e-9, atol=1e-9)
