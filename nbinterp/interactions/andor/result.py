"""The AND/OR interactions of samples: which are strong, which are shared, what they explain."""

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._state import HasState, fields
from nbinterp._typing import BoolArray, FloatArray, IntArray
from nbinterp.interactions.andor import fidelity
from nbinterp.interactions.andor import overlap as sharing
from nbinterp.interactions.andor.shapiq import interaction_values
from nbinterp.interactions.andor.strengths import Flags, Strengths
from nbinterp.interactions.andor.tables import as_frame, by_order, novelty
from nbinterp.interactions.indices import interaction_index

if TYPE_CHECKING:
    from nbinterp.interactions.andor.explainer import AndOr


@dataclass(frozen=True, eq=False, kw_only=True)
class AndOrInteractions(Displayable, HasState):
    """The AND and OR interactions of samples in one or more models, as `AndOr.explain` returns.

    Arrays have 2^n entries on their last axis, one per set of players: bit i of the index says
    whether player i is in the set. For sets of one player, AND and OR are the same; `and_` holds
    them. The salient interactions are called primitives.

    Attributes
    ----------
    and_, or_ : ndarray of shape (samples, models, 2^n)
        Interactions, in units of the explained output (nats for log-odds). In `and_`, the entry
        of the empty set is the output with all players off.
    gamma, noise : ndarray of shape (samples, models, 2^n)
        γ and ε of the split: the AND part of the output v is ``(v - ε) / 2 + γ``, minus half of
        the output with all players off.
    outputs : ndarray of shape (samples, models, 2^n)
        The outputs for all coalitions. `resplit` and `null_overlap` need no more runs of a model.
    objective : ndarray of shape (samples,)
        The penalty that was minimized.
    gap : ndarray of shape (samples,)
        The duality gap: `objective` exceeds the optimum by at most this share of itself.
    converged : ndarray of bool of shape (samples,)
        Whether `gap` is within the tolerance. If not, methods that rank interactions warn.
    target : ndarray of shape (samples,) or None
        The class explained for each sample.
    players, models : tuple of str
        Their names.
    settings : AndOr
        The settings that gave this result.
    """

    and_: FloatArray
    or_: FloatArray
    gamma: FloatArray = field(repr=False)
    noise: FloatArray = field(repr=False)
    outputs: FloatArray = field(repr=False)
    objective: FloatArray
    gap: FloatArray
    converged: BoolArray
    target: IntArray | None
    players: tuple[str, ...]
    models: tuple[str, ...]
    settings: "AndOr"

    _STATE = fields(
        "and_ or_ gamma noise outputs objective gap converged target",
        "players models settings",
    )

    @property
    def strengths(self) -> Strengths:
        """Absolute values of the interactions, and which of them count as zero or as salient."""
        # The gap shared out among all interactions: weaker ones are not told from zero.
        resolution = self.gap * self.objective / (2 * self.and_.shape[-1])
        return Strengths(np.abs(self.and_), np.abs(self.or_), resolution)

    @_checks.named
    def salient(self, tau: float = 0.05) -> pd.DataFrame:
        """Return the interactions stronger than `tau` times the strongest of model and sample.

        Returns
        -------
        DataFrame
            With the columns of `to_frame`, strongest first within each sample and model.

        References
        ----------
        Chen et al. (2024), section 3: ``tau = 0.05``.
        """
        tau = _checks.real("tau", tau, 0.0, 1.0)
        self._warn_unconverged()
        return self._frame(self.strengths.salient(tau))

    def to_frame(self) -> pd.DataFrame:
        """Return all non-zero interactions, one per row, strongest first in each sample.

        Returns
        -------
        DataFrame
            Columns ``sample, model, kind, players, order, interaction, converged``.
        """
        return self._frame(self.strengths.nonzero())

    @_checks.named
    def overlap(self, k: int) -> sharing.Overlap:
        """Return the share of the `k` strongest interactions that all models have, by kind.

        Compare it with chance, which the result holds, and with `null_overlap`: splitting models
        together makes even unrelated models share interactions.

        Parameters
        ----------
        k : int
            How many interactions of each model and kind; zeros are left out.

        Raises
        ------
        ValueError
            If there is only one model.

        References
        ----------
        Chen et al. (2024), Definition 1 and Fig. 3.
        """
        sharing.check_several(self.models)
        k = _checks.integer("k", k, 1)
        self._warn_unconverged()
        return sharing.overlap(self.strengths, k)

    @_checks.named
    def nulls(
        self,
        mismatched: "AndOrInteractions | None" = None,
        *,
        n_repeats: int = 5,
        random_state: int | np.random.RandomState | None = None,
    ) -> list["AndOrInteractions"]:
        """Return splits of models that have nothing to share, with the same settings.

        Parameters
        ----------
        mismatched : AndOrInteractions, optional
            The same samples and players explained in unrelated models, such as untrained ones.
            These replace all models but the first. If None, the players of all models but the
            first are relabelled at random, which keeps how sparse each model is and the orders of
            its interactions.
        n_repeats : int
            Number of relabellings, or of choices of unrelated models.
        random_state : int, RandomState or None
            Seed of the relabelling.
        """
        sharing.check_several(self.models)
        n_repeats = _checks.integer("n_repeats", n_repeats, 1)
        random = _checks.generator(random_state)
        if mismatched is not None:
            sharing.check_same(self, mismatched)
        return [
            self.settings.split(
                sharing.mismatched(self.outputs, random)
                if mismatched is None
                else sharing.replaced(self.outputs, mismatched.outputs, repeat),
                players=self.players,
            )
            for repeat in range(n_repeats)
        ]

    @_checks.named
    def null_overlap(
        self, k: int, mismatched: "AndOrInteractions | None" = None, **options: Any
    ) -> sharing.Overlap:
        """Return the `overlap` of models that have nothing to share: the null distribution.

        For many values of `k`, call `nulls` once and `overlap` of each result.

        Parameters
        ----------
        k : int
            As for `overlap`.
        mismatched, **options
            As for `nulls`.

        Returns
        -------
        Overlap
            With arrays of shape (n_repeats, samples).
        """
        sharing.check_several(self.models)
        k = _checks.integer("k", k, 1)
        found = [sharing.overlap(null.strengths, k) for null in self.nulls(mismatched, **options)]
        return sharing.stacked(found)

    @_checks.named
    def transfer(self, held_out: "AndOrInteractions", k: int) -> sharing.Overlap:
        """Return the share of the interactions common to all models that a held-out model has too.

        Parameters
        ----------
        held_out : AndOrInteractions
            The same samples, players and target in one other model, explained on its own, so
            that its split was not pulled towards those of the other models.
        k : int
            How many of the strongest interactions of each model and kind count.

        Returns
        -------
        Overlap
            `chance_and` and `chance_or` are for a random set in the held-out model.
        """
        sharing.check_same(self, held_out)
        k = _checks.integer("k", k, 1)
        for one in (self, held_out):
            one._warn_unconverged()
        return sharing.transfer(self.strengths, held_out.strengths, k)

    @_checks.named
    def matching_error(self, k: int) -> FloatArray:
        """Return by how much the sum of the `k` strongest interactions misses each output.

        The noise ε of the split does not count as a miss.

        Returns
        -------
        ndarray of shape (samples, models, 2^n)
            ``|v(T) - v of the k strongest (T)|`` of each coalition T; zero if `k` takes all.

        References
        ----------
        Chen et al. (2024), Proposition 1.
        """
        k = _checks.integer("k", k, 0)
        self._warn_unconverged()
        return fidelity.errors(self.and_, self.or_, self.outputs - self.noise, k)

    @_checks.named
    def matching_precision(self, k: int) -> FloatArray:
        """Return how well the `k` strongest interactions add up to v(N) - v(∅), (samples, models).

        1 means exactly.

        References
        ----------
        Chen et al. (2024), appendix M.
        """
        k = _checks.integer("k", k, 0)
        self._warn_unconverged()
        return fidelity.precision(self.and_, self.or_, self.outputs - self.noise, k)

    @_checks.named
    def order_profile(self, tau: float = 0.05) -> pd.DataFrame:
        """Return the summed strength of salient interactions by order, averaged over samples.

        The order of an interaction is its number of players.

        Returns
        -------
        DataFrame
            Columns ``model, kind, order, positive, negative, shared_positive,
            shared_negative``. An interaction that is salient in all models is shared.

        References
        ----------
        Chen et al. (2024), section 3: ``All`` and ``Shared`` of order o.
        """
        tau = _checks.real("tau", tau, 0.0, 1.0)
        self._warn_unconverged()
        return by_order((self.and_, self.or_), self.strengths.salient(tau), self.models)

    @_checks.named
    def sparsity_curve(self) -> FloatArray:
        """Return the strengths of all interactions, largest first, as shares of the largest.

        Returns
        -------
        ndarray of shape (samples, models, 2^(n+1) - 2)
            AND and OR together, without the empty set.
        """
        self._warn_unconverged()
        return self.strengths.curve()

    @_checks.named
    def ood_score(
        self, reference: "AndOrInteractions | None" = None, tau: float = 0.05
    ) -> FloatArray:
        """Return how novel the salient interactions of each sample are.

        It is the share of a sample's salient strength in interactions that reference samples do
        not have: 0 if they are salient in all reference samples, 1 if in none. A novel sample need
        not score high: see the notes.

        Parameters
        ----------
        reference : AndOrInteractions, optional
            Ordinary samples with the same players in the same models. If None, each sample is
            compared with all others of this result.
        tau : float
            As for `salient`.

        Returns
        -------
        ndarray of shape (samples, models)

        Notes
        -----
        Try it on samples that you know to be novel before you trust it. What a network does not
        recognize may give few interactions, and common ones: in ``docs/reproduction.md`` 8s,
        mirrored 3s and inverted 3s score *lower* than other 3s, with an AUROC of .07 to .10, where
        `MahalanobisOOD` is right.
        """
        tau = _checks.real("tau", tau, 0.0, 1.0)
        self._warn_unconverged()
        if reference is None:
            _checks.require(
                len(self.outputs) > 1,
                "(reference=None)",
                "must have other samples to compare with",
                "Pass the interactions of ordinary samples.",
            )
            return novelty(self.strengths, None, tau)
        sharing.check_same(self, reference, samples=False)
        reference._warn_unconverged()
        return novelty(self.strengths, reference.strengths, tau)

    def index(self, index: str = "SII", order: int = 2) -> FloatArray:
        """Return the `interaction_index` of the outputs, (samples, models, 2^n)."""
        return interaction_index(self.outputs, index, order)

    @_checks.named
    def to_shapiq(
        self, index: str = "Moebius", order: int | None = None, *, sample: int = 0, model: int = 0
    ) -> Any:
        """Return an interaction index as an ``InteractionValues`` object of the package shapiq.

        Parameters
        ----------
        index : {"Moebius", "SV", "SII", "k-SII", "STII", "FSII"}
            Computed from the outputs; AND and OR are not told apart.
        order : int, optional
            The largest number of players. If None, all players for ``"Moebius"`` and 2 for others.
        sample, model : int
            Which sample, in which model.

        Raises
        ------
        ModuleNotFoundError
            If shapiq is not installed.
        """
        return interaction_values(self.outputs[sample, model], index, order)

    def resplit(self, **changes: Any) -> "AndOrInteractions":
        """Split the same outputs with other settings of `AndOr`, such as ``alpha=0``.

        No model runs again.
        """
        return self.settings.changed(**changes).split(
            self.outputs, target=self.target, players=self.players, models=self.models
        )

    def _frame(self, chosen: Flags) -> pd.DataFrame:
        tables = (self.and_, self.or_)
        return as_frame(tables, chosen, self.players, self.models, self.converged)

    def _warn_unconverged(self) -> None:
        n_open = int((~self.converged).sum())
        if n_open:
            warnings.warn(
                f"{n_open} of {len(self.converged)} samples have not converged (duality gap up to "
                f"{self.gap.max():.1%}): which of their interactions are strong is not settled. "
                "Raise max_iter.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def __repr__(self) -> str:
        """Return the sizes, the players and the gap."""
        n_open = int((~self.converged).sum())
        state = f"gap up to {self.gap.max():.2%}" + (f", {n_open} NOT CONVERGED" if n_open else "")
        return (
            f"AndOrInteractions({len(self.outputs)} samples, {len(self.models)} models, "
            f"{len(self.players)} players: {', '.join(self.players)}; {state})"
        )
