"""The elbow of a curve: where it stops falling."""

import numpy as np
import numpy.typing as npt

# A curve that nowhere lies further below the line between its ends than this share of its height
# falls about evenly: it has no elbow.
_LEAST_DEPTH = 0.1


def elbow(x: npt.ArrayLike, y: npt.ArrayLike) -> int | None:
    """Return the index of the point furthest below the straight line between the ends.

    None if the curve falls about evenly, or does not fall. PHATE's number of steps has a rule of
    its own, `knee_point`: that of the authors, which may miss the corner of a step by one.

    References
    ----------
    Satopää, Albrecht, Irwin and Raghavan (2011), "Finding a 'kneedle' in a haystack: detecting knee
    points in system behavior", ICDCS workshops.

    Examples
    --------
    >>> elbow([2, 3, 4, 5, 8, 12], [0.5, 0.3, 0.1, 0.02, 0.02, 0.01])
    3
    >>> elbow([2, 3, 4, 5], [4.0, 3.0, 2.0, 1.0]) is None
    True
    """
    at, height = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    fall = height[0] - height[-1]
    if len(at) < 3 or fall <= 0:
        return None
    line = height[0] - fall * (at - at[0]) / (at[-1] - at[0])
    depth = (line - height) / fall
    deepest = int(depth.argmax())
    return deepest if depth[deepest] > _LEAST_DEPTH else None
