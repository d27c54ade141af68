"""The AND/OR interactions of samples: which are strong, shared, and what they explain."""

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._state import HasState, fields
from nbinterp._typing import BoolArray, FloatArray, IntArray
from nbinterp.interactions.andor import fidelity
from nbinterp.interactions.andor import overlap as sharing
from nbinterp.interactions.andor.shapiq import interaction_values
from nbinterp.interactions.andor.tables import as_frame, by_order, frequencies, novelty
from nbinterp.interactions.indices import interaction_index

if TYPE_CHECKING:
    from nbinterp.interactions.andor.explainer import AndOr


@dataclass(frozen=True, eq=False, kw_only=True)
class AndOrInteractions(Displayable, HasState):
    """The AND and OR interactions of some samples in one or more models; `AndOr` makes it.

    Tables have 2^n entries on their last axis, one a set of players: bit i of the index says
    whether player i is in. Of sets of one player, AND and OR are the same; they are in `and_`.

    Attributes
    ----------
    and_, or_ : ndarray of shape (samples, models, 2^n)
        Interactions, in units of the explained output (nats for log-odds). The entry of the
        empty set in `and_` is the output with all players off.
    gamma, noise : ndarray of shape (samples, models, 2^n)
        γ and ε of the split: the AND part of the output v is ``(v - ε) / 2 + γ``, less half of
        the output with all players off.
    outputs : ndarray of shape (samples, models, 2^n)
        The outputs of all coalitions. `resplit` and `null_overlap` need no more runs of a model.
    objective : ndarray of shape (samples,)
        The penalty that was minimized, of outputs less that with all players off.
    gap : ndarray of shape (samples,)
        How far from the optimum it may be at the most, as a share of `objective`.
    converged : ndarray of bool of shape (samples,)
        Whether `gap` is within the tolerance. What is ranked otherwise comes with a warning.
    target : ndarray of shape (samples,) or None
        The class explained of each sample.
    players, models : tuple of str
        Their names.
    settings : AndOr
        What made it.
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

    @_checks.named
    def salient(self, tau: float = 0.05) -> pd.DataFrame:
        """Return the primitives stronger than `tau` times the strongest of their model and sample.

        Returns
        -------
        DataFrame
            As of `to_frame`, strongest first within each sample and model.

        References
        ----------
        Chen et al. (2024), section 3: ``tau = 0.05``.
        """
        self._warn_unconverged()
        return self._frame(self._salient(tau))

    def to_frame(self) -> pd.DataFrame:
        """Return all interactions that are not zero, one a row, strongest first in each sample.

        Returns
        -------
        DataFrame
            Columns ``sample, model, kind, players, order, interaction, converged``.
        """
        floor = self._floor()[..., None]
        return self._frame((np.abs(self.and_) > floor, np.abs(self.or_) > floor))

    @_checks.named
    def overlap(self, k: int) -> sharing.Overlap:
        """Return the share of the `k` strongest primitives that all models have, by kind.

        To be read beside both of its controls: chance, which is part of it, and `null_overlap`,
        since solving for models together makes even unrelated ones share.

        Parameters
        ----------
        k : int
            How many of each model; those that are zero are not taken.

        Raises
        ------
        ValueError
            If there is one model only.

        References
        ----------
        Chen et al. (2024), Definition 1 and Fig. 3.
        """
        sharing.check_several(self.models)
        k = _checks.integer("k", k, 1)
        self._warn_unconverged()
        return sharing.overlap(self.and_, self.or_, k, self._resolution())

    @_checks.named
    def nulls(
        self,
        mismatched: "AndOrInteractions | None" = None,
        *,
        n_repeats: int = 5,
        random_state: int | np.random.RandomState | None = None,
    ) -> list["AndOrInteractions"]:
        """Return splits of models that have nothing to share, made as this one was.

        Parameters
        ----------
        mismatched : AndOrInteractions, optional
            The same samples and players explained in unrelated models, such as untrained ones:
            these take the places of all models but the first. If None, the players of all
            models but the first are relabelled at random, which keeps how sparse each model is
            and of what orders its primitives are.
        n_repeats : int
            How many relabellings, or how many choices of unrelated models.
        random_state : int, RandomState or None
            Of the relabelling.
        """
        sharing.check_several(self.models)
        n_repeats = _checks.integer("n_repeats", n_repeats, 1)
        random = check_random_state(random_state)
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
        """Return the `overlap` of models that have nothing to share, each of `nulls`.

        Parameters
        ----------
        k : int
            As for `overlap`.
        mismatched, **options
            As for `nulls`, which is to be asked once for many `k`.

        Returns
        -------
        Overlap
            With arrays of shape (n_repeats, samples).
        """
        sharing.check_several(self.models)
        k = _checks.integer("k", k, 1)
        found = [
            sharing.overlap(null.and_, null.or_, k, null._resolution())
            for null in self.nulls(mismatched, **options)
        ]
        return sharing.stacked(found)

    @_checks.named
    def transfer(self, held_out: "AndOrInteractions", k: int) -> sharing.Overlap:
        """Return the share of the primitives common to all models that a held-out model has too.

        Parameters
        ----------
        held_out : AndOrInteractions
            The same samples, players and target in one other model, explained on its own, so
            that nothing drew it towards these.
        k : int
            How many of the strongest are taken of each model.

        Returns
        -------
        Overlap
            `chance_and` and `chance_or` are those of a random set in the held-out model.
        """
        sharing.check_same(self, held_out)
        k = _checks.integer("k", k, 1)
        for one in (self, held_out):
            one._warn_unconverged()
        return sharing.transfer(
            (self.and_, self.or_),
            (held_out.and_[:, :1], held_out.or_[:, :1]),
            k,
            (self._resolution(), held_out._resolution()),
        )

    @_checks.named
    def matching_error(self, k: int) -> FloatArray:
        """Return what the `k` strongest primitives miss of each output, ε apart.

        Returns
        -------
        ndarray of shape (samples, models, 2^n)
            ``|v(T) - v of the k strongest (T)|``; zero if `k` takes all.

        References
        ----------
        Chen et al. (2024), Proposition 1.
        """
        k = _checks.integer("k", k, 0)
        self._warn_unconverged()
        return fidelity.errors(self.and_, self.or_, self.outputs - self.noise, k)

    @_checks.named
    def matching_precision(self, k: int) -> FloatArray:
        """Return how precisely the `k` strongest primitives give v(N) - v(∅), (samples, models).

        References
        ----------
        Chen et al. (2024), appendix M.
        """
        k = _checks.integer("k", k, 0)
        self._warn_unconverged()
        return fidelity.precision(self.and_, self.or_, self.outputs - self.noise, k)

    @_checks.named
    def order_profile(self, tau: float = 0.05) -> pd.DataFrame:
        """Return the summed strength of salient primitives by order, averaged over samples.

        Returns
        -------
        DataFrame
            Columns ``model, kind, order, positive, negative, shared_positive,
            shared_negative``; shared are those salient in all models.

        References
        ----------
        Chen et al. (2024), section 3: ``All`` and ``Shared`` of order o.
        """
        self._warn_unconverged()
        return by_order((self.and_, self.or_), self._salient(tau), self.models)

    @_checks.named
    def sparsity_curve(self) -> FloatArray:
        """Return strengths of AND and OR together, strongest first, as shares of the strongest.

        Returns
        -------
        ndarray of shape (samples, models, 2^(n+1) - 2)
            Sets of no player are left out.
        """
        self._warn_unconverged()
        both = np.abs(np.concatenate([self.and_[..., 1:], self.or_[..., 1:]], axis=-1))
        ordered = -np.sort(-both, axis=-1)
        result: FloatArray = ordered / np.maximum(ordered[..., :1], np.finfo(np.float64).tiny)
        return result

    @_checks.named
    def ood_score(
        self, reference: "AndOrInteractions | None" = None, tau: float = 0.05
    ) -> FloatArray:
        """Return how unusual the primitives of each sample are among those of a reference.

        It is the share of a sample's salient strength that lies in primitives that reference
        samples do not have: 0 if all its primitives are salient in all of them, 1 if in none.

        Parameters
        ----------
        reference : AndOrInteractions, optional
            Ordinary samples with the same players in the same models. If None, the other samples
            of this result.
        tau : float
            As for `salient`.

        Returns
        -------
        ndarray of shape (samples, models)
        """
        self._warn_unconverged()
        own = np.concatenate(self._salient(tau), axis=-1)
        strengths = np.abs(np.concatenate([self.and_, self.or_], axis=-1))
        if reference is None:
            _checks.require(
                len(own) > 1,
                "(reference=None)",
                "must have other samples to compare with",
                "Pass the interactions of ordinary samples.",
            )
            return novelty(strengths, own, frequencies(own, leave_one_out=True))
        sharing.check_same(self, reference, samples=False)
        reference._warn_unconverged()
        theirs = np.concatenate(reference._salient(tau), axis=-1)
        return novelty(strengths, own, frequencies(theirs))

    def index(self, index: str = "SII", order: int = 2) -> FloatArray:
        """Return the `interaction_index` of the outputs, (samples, models, 2^n)."""
        return interaction_index(self.outputs, index, order)

    @_checks.named
    def to_shapiq(
        self, index: str = "Moebius", order: int | None = None, *, sample: int = 0, model: int = 0
    ) -> Any:
        """Return an index of one sample in one model as an ``InteractionValues`` of shapiq.

        Parameters
        ----------
        index : {"Moebius", "SV", "SII", "k-SII", "STII", "FSII"}
            Of the outputs as they are, AND and OR together.
        order : int, optional
            The largest; all players for ``"Moebius"`` and 2 for others if None.
        sample, model : int
            Which.

        Raises
        ------
        ModuleNotFoundError
            If shapiq is not installed.
        """
        return interaction_values(self.outputs[sample, model], index, order)

    def resplit(self, **changes: Any) -> "AndOrInteractions":
        """Return the result of other settings of `AndOr` on the same outputs, without a run.

        `changes` are such as ``alpha=0`` or ``solver="lp"``.
        """
        return self.settings.changed(**changes).split(
            self.outputs, target=self.target, players=self.players, models=self.models
        )

    def _salient(self, tau: float) -> tuple[BoolArray, BoolArray]:
        tau = _checks.real("tau", tau, 0.0, 1.0)
        both = [np.abs(table) for table in (self.and_, self.or_)]
        largest = np.maximum(both[0][..., 1:].max(-1), both[1][..., 1:].max(-1))
        level = np.maximum(tau * largest, self._floor())[..., None]
        players = np.arange(self.and_.shape[-1]) > 0  # all sets but the empty one
        return (both[0] > level) & players, (both[1] > level) & players

    def _floor(self) -> FloatArray:
        strengths = np.maximum(np.abs(self.and_), np.abs(self.or_))
        strengths[..., 0] = 0
        return sharing.negligible(strengths, self._resolution())

    def _resolution(self) -> FloatArray:
        """Return the gap shared out among all interactions, (samples,), in output units."""
        result: FloatArray = self.gap * self.objective / (2 * self.and_.shape[-1])
        return result

    def _frame(self, chosen: tuple[BoolArray, BoolArray]) -> pd.DataFrame:
        tables = (self.and_, self.or_)
        return as_frame(tables, chosen, self.players, self.models, self.converged)

    def _warn_unconverged(self) -> None:
        n_open = int((~self.converged).sum())
        if n_open:
            warnings.warn(
                f"{n_open} of {len(self.converged)} samples have not converged (duality gap up to "
                f"{self.gap.max():.1%}): which of their primitives are strong is not settled. "
                "Raise max_iter.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def __repr__(self) -> str:
        """Return the sizes, the gap and the strongest primitive."""
        n_open = int((~self.converged).sum())
        state = f"gap up to {self.gap.max():.2%}" + (f", {n_open} NOT CONVERGED" if n_open else "")
        return (
            f"AndOrInteractions({len(self.outputs)} samples, {len(self.models)} models, "
            f"{len(self.players)} players: {', '.join(self.players)}; {state})"
        )
