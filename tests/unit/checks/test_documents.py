import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from funis.checks import InputError, parse_yaml, read_yaml
from funis.checks.yaml_reader import MOST_DEPTH, Shelf, use_shelf


@pytest.fixture
def write(tmp_path):
    def write(text, name="ra.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(path):
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    return [str(issue).removeprefix(f"{path.parent}/") for issue in caught.value.issues]


def test_a_document_is_plain_data(write):
    document = read_yaml(
        write("a: 1\nb: [2.5, text, '3', true, null]\nc: {d: -4.0e+7, e: .inf, 5: }\n")
    )
    assert document.data == {
        "a": 1,
        "b": [2.5, "text", "3", True, None],
        "c": {"d": -4.0e7, "e": math.inf, 5: None},
    }
    assert [type(value) for value in document.data["b"]] == [float, str, str, bool, type(None)]
    assert type(document.data) is dict


def test_every_key_and_item_has_its_line(write):
    document = read_yaml(write("# arms\narms:\n  - id: a\n    route: iv\n  - id: b\n\nlast: 1\n"))
    assert document.line(("arms",)) == 2
    assert document.line(("arms", 0, "route")) == 4
    assert document.line(("arms", 1)) == 5
    assert document.line(("last",)) == 7
    assert document.line(("arms", 1, "route", "missing")) == 5
    assert document.line(("nowhere",)) == document.line(()) == 2


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_nothing(write, text):
    assert read_yaml(write(text)).data is None


@pytest.mark.parametrize(
    ("scalar", "advice"),
    [
        ("4.0e7", "4.0e+7 (without the sign"),
        ("1e6", "1.0e+6 (without the point and the sign"),
        ("1e-3", "1.0e-3 (without the point"),
        ("1.0E6", "1.0e+6 (without the sign"),
        ("-.5", "-0.5 (without the zero"),
        ("012", "a plain decimal number or the text in quotes, '012'"),
        ("0x1F", "a plain decimal number or the text in quotes, '0x1F'"),
        ("1_000", "a plain decimal number or the text in quotes, '1_000'"),
        ("1:30", "a plain decimal number or the text in quotes, '1:30'"),
        ("yes", "true, false or the text in quotes, 'yes'"),
        ("Off", "true, false or the text in quotes, 'Off'"),
        (".nan", "a number, or null"),
    ],
)
def test_a_scalar_that_readers_take_differently_is_an_error(write, scalar, advice):
    (line,) = refusal(write(f"a: 1\ndose: {{cell: {scalar}}}\n"))
    assert line.startswith(f"ra.yaml:2: dose.cell: '{scalar}' is not read alike everywhere")
    assert f"expected {advice}" in line
    assert read_yaml(write(f"cell: '{scalar}'\n")).data == {"cell": scalar}


@pytest.mark.parametrize("scalar", ["e6", "1.2.3", "70e6:iv@0,28", "2024-12-18", "no effect", "-"])
def test_text_that_only_resembles_a_number_is_text(write, scalar):
    assert read_yaml(write(f"a: [x, '{scalar}']\nb: {scalar if scalar != '-' else 'c-d'}\n"))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_as_funis_writes_it_is_read_back(tmp_path_factory, number):
    mantissa, _, exponent = repr(number).partition("e")
    point = "" if "." in mantissa else ".0"
    exponent = f"e{int(exponent):+d}" if exponent else ""
    path = tmp_path_factory.mktemp("yaml") / "number.yaml"
    path.write_text(f"x: {mantissa}{point}{exponent}\n")
    assert read_yaml(path).data == {"x": number}
    assert YAML(typ="safe", pure=True).load(path) == {"x": number}


def test_a_missing_file_names_its_nearest_neighbour(write):
    path = write("a: 1\n", "ra_demo.yaml")
    assert refusal(path.with_name("ra_dmeo.yaml")) == [
        "ra_dmeo.yaml: no such file; did you mean 'ra_demo.yaml'?"
    ]
    assert refusal(path.parent / "no" / "zebra.yaml") == ["zebra.yaml: no such file"]


def test_folders_and_other_bytes_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "picture.yaml").write_bytes(b"\x89PNG\xff\xfe")
    assert refusal(tmp_path / "folder") == ["folder: is a folder; expected a YAML file"]
    assert refusal(tmp_path / "picture.yaml") == [
        "picture.yaml: is not text; expected YAML in UTF-8"
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", 3, "a: duplicate key; it stands on line 1 too"),
        ("a: 1\nb: !!float 3\n", 2, "tags (tag:yaml.org,2002:float) are not read"),
        ("a: &x !!str 3\n", 1, "are not read"),
        ("a: !python/object:os.system {}\n", 1, "tags (!python/object:os.system) are not read"),
        ("a: &x [1]\nb: *x\n", 2, "aliases (*) are not read"),
        ("a: &x\n - 1\n - b\n - *x\n", 1, "aliases (*) are not read"),
        ("a: 1\n<<: {b: 2}\n", 2, "merge keys (<<) are not read"),
        ("? [1, 2]\n: 3\n", 1, "a key is neither text nor a whole number"),
        ("true: 3\n", 1, "a key is neither text nor a whole number"),
        ('a: 1\nb: "\\uD800"\n', 2, "b: holds half of a character"),
        ('"\\uDC00": 1\n', 1, "holds half of a character"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_line(write, text, line, words):
    (issue,) = refusal(write(text))
    assert issue.startswith(f"ra.yaml:{line}: ")
    assert words in issue


DEEP = {
    "brackets": "[" * 400 + "]" * 400, "never closed": "[" * 100_000, "braces": "{a: " * 2000,
    "dashes": "- " * 5000, "questions": "? " * 5000,
    "lines": "\n".join(" " * depth + "a:" for depth in range(900)),
}  # fmt: skip


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_nesting_is_refused_rather_than_a_crash(write, text):
    (issue,) = refusal(write(text))
    assert "is nested too deeply; expected at most 40 lists and maps within each other" in issue


def test_as_deep_as_is_allowed_is_read(write):
    lists = MOST_DEPTH - 1
    inner = read_yaml(write("a: " + "[" * lists + "1" + "]" * lists)).data["a"]
    for _ in range(lists):
        (inner,) = inner
    assert inner == 1
    assert len(refusal(write("a: [" + "[" * lists + "1" + "]" * lists + "]"))) == 1


def test_a_text_is_not_kept_and_a_file_is_unless_it_is_said(write):
    kept = {}
    use_shelf(Shelf(kept.get, kept.__setitem__))
    try:
        parse_yaml("my: draft", "draft.yaml")
        read_yaml(write("my: parameters"), keep=False)
        assert kept == {}
        read_yaml(write("my: file"))
        assert len(kept) == 1
    finally:
        use_shelf(None)


def test_all_faults_are_told_at_once(write):
    assert len(refusal(write("a: 1e6\nb: yes\na: 3\n"))) == 3


def test_a_number_of_thousands_of_digits_is_refused_rather_than_a_crash(write):
    assert refusal(write("a: 1\nb: " + "9" * 6000)) == [
        "ra.yaml:2: b: a number of 6,000 digits; expected text in quotes"
    ]


def test_aliases_within_aliases_are_not_written_out(write):
    layers = "".join(
        f"{name}: &{name} [{f'*{known},' * 9}]\n" for known, name in pairwise("abcdefghij")
    )
    issues = refusal(write(f"a: &a [x]\n{layers}"))
    assert len(issues) == 9 * 9
    assert all("aliases (*) are not read" in issue for issue in issues)
