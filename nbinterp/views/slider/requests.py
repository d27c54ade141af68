"""What the page of a factor slider asks for while a hand turns it."""

from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatArray
from nbinterp.network import Perturbation
from nbinterp.views.base.factor_view import FactorView
from nbinterp.views.base.view import Answer, verb
from nbinterp.views.slider.labels import Latency, answer, first, row
from nbinterp.views.slider.reach import check_reach, received

_MOST_FRAMES = 64  # of one answer


class FrameRequests(FactorView):
    """A view of frames, the newest of which is `perturbation`."""

    amounts: Any
    span: Any
    _frame: Any  # the Perturbation in the traits; none while the view is made
    _latest: Perturbation  # what was computed last
    _stats: Latency

    @property
    def perturbation(self) -> Perturbation:
        """The frame that is shown: one step, at `amounts`."""
        frame: Perturbation = self._frame
        return frame

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take traits from the page, while nothing else is put on the sliders."""
        with self._lock:
            super().set_state(sync_data)

    @property
    def stats(self) -> Latency:
        """How long frames took in the last drag, as the page measured."""
        return self._stats

    @verb(buffers=1)
    @_checks.named
    def frame(self, amounts: Any) -> Answer:
        """Answer a drag with the frame where the hand is, and those where it may come to next."""
        steps = self._received(amounts, _MOST_FRAMES)
        if len(steps) == 1:
            return answer(self._at(self.perturbation, steps[0]))
        frames = self.perturbation.at(steps)
        self._latest = first(frames)
        return answer(frames)

    @verb(buffers=1)
    @_checks.named
    def frames(self, amounts: Any) -> Answer:
        """Answer with the frames at several rows of amounts, which the page fetches ahead."""
        return answer(self.perturbation.at(self._received(amounts, _MOST_FRAMES)))

    @verb(buffers=1, count=int, p50=float, p95=float)
    @_checks.named
    def settle(self, amounts: Any, count: int, p50: float, p95: float) -> Answer:
        """Take where the page let go of the sliders, and how fast frames came meanwhile."""
        stats = Latency(
            _checks.integer("count", count, 0),
            _checks.real("p50", p50, 0),
            _checks.real("p95", p95, 0),
        )
        self.amounts = self._received(amounts, 1)[0]
        self._stats = stats
        return Answer()

    def _received(self, buffer: Any, most: int) -> FloatArray:
        shown = self.perturbation
        n_numbers = row(shown.baseline_decoded).size
        amounts = received(buffer, len(shown.factors), most, n_numbers)
        check_reach(amounts, self.span)
        return amounts

    def _at(self, base: Perturbation, amounts: FloatArray) -> Perturbation:
        """Return the frame at `amounts`: that of the last drag is there when the hand lets go."""
        latest = self._latest
        known = latest.base_index == base.base_index
        if not (known and np.array_equal(latest.amounts, amounts[None])):
            latest = self._latest = base.at(amounts)
        return latest
