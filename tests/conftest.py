"""What all tests share."""

import os
from pathlib import Path

import torch
from hypothesis import settings

# Where the data that the project does not ship lies, for those tests that read it.
os.environ.setdefault(
    "NBINTERP_DATA", str(Path(__file__).parents[2].joinpath("shared", "data").resolve())
)

# Threads of torch that wait for one another spin, and on a busy machine stand in their own way.
torch.set_num_threads(int(os.environ.get("NBINTERP_TEST_THREADS", "1")))

# No test asserts how long an example takes: on a busy machine any may take long.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
