"""Data as people have it, and what is said about data that cannot be used."""

from __future__ import annotations

import decimal
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwork.errors import DataError, GradworkError, MissingFileError
from gradwork.tables import Table, read_table, table_of


@pytest.fixture
def read(tmp_path):
    def read(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path)

    return read


READABLE = [
    ("commas", "x,y\n1,2\n3.5,-4e-1\n"),
    ("semicolons", "x;y\n1;2\n3.5;-4e-1\n"),
    ("decimal commas", "x;y\n1;2\n3,5;-4e-1\n"),
    ("decimal commas in both", "x;y\n1,0;2,0\n3,5;-0,4\n"),
    ("tabs and decimal commas", "x\ty\n1\t2\n3,5\t-0,4\n"),
    ("quoted decimal commas", 'x,y\n"1,0",2\n"3,5",-0.4\n'),
    ("bars", "x|y\n1|2\n3.5|-.4\n"),
    ("spaces", "x   y\n1   2\n3.5 -.4\n"),
    ("quoted names", '"x","y"\n"1","2"\n"3.5","-.4"\n'),
    ("spaces around", " x , y \n 1 , 2 \n 3.5 , -.4 \n"),
    ("no last line end", "x,y\n1,2\n3.5,-.4"),
    ("Windows line ends", "x,y\r\n1,2\r\n3.5,-.4\r\n"),
    ("old Mac line ends", "x,y\r1,2\r3.5,-.4\r"),
    ("blank lines", "\n\nx,y\n\n1,2\n  \n3.5,-.4\n\n"),
    ("empty rows of a spreadsheet", "x;y\n1;2\n;\n3.5;-.4\n;\n;\n"),
    ("separators at the ends", "x;y;\n1;2;\n3.5;-.4;\n"),
    ("cells of nothing beyond", "x,y\n1,2,,\n3.5,-.4\n"),
    ("a byte-order mark", b"\xef\xbb\xbfx,y\n1,2\n3.5,-.4\n"),
    ("UTF-16", "x,y\n1,2\n3.5,-.4\n".encode("utf-16")),
    ("UTF-16 without its mark", "x,y\n1,2\n3.5,-.4\n".encode("utf-16-le")),
    ("UTF-16 the other way round", "x,y\n1,2\n3.5,-.4\n".encode("utf-16-be")),
    ("a hint for a spreadsheet", "sep=;\nx;y\n1;2\n3,5;-,4\n"),
    ("typeset minus", "x,y\n1,2\n3.5,−.4\n"),
]


@pytest.mark.parametrize("content", [c for _, c in READABLE], ids=[n for n, _ in READABLE])
def test_the_same_table_in_many_forms(read, content):
    table = read(content)
    assert table.names == ("x", "y")
    assert table.rows == 2
    np.testing.assert_array_equal(table.numbers("x"), [1, 3.5])
    np.testing.assert_array_equal(table.numbers("y"), [2, -0.4])


def test_semicolons_and_commas_are_told_apart(read):
    table = read("x;y\n1,5;2,5\n2,25;3,75\n")
    np.testing.assert_array_equal(table.numbers("y"), [2.5, 3.75])


def test_a_single_column(read):
    np.testing.assert_array_equal(read("x\n1\n2\n").numbers("x"), [1, 2])
    np.testing.assert_array_equal(read("x\n1,5\n2\n").numbers("x"), [1.5, 2])


def test_latin_1_is_read_with_a_note(read):
    table = read("größe,y\n1,2\n".encode("latin-1"))
    assert table.names == ("größe", "y")
    assert "Latin-1" in table.notes[0]


def test_a_column_without_a_name_gets_one_with_a_note(read):
    table = read(",x\n0,5\n1,6\n")
    assert table.names == ("column_1", "x")
    assert table.notes == ("column 1 has no name, and is called column_1",)


