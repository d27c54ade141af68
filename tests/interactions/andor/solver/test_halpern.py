import torch

from nbinterp.interactions.andor.solver.halpern import Halpern

TURN = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)


def run(state, n, angle=TURN, keep=None):
    """Iterate to the fixed point, zero, of a rotation."""
    halpern = Halpern(state, 0.1)
    for at in range(n):
        if keep is not None and at == n // 2:
            state = state[:, keep]
            halpern.keep(keep)
        state = halpern(state, state, state + (state @ angle.T - state) / 2)
    return state, halpern


def start(samples):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, samples, 1, 2, dtype=torch.float64, generator=generator)


def test_a_rotation_on_which_plain_steps_circle_forever_converges():
    state = start(1)
    found, _ = run(state, 300)
    assert float(found.norm()) < 1e-4 * float(state.norm())


def test_samples_do_not_depend_on_each_other():
    together, _ = run(start(4), 101)
    for sample in range(4):
        alone, _ = run(start(4)[:, sample : sample + 1], 101)
        assert torch.allclose(together[:, sample], alone[:, 0], rtol=1e-12, atol=1e-15)


def test_samples_that_leave_do_not_disturb_the_others():
    kept = torch.tensor([True, False, True, False])
    some, _ = run(start(4), 100, keep=kept)
    assert torch.allclose(some, run(start(4), 100)[0][:, kept], rtol=1e-12, atol=1e-15)


def test_a_step_that_is_too_short_grows():
    """Shrink towards 0 and keep the second entry at 3: primal and dual moves shall balance."""
    target = torch.tensor([3.0], dtype=torch.float64)
    state = torch.zeros(1, 1, 1, 1, dtype=torch.float64)
    halpern = Halpern(state, 1e-3)
    for _ in range(200):
        near = state - state.clamp(-halpern.step, halpern.step)
        state = halpern(state, near, target.expand_as(state))
    near = state - state.clamp(-halpern.step, halpern.step)
    assert float(halpern.step) > 0.01 and abs(float(near) - 3.0) < 1e-6
