"""The Boolean example."""

from reproduction.primitives.boolean import boolean_rows


def test_the_boolean_example_comes_out() -> None:
    rows = {row.what: row for row in boolean_rows()}
    assert all(row.agrees for row in rows.values())
    assert rows["Boolean example, ORs alone: terms"].ours == (10.0,)
