import pandas as pd

from nbinterp.views.charts.table_columns import _told


def test_only_the_strongest_uses_are_named():
    nodes = pd.DataFrame(index=["h[0]", "h[1]"])
    uses = pd.DataFrame(
        {"node": "h[1]", "cluster": "c", "factor": range(5), "mutual_information": 0.5}
    )
    assert _told(nodes, uses).tolist() == [
        "",
        "c factor 0 (0.50), c factor 1 (0.50), c factor 2 (0.50)",
    ]
