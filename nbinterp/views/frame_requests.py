"""What the page of a factor slider asks for while a hand turns it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from nbinterp import _checks
from nbinterp.network import Perturbation
from nbinterp.views.chosen_factor import FactorView
from nbinterp.views.core import Answer, verb
from nbinterp.views.reach import Amounts, check_reach, received
from nbinterp.views.words import Latency, answer

_MOST_FRAMES = 64  # of one prefetch
_MOST_PREFETCHED = 2**24  # bytes


class FrameRequests(FactorView):
    """A view of frames, the newest of which is `perturbation`."""

    amounts: Any
    span: Any
    _frame: Any  # the Perturbation in the traits; none while the view is made
    _baseline_decoded: npt.NDArray[np.float32]
    _latest: Perturbation  # what was computed last
    _stats: Latency

    @property
    def perturbation(self) -> Perturbation:
        """The frame that is shown: one step, at `amounts`."""
        frame: Perturbation = self._frame
        return frame

    @property
    def stats(self) -> Latency:
        """How long frames took in the last drag, as the page measured."""
        return self._stats

    @verb(buffers=1)
    def frame(self, amounts: Any) -> Answer:
        """Answer a drag with the decoded input and the outputs at `amounts`."""
        return answer(self._at(self.perturbation, self._received("frame", amounts, 1)[0]))

    @verb(buffers=1)
    def frames(self, amounts: Any) -> Answer:
        """Answer with the frames at several rows of amounts, which the page fetches ahead."""
        steps = self._received("frames", amounts, _MOST_FRAMES)
        size = steps.shape[0] * self._baseline_decoded.nbytes
        _checks.require(
            size <= _MOST_PREFETCHED,
            f"frames of {size / 2**20:.0f} MiB",
            f"must be at most {_MOST_PREFETCHED / 2**20:.0f} MiB together",
            "Ask for fewer of them.",
        )
        return answer(self.perturbation.at(steps))

    @verb(buffers=1, count=int, p50=float, p95=float)
    def settle(self, amounts: Any, count: int, p50: float, p95: float) -> Answer:
        """Take where the page let go of the sliders, and how fast frames came meanwhile."""
        stats = Latency(
            _checks.integer("settle", "count", count, 0),
            _checks.real("settle", "p50", p50, 0),
            _checks.real("settle", "p95", p95, 0),
        )
        self.amounts = self._received("settle", amounts, 1)[0]
        self._stats = stats
        return Answer()

    def _received(self, kind: str, buffer: Any, most: int) -> Amounts:
        amounts = received(kind, buffer, len(self.perturbation.factors), most)
        check_reach(type(self).__name__, amounts, self.span)
        return amounts

    def _at(self, base: Perturbation, amounts: Amounts) -> Perturbation:
        """Return the frame at `amounts`: that of the last drag is there when the hand lets go."""
        latest = self._latest
        known = latest.base_index == base.base_index
        if not (known and np.array_equal(latest.amounts, amounts[None])):
            latest = self._latest = base.at(amounts)
        return latest
