"""Equal rows are found exactly, whatever the numbers are."""

import pytest
import torch

from nbinterp.manifold import distinct
from nbinterp.manifold.distinct import distinct_rows


def _naive(data):
    first, place = [], []
    for number, row in enumerate(data):
        known = [place[i] for i in range(number) if torch.equal(data[i], row)]
        place.append(known[0] if known else len(first))
        if not known:
            first.append(number)
    return first, place


TABLES = {
    "whole numbers": lambda draw: torch.randint(0, 3, (90, 3), generator=draw),
    "bits": lambda draw: torch.randint(0, 2, (90, 5), generator=draw),
    "powers of two": lambda draw: 2.0 ** torch.randint(-90, 90, (90, 1), generator=draw),
    "signed zeros": lambda draw: torch.randint(-1, 2, (90, 2), generator=draw) * -0.0,
    "all differ": lambda draw: torch.randn(90, 2, generator=draw),
    "alike in all digits but the last": lambda draw: (
        1 + torch.randint(0, 9, (90, 1), generator=draw).double() * 2.0**-52
    ),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("key", ["good", "the same for all"])
def test_equals_the_replica(make, dtype, key, monkeypatch):
    data = make(torch.Generator().manual_seed(1)).to(dtype)
    if key != "good":  # rows with one key are compared
        monkeypatch.setattr(distinct, "row_keys", lambda data: torch.zeros(len(data)).long())
    found = distinct_rows(data)
    first, place = _naive(data)
    assert found.first.tolist() == first
    assert found.place.tolist() == place


def test_keys_of_many_round_numbers_differ():
    """Round numbers end in zero bits; keys that lost the others would collide."""
    data = torch.cartesian_prod(*[torch.arange(6.0)] * 6).double()  # 46,656 rows
    assert len(torch.unique(distinct.row_keys(data))) == len(data)
    assert len(torch.unique(distinct.row_keys(data.float()))) == len(data)
