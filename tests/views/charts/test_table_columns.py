import pandas as pd
from views.layers import explained_layer

from nbinterp.views.charts.table_columns import columns_of


def test_only_the_strongest_uses_are_named():
    nodes = explained_layer()[-1].nodes
    uses = pd.DataFrame(
        {
            "node": "0[1]",
            "cluster": "c",
            "factor": range(5),
            "mutual_information": 0.5,
            "stable": [True, False, None, True, True],
        }
    )
    last = columns_of(nodes, uses)[-1]
    assert last.name == "factors"
    assert last.entries.tolist() == [
        "",
        "c factor 0 (0.50), c factor 1 (0.50, not stable), c factor 2 (0.50)",
        *[""] * 4,
    ]