def test_text_may_stand_beside_numbers(read):
    table = read("kind,x\nsetosa,1\n versicolor ,2\n")
    assert table.labels("kind").tolist() == ["setosa", "versicolor"]
    with pytest.raises(DataError, match="kind holds text, such as 'setosa', where numbers are needed"):
        table.numbers("kind")


def test_cells_in_quotation_marks_may_hold_anything(read):
    table = read('name,x\n"a, ""b""\nc",1\nd,oops\n')
    assert table.labels("name").tolist() == ['a, "b"\nc', "d"]
    with pytest.raises(DataError, match="line 4") as caught:
        table.numbers("x")
    assert caught.value.where.line == 4


# --- missing values --------------------------------------------------------------------------------------------------


def test_missing_values_are_named_row_by_row(read):
    table = read("x,y\n1,2\n,3\n4,NA\n-,nan\n5,6\nnull,?\n")
    with pytest.raises(DataError, match="values are missing in lines 3, 4, 5, 7") as caught:
        table.complete(["x", "y"])
    assert caught.value.details == ("x: lines 3, 5, 7", "y: lines 4, 5, 7")
    assert 'missing = "drop"' in caught.value.hint
    with pytest.raises(DataError, match="x has no value in lines 3, 5, 7"):
        table.numbers("x")


def test_missing_values_can_be_dropped(read):
    table = read("x,y,z\n1,2,\n,3,\n4,NA,\n5,6,1\n").complete(["x", "y"], missing="drop")
    np.testing.assert_array_equal(table.numbers("x"), [1, 5])
    assert table.lines == (2, 5)
    assert table.notes[-1] == "2 of 4 rows left out, with a value missing: lines 3, 4"


def test_only_the_columns_in_use_have_to_be_complete(read):
    assert read("x,y\n1,\n2,\n").complete(["x"]).rows == 2


def test_where_every_row_has_a_gap(read):
    with pytest.raises(DataError, match=r"no row of data\.csv is complete"):
        read("x,y\n1,\n,2\n").complete(["x", "y"], missing="drop")


def test_a_column_that_is_clean_after_dropping(read):
    table = read("x,y\nbroken,\n2,3\n").complete(["y"], missing="drop")
    np.testing.assert_array_equal(table.numbers("x"), [2])


# --- what cannot be read ----------------------------------------------------------------------------------------------


def test_a_cell_that_is_no_number_is_pointed_at(read):
    rows = "".join(f"{i},{i * 2}\n" for i in range(1, 17)) + "17,3O\n18,36\n"
    table = read("speed,distance\n" + rows)
    with pytest.raises(DataError) as caught:
        table.numbers("distance")
    assert str(caught.value).splitlines()[:3] == [
        "distance is no number in line 18: '3O'",
        "  data.csv:18    17,3O",
        " " * 20 + "^^",
    ]
    assert caught.value.why
    assert caught.value.hint


CELLS = [
    ("x,y\n1,2\n3,12 mph\n", "'mph' stands behind the number"),
    ("x,y\n1,2\n3,5 %\n", "a percent sign"),
    ('x,y\n1,2\n3,"1,234.5"\n', "thousands"),
    ("x;y\n1;2\n3;1.234,5\n", "thousands"),
    ("x;y\n1;2\n3;1 234\n", "thousands"),
    ("x;y\n1;2\n3;1'234\n", "thousands"),
    ("x,y\n1,2\n3,1_234\n", "thousands"),
    ('x,y\n1,2\n3,"1,234"\n', "it could mean 1234 or 1.234"),
    ("x;y\n1,5;2\n3;1.234\n", "it could mean 1234 or 1.234"),
    ("x;y\n1.5;2\n3;1,234\n", "it could mean 1234 or 1.234"),
    ("x;y\n1;2,5\n3;1.5\n", "a point and decimals with a comma"),
    ("x,y\n1,2\n3,twelve\n", "cannot be read as a number"),
    ("x,y\n1,2\n3,1.2.3\n", "cannot be read as a number"),
]


