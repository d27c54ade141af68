"""Players: groups of inputs that are switched on and off together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._state import HasState, fields
from nbinterp._typing import IntArray

BACKGROUND = -1  # the number of inputs that are always on
FREE_PLAYERS = 12  # more give a warning
MOST_PLAYERS = 20  # more are refused


@dataclass(frozen=True, eq=False)
class Players(HasState):
    """Which inputs belong to which player.

    Parameters
    ----------
    mask : array of int
        The number of each input's player, from 0; -1 for inputs that are always on. The shape is
        that of a sample, or of the batch if players differ by sample, or one that broadcasts to
        it: a mask (height, width) gives all channels of a pixel to one player.
    names : sequence of str, optional
        One name per player; ``"x0"``, ``"x1"``, … if None.

    Raises
    ------
    ValueError
        If the mask has no player, or its numbers have a gap.
    TypeError
        If it does not hold whole numbers.

    Examples
    --------
    >>> from nbinterp.interactions import Players
    >>> Players.patches((4, 4), 2)
    Players(4 on a mask of shape (4, 4): patch 0,0, patch 0,1, patch 1,0, patch 1,1)
    """

    mask: IntArray
    names: tuple[str, ...] = field(default=())

    _STATE = fields("mask names")

    @_checks.named
    def __init__(self, mask: Any, names: Sequence[object] | None = None) -> None:
        array = np.asarray(_checks.to_numpy(mask))
        what = f"(mask={_checks.show(array)})"
        _checks.require(
            array.dtype.kind in "iu" and array.ndim > 0,
            what,
            "must be an array of whole numbers",
            "Number the players from 0; -1 is for inputs that are always on.",
            TypeError,
        )
        numbers = np.unique(array)
        numbers = numbers[numbers != BACKGROUND]
        _checks.require(
            numbers.size > 0,
            what,
            "must have at least one player, but all inputs are -1",
            "Number the inputs of each player from 0.",
        )
        _checks.require(
            int(numbers[0]) >= 0,
            what,
            f"must hold numbers from -1, not {int(numbers[0])}",
            "Use -1 for inputs that are always on.",
        )
        absent = sorted(set(range(int(numbers[-1]) + 1)) - set(numbers.tolist()))
        _checks.require(
            not absent,
            what,
            f"must have an input for each player, but player {absent[0] if absent else 0} has none",
            "Number the players 0, 1, 2, … without gaps.",
        )
        named = [f"x{k}" for k in range(numbers.size)] if names is None else names
        texts = _checks.names("names", named, int(numbers.size))
        object.__setattr__(self, "mask", array.astype(np.int64))
        object.__setattr__(self, "names", tuple(texts))

    @property
    def count(self) -> int:
        """Number of players."""
        return len(self.names)

    @classmethod
    @_checks.named
    def columns(
        cls, columns: Sequence[object], groups: dict[str, Sequence[object]] | None = None
    ) -> "Players":
        """Return the columns of a table, or groups of them, as players.

        Parameters
        ----------
        columns : sequence of str
            The names of all columns, in order.
        groups : dict of str to sequence of str, optional
            The columns of each player; the others are always on. If None, each column is a player.

        Examples
        --------
        >>> Players.columns(["age", "height", "weight"], {"body": ["height", "weight"]})
        Players(1 on a mask of shape (3,): body)
        """
        listed = list(columns)
        if groups is None:
            return cls(np.arange(len(listed)), listed)
        mask = np.full(len(listed), BACKGROUND)
        for number, (name, members) in enumerate(groups.items()):
            _claim(mask, [_place(listed, item) for item in members], number, name)
        return cls(mask, list(groups))

    @classmethod
    @_checks.named
    def patches(cls, image_shape: tuple[int, int], size: int | tuple[int, int]) -> "Players":
        """Return the tiles of a grid over an image as players.

        Parameters
        ----------
        image_shape : (int, int)
            Height and width in pixels. All channels of a pixel belong to one player.
        size : int or (int, int)
            Height and width of a patch in pixels. Patches at the right and bottom may be smaller.
        """
        tall, wide = (size, size) if isinstance(size, int) else size
        tall = _checks.integer("size", tall, 1, image_shape[0])
        wide = _checks.integer("size", wide, 1, image_shape[1])
        across = -(-image_shape[1] // wide)
        rows, columns = np.indices(image_shape)
        down, right = rows // tall, columns // wide
        names = [f"patch {k // across},{k % across}" for k in range(int(down.max() + 1) * across)]
        return cls(down * across + right, names)

    @classmethod
    @_checks.named
    def segments(cls, segments: Any, *, background: int | None = None) -> "Players":
        """Return the segments of an image, such as superpixels, as players.

        Parameters
        ----------
        segments : array of int of shape (height, width)
            The segment number of each pixel, such as ``skimage.segmentation.slic`` returns. Any
            numbers will do.
        background : int, optional
            The number of the segment that is always on.

        Examples
        --------
        >>> Players.segments([[0, 7], [9, 9]], background=0)
        Players(2 on a mask of shape (2, 2): segment 7, segment 9)
        """
        array = np.asarray(_checks.to_numpy(segments))
        _checks.require(
            array.dtype.kind in "iu" and array.size > 0,
            f"(segments={_checks.show(array)})",
            "must be an array of whole numbers",
            "Give each pixel the number of its segment.",
            TypeError,
        )
        kept = np.setdiff1d(array, [] if background is None else [background])
        mask = np.searchsorted(kept, array)
        if background is not None:
            mask[array == background] = BACKGROUND
        return cls(mask, [f"segment {number}" for number in kept])

    @classmethod
    @_checks.named
    def tokens(
        cls,
        words: Sequence[int | Sequence[int]],
        length: int,
        *,
        embedded: bool = False,
        names: Sequence[object] | None = None,
    ) -> "Players":
        """Return token positions as players; all other positions are always on.

        Parameters
        ----------
        words : sequence of int or of sequences of int
            The position of each player, or all positions of a word of several tokens.
        length : int
            Number of positions of a sample.
        embedded : bool
            Whether samples are embeddings (length, width) instead of token numbers (length,).
        names : sequence of str, optional
            One name per player, such as the words.
        """
        length = _checks.integer("length", length, 1)
        mask = np.full(length, BACKGROUND)
        for number, word in enumerate(words):
            places = [word] if isinstance(word, int | np.integer) else list(word)
            _claim(mask, places, number, f"player {number}")
        return cls(mask[:, None] if embedded else mask, names)

    @_checks.call("AndOr")
    def over(self, shape: tuple[int, ...]) -> IntArray:
        """Return the mask broadcast to a batch of `shape`; each sample must have all players."""
        what = f"(groups=<mask of shape {self.mask.shape}>)"
        try:
            mask = np.broadcast_to(self.mask, shape)
        except ValueError:
            _checks.fail(
                what,
                f"must fit samples of shape {shape[1:]}",
                "Give the mask the shape of one sample.",
            )
        if self.mask.ndim == len(shape) and len(self.mask) > 1:
            for sample, one in enumerate(mask):
                absent = set(range(self.count)) - set(np.unique(one).tolist())
                _checks.require(
                    not absent,
                    what,
                    f"must have an input for each player in each sample, but sample {sample} has "
                    f"none for player {min(absent, default=0)}",
                    "Explain samples with other players separately.",
                )
        return mask

    def __repr__(self) -> str:
        """Return the number and the names of the players."""
        return (
            f"Players({self.count} on a mask of shape {self.mask.shape}: {', '.join(self.names)})"
        )


def _place(columns: list[object], name: object) -> int:
    if name not in columns:
        _checks.fail(
            f"(groups={_checks.show(name)})",
            "must name columns",
            f"Choose from {_checks.show(columns)}.",
        )
    return columns.index(name)


def _claim(mask: IntArray, places: Sequence[int], number: int, name: str) -> None:
    """Give the inputs at `places` to player `number`."""
    what = f"({_checks.show(name)})"
    _checks.require(len(places) > 0, what, "must have at least one input", "Omit the player.")
    for place in places:
        _checks.require(
            0 <= place < len(mask) and mask[place] in (BACKGROUND, number),
            what,
            f"must have positions from 0 to {len(mask) - 1} that no other player has, not {place}",
            "Give each input to one player.",
        )
        mask[place] = number
