import random
import threading

import numpy as np
import torch

from nbinterp.network.subject.settings import eager, generator_states, plain_settings, seeded

CPU = torch.device("cpu")


def test_inference_mode_and_autocast_end_in_the_block_only():
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        with plain_settings():
            made = torch.ones(2, 2)
            assert (made @ made).dtype == torch.float32 and not made.is_inference()
        assert torch.is_inference_mode_enabled() and torch.is_autocast_enabled("cpu")


def test_compiled_code_rests_until_the_last_caller_has_left():
    ran = []

    def backend(graph, _inputs):
        return lambda *args: (ran.append(1), graph.forward(*args))[1]

    compiled = torch.compile(torch.nn.Linear(2, 2), backend=backend)
    x = torch.ones(1, 2)
    compiled(x)
    first, second = eager(), eager()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    seen = len(ran)
    other = threading.Thread(target=lambda: compiled(x))
    other.start()
    other.join()
    compiled(x)
    assert len(ran) == seen
    second.__exit__(None, None, None)
    compiled(x)
    assert len(ran) == seen + 1


def test_draws_from_any_generator_are_seen_and_seeded():
    draws = {
        "torch": lambda: torch.rand(1).item(),
        "numpy": lambda: np.random.rand(),  # noqa: NPY002
        "python": random.random,
    }
    for draw in draws.values():
        before = generator_states(CPU)
        with seeded(1, CPU):
            one = draw()
        with seeded(1, CPU):
            assert draw() == one
        assert generator_states(CPU) == before
        draw()
        assert generator_states(CPU) != before
