"""Check that the page of a slider shows a frame."""

from functools import partial

import numpy as np

# To the rounding of float32, which the size of a batch changes.
close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)


def shows(page, frame):
    """Return whether a page shows a frame of one step, and its base."""
    view = page.view
    np.testing.assert_allclose(view.amounts, frame.amounts[0], rtol=1e-6)
    for name in ("decoded", "outputs"):
        close(page.array(f"_frame_{name}"), getattr(frame, name)[0])
        close(page.array(f"_baseline_{name}"), getattr(frame, f"baseline_{name}"))
    mean = frame.base_name.startswith("mean of cluster")
    assert np.array_equal(view.base, "mean" if mean else np.squeeze(frame.base_samples))
    return page["_base_name"] == frame.base_name