@pytest.mark.parametrize(("content", "why"), CELLS)
def test_cells_that_are_no_plain_number(read, content, why):
    with pytest.raises(DataError) as caught:
        read(content).numbers("y")
    assert why in caught.value.why
    assert caught.value.where.line == 3


def test_infinity_is_named(read):
    with pytest.raises(DataError, match="x is infinite in line 3"):
        read("x\n1\ninf\n").numbers("x")


FILES = [
    ("", r"data\.csv is empty"),
    ("\n \n", r"data\.csv is empty"),
    (b"\xef\xbb\xbf", r"data\.csv is empty"),
    ("x,y\n", r"data\.csv has no data"),
    ("x,y\n,\n", r"data\.csv has no data"),
    ("1,2\n3,4\n", "the first line holds numbers"),
    ("x,y\n1,2\n3\n4,5,6\n", "line 3 has 1 cells, and there are 2 columns"),
    ("x,x\n1,2\n", "two columns are called x"),
    ('x,y\n"1,2\n3,4\n', "the quotation marks in line 2 do not close"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not a text file"),
    (b"PK\x03\x04rest", "is not a text file"),
]


@pytest.mark.parametrize(("content", "headline"), FILES)
def test_files_that_hold_no_table(read, content, headline):
    with pytest.raises(DataError, match=headline):
        read(content)


def test_ragged_rows_are_all_listed(read):
    with pytest.raises(DataError) as caught:
        read("x,y\n1,2\n3,5,6\n4\n")
    assert caught.value.where.line == 3
    assert caught.value.details == ("line 4 has 1",)
    assert "decimals with a point" in caught.value.hint


def test_a_file_that_is_not_there(read, tmp_path):
    read("x\n1\n", "cars.csv")
    with pytest.raises(MissingFileError, match=r"there is no file car\.csv") as caught:
        read_table(tmp_path / "car.csv")
    assert caught.value.hint == "cars.csv"
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(MissingFileError, match="there is no file"):
        read_table(tmp_path / "nowhere" / "cars.csv")


def test_an_unknown_column_names_the_others(read):
    with pytest.raises(DataError, match=r"there is no column 'sped' in data\.csv") as caught:
        read("speed,distance\n1,2\n").numbers("sped")
    assert caught.value.hint == "speed"
    assert caught.value.why == "its columns are speed, distance"


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60) | st.text(alphabet='x,;\t\n"1.5- |NA\r', max_size=60).map(str.encode))
def test_random_bytes_give_a_table_or_an_error_of_ours(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("random") / "data.csv"
    path.write_bytes(content)
    try:
        table = read_table(path)
        for name in table.names:
            table.numbers(name)
    except GradworkError as error:
        assert str(error)


def test_a_hundred_thousand_rows(tmp_path):
    path = tmp_path / "large.csv"
    path.write_text("x,y,z\n" + "".join(f"{i},{i / 7},{-i}\n" for i in range(100_000)))
    assert read_table(path).numbers("y").shape == (100_000,)


# --- NumPy, JSON, frames ---------------------------------------------------------------------------------------------


def test_arrays_of_numpy(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6).reshape(3, 2))
    assert read_table(tmp_path / "a.npy").names == ("col1", "col2")
    np.save(tmp_path / "b.npy", np.array([(1, 2.0)], dtype=[("x", int), ("y", float)]))
    assert read_table(tmp_path / "b.npy").names == ("x", "y")
    np.savez(tmp_path / "c.npz", X=np.ones((3, 2)), y=np.arange(3))
    table = read_table(tmp_path / "c.npz")
    assert table.numbers("X").shape == (3, 2)
    assert table.rows == 3


