"""The scores of a network with edited pre-activations, beside those of random directions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._typing import FloatArray

# Divergences up to this, in nats, are rounding.
_ROUNDING = 1e-6
SHIFT, SCALE, FOLDED = "shift", "scale", "scale, output bias folded out"


@dataclass(frozen=True, eq=False, kw_only=True)
class SensitivityStudy(Displayable):
    """Accuracy, agreement and divergence when pre-activations are shifted and scaled.

    Made by `sensitivity_study`. The last axis of all scores holds the `measures`:

    - ``"accuracy"``, the share of correct answers, if `y` was given;
    - ``"agreement"``, the share of samples whose largest output stays the largest;
    - ``"kl"``, the mean divergence ``KL(softmax(logits) ‖ softmax(edited logits))``, in nats (a nat
      is 1.44 bits): 0 if the outputs stay the same.

    Attributes
    ----------
    layer : str
        The edited layer.
    shifts : tuple of float
        Amounts, in standard deviations of each node over the data.
    scales : tuple of float
        Factors.
    nodes : tuple of int
        The nodes that were edited one at a time.
    node_sd : ndarray of shape (n_nodes_of_layer,)
        Standard deviations of all nodes of the layer; 0 for dead ones, which shifts leave alone.
    measures : tuple of str
        Names of the measures.
    baseline : ndarray of shape (n_measures,)
        Scores of the unedited network.
    layer_shift, layer_scale : ndarray of shape (n_shifts or n_scales, n_measures)
        Scores with all nodes edited at once.
    layer_scale_folded : ndarray of shape (n_scales, n_measures) or None
        The same scales with the output bias folded out: scores of ``(logits - b) / s + b``, as if
        the output bias b had been scaled with the layer. None if no such bias was found.
    node_shift, node_scale : ndarray of shape (n_nodes, n_shifts or n_scales, n_measures)
        Scores with one node edited.
    random_layer_shift, random_layer_scale : ndarray of shape (n_random, n_..., n_measures)
        Controls: every sample moved as far as for `layer_shift` and `layer_scale`, along random
        directions.
    random_node_shift, random_node_scale : ndarray of shape (n_random, n_..., n_measures)
        The same for single nodes.

    Notes
    -----
    **Why the bias is folded out.** ReLU and Abs are positively homogeneous, ``f(s z) = s f(z)``. If
    only a linear layer follows, scaling z by s > 0 gives ``s W f(z) + b``: scaled logits plus an
    output bias that was not scaled. Any loss of accuracy is then due to that bias alone.
    `scale_is_vacuous` says whether this is the case. In deeper networks the biases of the layers
    between remain, and the folded scores show their effect.
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

        None if no output bias was found.
        """
        if self.layer_scale_folded is None:
            return None
        return bool((self.layer_scale_folded[:, self.measures.index("kl")] <= _ROUNDING).all())

    @_checks.named
    def to_frame(self, measure: str | None = None, *, coverage: float = 0.95) -> pd.DataFrame:
        """Return one row for each edited part, edit and amount.

        Parameters
        ----------
        measure : str, optional
            One of `measures`. The first if None.
        coverage : float
            Share of the random directions between ``chance_lower`` and ``chance_upper``.

        Returns
        -------
        DataFrame
            Columns part (the layer, or a node such as ``"h1[3]"``), edit (``"shift"``, ``"scale"``
            or ``"scale, output bias folded out"``, which has no control), amount, value, baseline,
            chance_lower, chance_upper and rank: ``(1 + directions that cost as much or more) /
            (1 + directions)``. Among many rows, some ranks are small by chance.
        """
        name = self.measures[0] if measure is None else measure
        at = self.measures.index(_checks.choice("measure", name, self.measures))
        share = _checks.real("coverage", coverage, 0, 1)
        sign = (
            1.0 if name == "kl" else -1.0
        )  # a larger divergence is a cost, a smaller accuracy is one
        whole, single = [self.layer], [f"{self.layer}[{node}]" for node in self.nodes]
        frames = []
        for parts, edit, amounts, found, random in (
            (whole, SHIFT, self.shifts, self.layer_shift[None], self.random_layer_shift),
            (whole, SCALE, self.scales, self.layer_scale[None], self.random_layer_scale),
            (whole, FOLDED, self.scales, self.layer_scale_folded, None),
            (single, SHIFT, self.shifts, self.node_shift, self.random_node_shift),
            (single, SCALE, self.scales, self.node_scale, self.random_node_scale),
        ):
            if found is None:
                continue
            values = found[..., at].reshape(len(parts), len(amounts))
            lower = upper = rank = np.full(values.shape, np.nan)
            if random is not None and len(random):
                draws = random[..., at]
                ends = np.quantile(draws, [(1 - share) / 2, (1 + share) / 2], axis=0)
                lower, upper = (np.broadcast_to(end, values.shape) for end in ends)
                # Rounding must not decide whether two edits cost the same.
                worse = (sign * draws[:, None] >= sign * values - 1e-9).sum(axis=0)
                rank = (1 + worse) / (1 + len(random))
            frames.append(
                pd.DataFrame(
                    {
                        "part": np.repeat(np.array(parts, dtype=object), len(amounts)),
                        "edit": edit,
                        "amount": np.tile(np.array(amounts, dtype=float), len(parts)),
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
        """Return what was measured, without the arrays."""
        vacuous = ""
        if self.scale_is_vacuous:
            vacuous = "; scaling the layer only moves logits against the output bias"
        return (
            f"SensitivityStudy({self.layer!r}: {len(self.nodes)} nodes × {len(self.shifts)} shifts"
            f" and {len(self.scales)} scales, {len(self.random_layer_shift)} random directions"
            f"{vacuous})"
        )
