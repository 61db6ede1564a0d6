import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError, Issue, IssueList, nearest, one_of, unknown


def issue(message="wrong", **parts):
    place = {"file": None, "line": None, "key": None, **parts}
    return Issue(message=message, **place)


def test_an_issue_is_one_line_with_all_its_parts():
    whole = Issue(
        "ra.yaml", 12, "arms[1].route", "unknown route 'ivv'", "one of iv, it", nearest="iv"
    )
    assert str(whole) == (
        "ra.yaml:12: arms[1].route: unknown route 'ivv'; expected one of iv, it; did you mean 'iv'?"
    )


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({}, "wrong"),
        ({"file": "a.yaml"}, "a.yaml: wrong"),
        ({"file": "a.yaml", "line": 3}, "a.yaml:3: wrong"),
        ({"key": "arms[0]"}, "arms[0]: wrong"),
        ({"expected": "a number"}, "wrong; expected a number"),
        ({"nearest": "iv"}, "wrong; did you mean 'iv'?"),
        ({"file": "a.yaml", "severity": "warning"}, "a.yaml: warning: wrong"),
    ],
)
def test_absent_parts_are_left_out(parts, text):
    assert str(issue(**parts)) == text


@given(st.text(), st.text(), st.text())
def test_an_issue_never_takes_two_lines(message, key, expected):
    assert len(str(Issue("a.yaml", 1, key, message, expected)).splitlines()) == 1


def test_a_list_is_a_sequence_that_is_true_when_it_holds_any_issue():
    first, second = issue("first"), issue("second", severity="warning")
    issues = IssueList([first]) + IssueList([second])
    assert list(issues) == [first, second]
    assert issues[1] is second
    assert issues[:1] == IssueList([first])
    assert (len(issues), bool(issues), bool(IssueList())) == (2, True, False)
    assert (issues.errors, issues.warnings) == (IssueList([first]), IssueList([second]))
    assert str(issues) == "first\nwarning: second"


def test_only_errors_are_raised():
    warning, error = issue("may be wrong", severity="warning"), issue("is wrong")
    IssueList([warning]).raise_errors()
    with pytest.raises(InputError) as caught:
        IssueList([warning, error]).raise_errors()
    assert caught.value.issues == IssueList([error])
    assert str(caught.value) == "is wrong"


def test_an_input_error_survives_the_way_between_processes():
    error = InputError([issue("first"), issue("second", file="a.yaml")])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.issues == error.issues
    assert str(copy) == "first\na.yaml: second"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("rotue", "route"),
        ("ROUTE", "route"),
        ("dose per kg", "dose_per_kg"),
        ("dose-per-kg", "dose_per_kg"),
        ("zebra", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_found_whatever_the_case(name, found):
    assert nearest(name, ["route", "dose_per_kg", "days"]) == found


def test_of_equally_near_names_the_first_of_the_alphabet_is_taken():
    assert nearest("arm", {"armb", "arma", "armc"}) == "arma"


def test_a_name_of_a_hundred_thousand_letters_is_near_nothing_and_soon_told_so():
    begun = time.perf_counter()
    assert nearest("seed" * 25_000, [f"seed_{number}" for number in range(1000)]) is None
    assert time.perf_counter() - begun < 2


def test_an_error_is_told_a_line_an_issue():
    error = InputError([Issue("a.yaml", 3, "seed", "is wrong"), Issue(None, None, None, "too")])
    assert error.lines == ("a.yaml:3: seed: is wrong", "too")
    assert str(error) == "\n".join(error.lines)


def test_a_known_name_is_given_back_and_another_is_told_in_one_line() -> None:
    assert one_of("disease", "ra", ("ra", "sle")) == "ra"
    with pytest.raises(InputError) as refused:
        one_of("disease", "raa", ("ra", "sle"))
    assert str(refused.value) == (
        "disease: unknown disease 'raa'; expected one of ra, sle; did you mean 'ra'?"
    )


def test_an_unknown_name_is_not_repeated_whole_nor_are_very_many_names_listed() -> None:
    many = [f"name_{number}" for number in range(200)]
    text = str(unknown("parameter of ra", "x" * 5000, many))
    assert len(text) < 120
    assert "name_7" not in text
