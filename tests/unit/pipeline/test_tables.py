import pytest

from funis.checks import InputError
from funis.pipeline.tables import Table, fill_marked, interval_text, marked_place
from funis.report.content import Interval


def test_a_table_is_markdown():
    table = Table("Title", ("a", "b"), (("1", "x|y"), ("2", "z")))
    assert table.markdown() == "Title\n\n| a | b |\n| --- | --- |\n| 1 | x/y |\n| 2 | z |\n"


@pytest.mark.parametrize(
    ("numbers", "percent", "text"),
    [
        ((0.29, 0.272, 0.309), True, "29.0 % (27.2 % to 30.9 %)"),
        ((-1.25, -1.5, -1.0), False, "-1.25 (-1.50 to -1.00)"),
        ((None, -1.3, -0.87), False, "-1.30 to -0.87"),
        ((-1.99, None, None), False, "-1.99"),
        ((None, None, None), False, "not known"),
    ],
)
def test_intervals_are_text(numbers, percent, text):
    assert interval_text(Interval(*numbers), percent) == text


def test_a_marked_place_is_filled_again_and_again(tmp_path):
    path = tmp_path / "card.md"
    path.write_text("before\n<!-- generated: x -->\n\nold\n\n<!-- end -->\nafter\n")
    for text in ("new", "newer\n\n| a |"):
        fill_marked(path, "x", text)
        assert path.read_text() == (
            f"before\n<!-- generated: x -->\n\n{text}\n\n<!-- end -->\nafter\n"
        )


def test_only_the_place_of_its_own_mark_is_filled(tmp_path):
    path = tmp_path / "card.md"
    path.write_text("<!-- generated: x -->\n<!-- end -->\n<!-- generated: y -->\n<!-- end -->\n")
    fill_marked(path, "y", "here")
    assert path.read_text().startswith("<!-- generated: x -->\n<!-- end -->\n")


def test_a_file_without_the_place_is_refused(tmp_path):
    path = tmp_path / "card.md"
    with pytest.raises(InputError, match="cannot be read; expected a Markdown file"):
        marked_place(path, "x")
    path.write_text("<!-- generated: y -->")
    with pytest.raises(InputError, match="no place for 'x'; expected the lines"):
        marked_place(path, "x")
    with pytest.raises(InputError, match="no place for 'y'"):
        marked_place(path, "y")