def test_numpy_files_with_objects_are_never_opened(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="holds no plain arrays") as caught:
        read_table(tmp_path / "a.npy")
    assert "can run code" in caught.value.why
    np.savez(tmp_path / "b.npz", x=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="holds no plain arrays"):
        read_table(tmp_path / "b.npz")
    for content in (b"", b"nonsense", b"PK\x03\x04"):
        (tmp_path / "c.npz").write_bytes(content)
        with pytest.raises(DataError, match="holds no plain arrays"):
            read_table(tmp_path / "c.npz")


def test_json(read):
    table = read(json.dumps([{"x": 1, "kind": "a"}, {"x": None, "kind": "b"}]), "data.json")
    assert np.isnan(table.columns["x"][1])
    assert table.labels("kind").tolist() == ["a", "b"]
    assert read('{"x": [1, 2], "X": [[1, 2], [3, 4]]}', "data.json").numbers("X").shape == (2, 2)
    with pytest.raises(DataError, match="is not JSON") as caught:
        read('{"x": [1,\n 2,,]}', "data.json")
    assert caught.value.where.line == 2
    for other in ("3", "[]", '{"x": 3}', '{"x": [[1], [1, 2]]}', '{"x": []}', "[" * 100_000):
        with pytest.raises(DataError):
            read(other, "data.json")


def test_frames_of_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1, 2, 3], "kind": ["a", "b", "a"], "flag": [True, False, True]})
    frame["gap"] = pandas.array([1, None, 3], dtype="Int64")
    frame["class"] = frame["kind"].astype("category")
    frame["day"] = pandas.to_datetime(["2020-01-01", "2020-01-02", None])
    table = table_of(frame)
    np.testing.assert_array_equal(table.numbers("flag"), [1, 0, 1])
    assert table.labels("class").tolist() == ["a", "b", "a"]
    with pytest.raises(DataError, match="gap has no value in row 2"):
        table.numbers("gap")
    with pytest.raises(DataError, match="day"):
        table.numbers("day")
    assert table.complete(["gap"], missing="drop").rows == 2
    with pytest.raises(DataError, match="two columns are called x"):
        table_of(pandas.DataFrame([[1, 2]], columns=["x", "x"]))
    with pytest.raises(DataError, match="has no rows"):
        table_of(pandas.DataFrame({"x": []}))


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    table = table_of(polars.DataFrame({"x": [1, None, 3], "kind": ["a", None, "b"], "y": [0.5, 1.5, float("nan")]}))
    assert table.names == ("x", "kind", "y")
    with pytest.raises(DataError, match="x has no value in row 2"):
        table.numbers("x")
    with pytest.raises(DataError, match="kind has no value in row 2"):
        table.labels("kind")
    with pytest.raises(DataError, match="y has no value in row 3"):
        table.numbers("y")


def test_dicts_and_arrays():
    assert table_of(np.ones((4, 3))).names == ("col1", "col2", "col3")
    table = table_of({"x": [1, 2], "price": [decimal.Decimal("1.5"), None], "digits": ["1", "2"]})
    assert table.columns["price"][0] == 1.5
    assert table_of(table) is table
    with pytest.raises(DataError, match="digits holds text") as caught:
        table.numbers("digits")
    assert "astype(float)" in caught.value.hint


@pytest.mark.parametrize(
    ("frame", "headline"),
    [
        (3, "int is no table"),
        ({"x": 3}, "x is a single number"),
        ({"x": [1], "y": [1, 2]}, "different lengths"),
        ({"x": [[1], [1, 2]]}, "x cannot be read"),
        ({"x": [1j]}, "complex"),
        (np.ones((2, 2, 2)), "is no table"),
        ({}, "has no rows"),
    ],
)
def test_what_is_no_table(frame, headline):
    with pytest.raises(DataError, match=headline):
        table_of(frame)


def test_a_table_of_its_own_is_a_record():
    table = Table(("x",), {"x": np.array([1.0, 2.0])}, "mine")
    with pytest.raises(AttributeError):
        table.names = ()
