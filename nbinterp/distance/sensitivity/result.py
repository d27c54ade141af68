"""What moving the pre-activations of a layer costs, beside what random directions cost."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._typing import FloatArray

# Of divergences in nats that are rounding.
_ROUNDING = 1e-6
SHIFT, SCALE, FOLDED = "shift", "scale", "scale, output bias folded out"


@dataclass(frozen=True, eq=False, kw_only=True)
class SensitivityStudy(Displayable):
    """Accuracy, agreement and divergence when pre-activations are shifted and scaled.

    `sensitivity_study` makes it. The last axis of the scores are the `measures`:

    - ``"accuracy"``, the share of right answers, if labels were given;
    - ``"agreement"``, the share of samples whose largest output stays the largest;
    - ``"kl"``, the mean divergence ``KL(softmax(logits) ‖ softmax(moved logits))``, in nats.

    Attributes
    ----------
    layer : str
        The layer that was moved.
    shifts : tuple of float
        In standard deviations of each node over the data.
    scales : tuple of float
        Factors.
    nodes : tuple of int
        The single nodes that were moved.
    node_sd : ndarray of shape (n_nodes_of_layer,)
        Standard deviations of all nodes of the layer; 0 of dead ones, which no shift moves.
    measures : tuple of str
        See above.
    baseline : ndarray of shape (n_measures,)
        Of the network as it is.
    layer_shift, layer_scale : ndarray of shape (n_shifts or n_scales, n_measures)
        All nodes moved at once.
    layer_scale_folded : ndarray of shape (n_scales, n_measures) or None
        The same scales with the output bias folded out: of ``(logits - b) / s + b``, as if the
        output bias b had been scaled with the layer. None if the network shows no such bias.
    node_shift, node_scale : ndarray of shape (n_nodes, n_shifts or n_scales, n_measures)
        One node moved.
    random_layer_shift, random_layer_scale : ndarray of shape (n_random, n_..., n_measures)
        Every sample moved as far as in `layer_shift` and `layer_scale`, along random directions.
    random_node_shift, random_node_scale : ndarray of shape (n_random, n_..., n_measures)
        The same for single nodes.

    Notes
    -----
    **Why the bias is folded out.** ReLU and Abs are positively homogeneous, ``f(s z) = s f(z)``. If
    only a linear layer follows, scaling z by s > 0 gives ``s W f(z) + b``: the logits but for their
    scale, against an output bias that has not moved along. What accuracy is lost tells of that
    bias and of nothing else. `scale_is_vacuous` says whether this is so here. In deeper networks
    the biases of the layers between are left, and the folded scores tell of these.
    """

    layer: str
    shifts: tuple[float, ...]
    scales: tuple[float, ...]
    nodes: tuple[int, ...]
    node_sd: FloatArray
    measures: tuple[str, ...]
    baseline: FloatArray
    layer_shift: FloatArray
    layer_scale: FloatArray
    layer_scale_folded: FloatArray | None
    node_shift: FloatArray
    node_scale: FloatArray
    random_layer_shift: FloatArray
    random_layer_scale: FloatArray
    random_node_shift: FloatArray
    random_node_scale: FloatArray

    @property
    def scale_is_vacuous(self) -> bool | None:
        """Whether scaling the layer only moves logits against the output bias.

        None if the network shows no output bias to fold out.
        """
        if self.layer_scale_folded is None:
            return None
        return bool((self.layer_scale_folded[:, self.measures.index("kl")] <= _ROUNDING).all())

    @_checks.named
    def to_frame(self, measure: str | None = None, *, coverage: float = 0.95) -> pd.DataFrame:
        """Return one row a target, move and amount.

        Parameters
        ----------
        measure : str, optional
            One of `measures`; the first if None.
        coverage : float
            The share of the random directions within ``chance_lower`` and ``chance_upper``.

        Returns
        -------
        DataFrame
            Columns target (the layer, or a node as ``"h1[3]"``), move (``"shift"``, ``"scale"`` or
            ``"scale, output bias folded out"``, which has no control), amount, value, baseline,
            chance_lower, chance_upper and rank: ``(1 + directions that cost as much or more) /
            (1 + directions)``. Of many rows some ranks are small by chance.
        """
        name = self.measures[0] if measure is None else measure
        at = self.measures.index(_checks.choice("measure", name, self.measures))
        share = _checks.real("coverage", coverage, 0, 1)
        sign = 1.0 if name == "kl" else -1.0  # of what a cost is
        whole, single = [self.layer], [f"{self.layer}[{node}]" for node in self.nodes]
        frames = []
        for targets, move, amounts, found, random in (
            (whole, SHIFT, self.shifts, self.layer_shift[None], self.random_layer_shift),
            (whole, SCALE, self.scales, self.layer_scale[None], self.random_layer_scale),
            (whole, FOLDED, self.scales, self.layer_scale_folded, None),
            (single, SHIFT, self.shifts, self.node_shift, self.random_node_shift),
            (single, SCALE, self.scales, self.node_scale, self.random_node_scale),
        ):
            if found is None:
                continue
            values = found[..., at].reshape(len(targets), len(amounts))
            lower = upper = rank = np.full(values.shape, np.nan)
            if random is not None and len(random):
                draws = random[..., at]
                ends = np.quantile(draws, [(1 - share) / 2, (1 + share) / 2], axis=0)
                lower, upper = (np.broadcast_to(end, values.shape) for end in ends)
                # Rounding of sums may not decide whether two moves cost the same.
                worse = (sign * draws[:, None] >= sign * values - 1e-9).sum(axis=0)
                rank = (1 + worse) / (1 + len(random))
            frames.append(
                pd.DataFrame(
                    {
                        "target": np.repeat(np.array(targets, dtype=object), len(amounts)),
                        "move": move,
                        "amount": np.tile(np.array(amounts, dtype=float), len(targets)),
                        "value": values.ravel(),
                        "baseline": self.baseline[at],
                        "chance_lower": lower.ravel(),
                        "chance_upper": upper.ravel(),
                        "rank": rank.ravel(),
                    }
                )
            )
        return pd.concat([frame for frame in frames if len(frame)], ignore_index=True)

    def __repr__(self) -> str:
        """Return what was measured; the arrays themselves would fill the screen."""
        vacuous = ""
        if self.scale_is_vacuous:
            vacuous = "; scaling the layer only moves logits against the output bias"
        return (
            f"SensitivityStudy({self.layer!r}: {len(self.nodes)} nodes × {len(self.shifts)} shifts"
            f" and {len(self.scales)} scales, {len(self.random_layer_shift)} random directions"
            f"{vacuous})"
        )
