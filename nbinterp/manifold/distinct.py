"""Equal rows as one: a map has one place for them, however many there are."""

from typing import NamedTuple

import torch

from nbinterp import _device


class Distinct(NamedTuple):
    """The distinct rows of a table.

    Parameters
    ----------
    first : Tensor of shape (n_distinct,), int64
        Where each of them is first found, ascending.
    place : Tensor of shape (n,), int64
        Which of them each row is.
    """

    first: torch.Tensor
    place: torch.Tensor


def distinct_rows(data: torch.Tensor) -> Distinct:
    """Return the distinct rows of a matrix of finite numbers, in the order of the rows.

    Examples
    --------
    >>> distinct_rows(torch.tensor([[2.0, 1.0], [0.0, 1.0], [2.0, 1.0]])).place
    tensor([0, 1, 0])
    """
    group = torch.unique(row_keys(data), return_inverse=True)[1]
    found = _in_order(group)
    if not _are_equal(data, found):  # two different rows have one key
        found = _in_order(torch.unique(data, dim=0, return_inverse=True)[1])
    return found


def row_keys(data: torch.Tensor) -> torch.Tensor:
    """Return a number for each row, the same for equal rows; computed exactly, modulo 2^64."""
    integers = torch.int32 if data.dtype == torch.float32 else torch.int64
    draw = torch.Generator().manual_seed(0)
    factors = torch.randint(-(2**62), 2**62, (data.shape[1],), generator=draw).to(data.device)
    step = _device.rows_per_block(data.device, 32 * data.shape[1])
    keys = torch.empty(len(data), dtype=torch.int64, device=data.device)
    for start in range(0, len(data), step):
        rows = slice(start, start + step)
        bits = (data[rows] + 0.0).view(integers).long()  # the sum makes -0.0 a 0.0
        # Round numbers end in many zero bits, which would leave the product few.
        bits = (
            bits ^ (bits >> 32) ^ (bits >> 52) if integers is torch.int64 else bits ^ (bits >> 20)
        )
        keys[rows] = (bits * (2 * factors + 1)).sum(1)
    return keys


def _in_order(group: torch.Tensor) -> Distinct:
    """Return groups of rows, numbered by their first row."""
    rows = torch.arange(len(group), device=group.device)
    first = torch.full_like(group[: int(group.max()) + 1], len(group))
    first.scatter_reduce_(0, group, rows, "amin")
    first, order = first.sort()
    number = torch.empty_like(order)
    number[order] = rows[: len(order)]
    return Distinct(first, number[group])


def _are_equal(data: torch.Tensor, found: Distinct) -> bool:
    """Return whether each row equals the first of its group."""
    same = found.first[found.place]
    copies = torch.nonzero(same != torch.arange(len(same), device=same.device))[:, 0]
    step = _device.rows_per_block(data.device, 2 * data.shape[1] * data.element_size())
    return all(bool((data[rows] == data[same[rows]]).all()) for rows in torch.split(copies, step))
