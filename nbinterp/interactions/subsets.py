"""Sets of players as numbers: bit i says whether player i is in the set."""

from collections.abc import Sequence

import numpy as np

from nbinterp._typing import IntArray


def sizes(n_players: int) -> IntArray:
    """Return the number of players of each set, (2^n,)."""
    counts = np.zeros(1, dtype=np.int64)
    for _ in range(n_players):
        counts = np.concatenate([counts, counts + 1])
    return counts


def players_of(index: int) -> tuple[int, ...]:
    """Return the players of set number `index`, in order."""
    return tuple(player for player in range(int(index).bit_length()) if index >> player & 1)


def set_name(index: int, names: Sequence[str]) -> str:
    """Return the set as text: ``{mouth, nose}``."""
    return "{" + ", ".join(names[player] for player in players_of(index)) + "}"


def relabelled(n_players: int, order: Sequence[int]) -> IntArray:
    """Return the number of each set after player i became player ``order[i]``, (2^n,)."""
    numbers = np.arange(2**n_players)
    renamed = np.zeros_like(numbers)
    for player, other in enumerate(order):
        renamed |= (numbers >> player & 1) << int(other)
    return renamed
