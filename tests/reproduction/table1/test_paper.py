from collections import Counter

from reproduction.table1.paper import MEASURES, METHODS, cells


def test_the_table_is_whole():
    found = cells()
    assert len(set(found)) == len(found) == 28 * 8
    assert {cell.measure for cell in found} == set(MEASURES)
    per_method = Counter(cell.method for cell in found)
    assert per_method == {method: 64 if "Linear" in method else 48 for method in METHODS}


def test_columns_are_read_in_the_order_of_the_paper():
    """Table 1 says of 1,000 disjoint samples: .504 .146  .607 .902  .420 .031  .691 .999."""
    place = ("disjoint", 1000, "Local Linear")
    figures = [cell.figure for cell in cells() if cell[:3] == place]
    assert figures == [0.504, 0.146, 0.607, 0.902, 0.420, 0.031, 0.691, 0.999]
    (apart,) = (
        cell for cell in cells() if cell[:3] == place and cell[3:5] == (1.0, "group cosine")
    )
    assert apart.figure == 0.146
