"""Every kind of table: the same numbers reach each estimator, or its own words refuse them."""

import datetime

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from nbinterp import PHATE, BioCorEx, LinearCorEx, LocalCorEx, _checks

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
# Whole numbers up to 256 are exact in every type, bfloat16 too.
X = (np.repeat(rng.normal(size=(40, 2)), 2, axis=1) * 9 + rng.normal(size=(40, 4))).round()
GAPS = np.where(X > 15, np.nan, X)
FRAME = pd.DataFrame(X, columns=list("abcd"))
DATES = pd.date_range("2020-01-01", periods=40)

ESTIMATORS = {
    "LinearCorEx": (LinearCorEx(1, random_state=0, max_iter=20), "mutual_information_"),
    "BioCorEx": (BioCorEx(1, random_state=0, max_iter=5), "mutual_information_"),
    "PHATE": (PHATE(random_state=0), "embedding_"),
    "LocalCorEx": (LocalCorEx(LinearCorEx(1, random_state=0, max_iter=20)), "labels_"),
}
RIGHT = {
    "list": X.tolist(),
    "tuple of rows": tuple(X),
    "object": X.astype(object),
    "texts of numbers": X.astype(str),
    "big-endian": X.astype(">f8"),
    "long double": X.astype(np.longdouble),
    "half": X.astype(np.float16),
    "int8": X.astype(np.int8),
    "negative strides": X[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": np.frombuffer(X.tobytes()).reshape(X.shape),
    "nothing masked": np.ma.masked_array(X, mask=False),
    "DataFrame": FRAME,
    "Int64": FRAME.astype("Int64"),
    "Float64": FRAME.astype("Float64"),
    "several types": FRAME.astype({"a": "int8", "b": "Int64", "c": "float32"}),
    "category of numbers": FRAME.astype({"b": pd.CategoricalDtype(range(-99, 99))}),
    "bfloat16": torch.tensor(X, dtype=torch.bfloat16),
    "tensor with gradients": torch.tensor(X, requires_grad=True),
    "list of tensors": list(torch.tensor(X, dtype=torch.bfloat16)),
}
WITH_GAPS = {
    "masked": np.ma.masked_array(X, mask=np.isnan(GAPS)),
    "masked whole numbers": np.ma.masked_array(X.astype(int), mask=np.isnan(GAPS)),
    "object with None": np.where(np.isnan(GAPS), None, X.astype(object)),
    "Int64": pd.DataFrame(GAPS).astype("Int64"),
    "Float64": pd.DataFrame(GAPS).astype("Float64"),
}
REFUSED = {
    "dates": (FRAME.assign(b=DATES), "column 'b' must hold numbers, not dates. Pass the time"),
    "durations": (FRAME.assign(c=DATES - DATES[0]), "column 'c' must hold numbers, not durations"),
    "dates alone": (DATES.to_numpy()[:, None], "must hold numbers, not dates"),
    "category of dates": (FRAME.assign(b=pd.Categorical(DATES)), "column 'b' .* not dates"),
    "category": (FRAME.assign(d=pd.Categorical(["u", "v"] * 20)), r"column 'd' .*get_dummies"),
    "texts": (FRAME.astype(object).assign(d="u"), "column 'd' .* Leave out texts"),
    "complex": (X + 1j, "Complex data not supported. Pass absolute values, or real"),
    "complex column": (FRAME.assign(a=X[:, 0] + 1j), "column 'a' .* Pass absolute values"),
    "complex list": ((X + 1j).tolist(), "'complex'. Pass absolute values"),
    "records": (FRAME.to_records(), r"not of records. Pass pandas.DataFrame\("),
    "sparse": (sparse.csr_array(X), r"not a sparse matrix. Pass \w+.toarray\(\)"),
    "sparse tensor": (torch.tensor(X).to_sparse(), r"Pass \w+.to_dense\(\)"),
    "sparse frame": (
        pd.DataFrame.sparse.from_spmatrix(sparse.csr_matrix(X)),
        r"Pass \w+.sparse.to_dense\(\)",
    ),
    "meta": (torch.empty(40, 4, device="meta"), "on the meta device"),
    "lengths": ([torch.ones(4), torch.ones(3)], "tensors of one shape"),
    "no rows": (X[:0], "minimum of . is required .* Pass more samples"),
    "one row": (X[:1], "minimum of . is required .* Pass more samples"),
    "no columns": (X[:, :0], "minimum of 1 is required"),
    "one axis": (X[:, 0], "Reshape your data"),
    "Series": (FRAME["a"], "Reshape your data"),
    "three axes": (X[:, :, None], "Reshape your data"),
    "same names": (FRAME.set_axis(list("aabc"), axis=1), "Rename the columns"),
    "names of two types": (FRAME.set_axis(["a", 1, 2, 3], axis=1), "Rename the columns"),
    "infinite": (np.where(X > 15, np.inf, X), "Replace the infinite entries"),
}


def fitted(name, data):
    estimator, attribute = ESTIMATORS[name]
    more = {"clusters": np.arange(40) % 2} if name == "LocalCorEx" else {}
    estimator.fit(data, **more)
    if name == "LocalCorEx":
        return np.concatenate([one.mutual_information_ for one in estimator.clusters_])
    return getattr(estimator, attribute)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_find_the_same_in_all_kinds_of_tables(name):
    wanted = fitted(name, X)
    for kind, data in RIGHT.items():
        np.testing.assert_allclose(fitted(name, data), wanted, rtol=1e-3, atol=1e-4, err_msg=kind)
    if name != "PHATE":
        wanted = fitted(name, GAPS)
        for kind, data in WITH_GAPS.items():
            np.testing.assert_allclose(fitted(name, data), wanted, atol=1e-4, err_msg=kind)


@pytest.mark.parametrize("kind", RIGHT)
def test_the_same_numbers_arrive(kind):
    np.testing.assert_array_equal(_checks.samples(RIGHT[kind]), X)


@pytest.mark.parametrize("kind", WITH_GAPS)
def test_what_is_missing_is_nan_or_refused(kind):
    np.testing.assert_array_equal(_checks.samples(WITH_GAPS[kind], missing=True), GAPS)
    with pytest.raises(ValueError, match=r"PHATE\.fit\(X=.* (NaN|masked).*\. (Fill|Drop)"):
        PHATE().fit(WITH_GAPS[kind])


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("kind", REFUSED)
def test_each_estimator_refuses_in_its_own_words(name, kind):
    data, match = REFUSED[kind]
    with pytest.raises((ValueError, TypeError), match=rf"^{name}\.fit\(X=.*{match}") as caught:
        ESTIMATORS[name][0].fit(data)
    assert caught.type in (ValueError, TypeError)


@pytest.mark.parametrize("estimator", [LinearCorEx(1), BioCorEx(1), LocalCorEx(LinearCorEx(1))])
def test_numbers_whose_squares_overflow(estimator):
    fit = getattr(estimator, "partial_fit", estimator.fit)
    with pytest.raises(ValueError, match=r"fit\(X=.*up to 1e\+150 in size\. Scale the columns"):
        fit(X * 1e200)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_single_column_is_a_table(name):
    estimator = ESTIMATORS[name][0]
    more = {"clusters": np.zeros(40)} if name == "LocalCorEx" else {}
    assert estimator.fit(X[:, :1], **more) is estimator


def test_further_calls_are_named_too():
    bio, phate = BioCorEx(1, random_state=0).fit(X), PHATE(random_state=0).fit(X)
    for call in (bio.transform, bio.posterior, bio.score, phate.transform):
        name = rf"^{type(call.__self__).__name__}\.{call.__name__}\(X="
        with pytest.raises(TypeError, match=name + ".*not dates"):
            call(FRAME.assign(b=DATES))


def test_tables_of_arrow():
    arrow = pytest.importorskip("pyarrow")
    columns = {name: FRAME[name].tolist() for name in FRAME}
    table = arrow.table(columns)
    for kind in (table, arrow.concat_tables([table[:9], table[9:]]), table.to_batches()[0]):
        np.testing.assert_array_equal(_checks.samples(kind), X)
        assert LinearCorEx(1, max_iter=5).fit(kind).feature_names_in_.tolist() == list("abcd")
    check_foreign(arrow.table, arrow.array, arrow.chunked_array)


def test_tables_of_polars():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({name: FRAME[name].tolist() for name in FRAME})
    np.testing.assert_array_equal(_checks.samples(table), X)
    assert LinearCorEx(1, max_iter=5).fit(table).feature_names_in_.tolist() == list("abcd")
    check_foreign(polars.DataFrame, polars.Series, lambda parts: polars.Series(parts[0]))
    with pytest.raises(TypeError, match=r"^PHATE\.fit\(X=<LazyFrame>\) .*Collect it first"):
        PHATE().fit(table.lazy())


def check_foreign(table, *columns):
    """Check what a library's tables and columns hold besides floats."""
    floats, whole, flags = [1.5, None, 2.0], [1, None, 3], [True, None, False]
    found = _checks.samples(table({"a": floats, "b": whole, "c": flags}), missing=True)
    np.testing.assert_array_equal(found, [[1.5, 1, 1], [np.nan] * 3, [2, 3, 0]])
    days = [datetime.date(2020, 1, day) for day in (1, 2, 3)]
    for kind, values in (("dates", days), ("dates", [datetime.datetime(2020, 1, 1)] * 3)):
        with pytest.raises(TypeError, match=f"column 'b' must hold numbers, not {kind}"):
            _checks.samples(table({"a": [1.0, 2.0, 3.0], "b": values}))
    with pytest.raises(ValueError, match=r"column .b. .*get_dummies"):
        _checks.samples(table({"a": [1.0, 2.0, 3.0], "b": ["u", "v", "u"]}))
    one, *others = columns
    for make in (one, *(lambda values, each=each: each([values]) for each in others)):
        assert _checks.labels("y", make(["u", "v", "u"]), 3).tolist() == ["u", "v", "u"]
        assert _checks.labels("y", make([1, 2, 1]), 3).dtype == np.int64
