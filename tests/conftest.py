"""What all tests share."""

import os
from pathlib import Path

# Where the data that the project does not ship lies, for those tests that read it.
os.environ.setdefault(
    "NBINTERP_DATA", str(Path(__file__).parents[2].joinpath("shared", "data").resolve())
)
