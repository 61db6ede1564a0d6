"""``funis plan``: fields that are checked alone, and options that do not go together."""

import pytest


def test_one_field_is_checked_alone(funis):
    assert funis("plan", "ra", "--field", "severity.crp") == (0, "nothing is wrong with it\n", "")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--field", "foo"), "field: a consultation has no field 'foo'; expected one that --form"),
        (("--field", "severity.cpr"), "did you mean 'severity.crp'?"),
        (("--field", "severity.crp", "--form"), "--form: asked for beside --field; expected one"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(funis, words, line):
    status, out, err = funis("plan", "ra", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert line in err
