"""The closed form of evidence files: nothing is lost on the way there, and it is stable."""

from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.checks import InputError, read_yaml
from funis.checks.yaml_reader import read
from funis.evidence import read_study_file
from funis.evidence.load import read_natural, read_studies
from funis.evidence.rewrite import rewrite_text

LIBRARY = Path(str(resources.files("funis"))) / "library" / "evidence"
SHARED = Path(__file__).parents[4] / "shared" / "evidence"
OPEN = Path(__file__).parent / "open_form"
FILES = ("xx.yaml", "xx_natural.yaml", "yy_natural.yaml")

RENAMED = {("safety", "liang2018_safety"): "liang2018_safety_404"}
"""Ids that stand in two shared files: safety.yaml has the duplicate, under another id."""

CHANGED = {
    ("cd", "dhere2016_cd"): ([2.0e6, 5.0e6, 1.0e7], "ids of arms, which are text"),
    ("ms_natural", None): ([0.42, 0.23], "shares, written as percentages: 42 and 23 %"),
    ("sle_natural", None): (
        [4, 8, 12, 104, 104],
        "weeks: the two trials, or the two groups, of one week stand in one row",
    ),
}
"""Numbers of the shared files that were changed on purpose, and why."""


def numbers(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def records(data: object, stem: str) -> dict[str | None, object]:
    """Studies by id; a file of natural history as a whole, since its rows were sorted anew."""
    if stem.endswith("_natural"):
        return {None: data}
    assert isinstance(data, list)
    return {record["id"]: record for record in data}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared evidence is not on this machine")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_number_of_the_shared_files_stands_in_the_library(path: Path) -> None:
    shared = records(read_yaml(path).data, path.stem)
    library = records(read_yaml(LIBRARY / path.name).data, path.stem)
    for name, record in shared.items():
        own = library[RENAMED.get((path.stem, name), name)]
        lost = Counter(numbers(record)) - Counter(numbers(own))
        expected, _ = CHANGED.get((path.stem, name), ([], ""))
        assert lost == Counter(map(float, expected)), name


@pytest.mark.parametrize("name", FILES)
def test_rewriting_keeps_every_number_and_comment_and_is_done_once(name: str) -> None:
    text = (OPEN / name).read_text(encoding="utf-8")
    closed = rewrite_text(text, name)
    assert rewrite_text(closed, name) == closed != text
    assert closed.count("#") == text.count("#")
    for number in ("1.0e+6", "2.50e+5", "-1.30", "29.0"):  # as printed
        assert closed.count(number) == text.count(number)


@pytest.mark.parametrize("name", FILES)
def test_a_rewritten_file_is_read_with_all_its_numbers(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(rewrite_text((OPEN / name).read_text(encoding="utf-8"), name), encoding="utf-8")
    before, after = read_yaml(OPEN / name), read_yaml(path)
    assert Counter(numbers(before.data)) == Counter(numbers(after.data))
    issues = read_studies(after)[1] if name == "xx.yaml" else read_natural(after)[2]
    assert [str(issue) for issue in issues] == []


def test_leftovers_and_other_spellings_find_their_place(tmp_path: Path) -> None:
    path = tmp_path / "xx.yaml"
    path.write_text(rewrite_text((OPEN / "xx.yaml").read_text(encoding="utf-8"), "xx.yaml"))
    one, two = read_yaml(path).data
    assert one["extra"] == {"season": 4}
    assert one["population"]["extra"]["age_range"] == [18, None]
    assert one["arms"][0]["infusions_text"] == "2 or 3"
    assert one["arms"][0]["notes"] == "half of them twice"
    assert one["outcomes"][0]["pct"] == 45
    assert one["outcomes"][1]["n_unknown"] is True
    assert two["role"] == "context"
    assert two["population"]["n_studies"] == 5
    assert path.read_text().startswith("# Invented, for tests")


def test_an_open_file_of_natural_history_gets_its_sections() -> None:
    text = rewrite_text((OPEN / "yy_natural.yaml").read_text(), "yy_natural.yaml")
    assert text.startswith("disease: YY\nplacebo_response:\n- id: c\n")
    assert "\nresponse_criteria:\n- id: d\n" in text


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("a*.yaml")), ids=lambda path: path.stem)
def test_the_library_is_closed_byte_for_byte(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert rewrite_text(text, path.name) == text


def test_an_open_study_file_is_read_when_asked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"xx.yaml:8: \[0\].design.sponsor: unknown key"):
        read_study_file(OPEN / "xx.yaml")
    one, two = read_study_file(OPEN / "xx.yaml", open_form=True)
    assert (one.outcomes[0].pct, two.fitted) == (45, False)
    path = tmp_path / "bad.yaml"
    path.write_text((OPEN / "xx.yaml").read_text().replace("percent: 30,", "percent: 130,"))
    with pytest.raises(InputError, match=r"bad.yaml:20: \[0\].outcomes\[1\].pct: 130 %"):
        read_study_file(path, open_form=True)


def test_what_extra_holds_of_the_schema_comes_out_of_it() -> None:
    text = "- id: a\n  extra: {country: nowhere, season: 4}\n"
    assert rewrite_text(text, "a.yaml") == "- id: a\n  country: nowhere\n  extra: {season: 4}\n"


KEYS = st.sampled_from(
    ["n", "events", "mean", "percent", "pct", "odd", "other_key", "ci95", "week"]
)
VALUES = st.one_of(
    st.none(), st.integers(-5, 500), st.lists(st.integers(0, 9), max_size=3),
    st.floats(-9, 9).map(lambda x: round(x, 3)),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1))
def test_any_outcome_keeps_its_numbers_and_is_closed_after_one_rewriting(
    outcome: dict[str, object],
) -> None:
    lines = [f"    {key}: {'null' if value is None else value}" for key, value in outcome.items()]
    text = "- id: a\n  outcomes:\n  - arm: b\n" + "\n".join(lines) + "\n"
    closed = rewrite_text(text, "a.yaml")
    assert rewrite_text(closed, "a.yaml") == closed
    assert Counter(numbers(read(closed, "a")[0])) == Counter(numbers(read(text, "a")[0]))
