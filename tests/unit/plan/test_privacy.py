"""Whatever looks like a person is refused with its path, and what a consultation says is not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import Document, InputError
from funis.plan.privacy import find_private, likeness, names_person, refuse_private
from funis.plan.vocabulary import library_drugs, library_words


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Mr Smith", "a name"),
        ("seen by Dr. Müller", "a name"),
        ("Frau Schmidt", "a name"),
        ("jane@example.org", "an e-mail address"),
        ("www.example.org/jane", "a web address"),
        ("12 March 1960", "a date"),
        ("March 12, 1960", "a date"),
        ("1960-03-12", "a date"),
        ("12/03/1960", "a date"),
        ("12.3.60", "a date"),
        ("+49 30 1234567", "a telephone number"),
        ("(030) 123 45 67", "a telephone number"),
        ("555-1234", "a telephone number"),
        ("12345678", "the number of a record"),
        ("123-45-6789", "the number of a record"),
        ("12 Baker Street", "an address"),
        ("Hauptstrasse 12", "an address"),
        ("rue de Rivoli", "an address"),
        ("10115 Berlin", "an address"),
        ("MRN 12", "a mark of a person"),
        ("patient named so", "a mark of a person"),
    ],
)
def test_what_points_to_a_person_is_seen(text, what):
    assert likeness(text) == what


@pytest.mark.parametrize(
    "text",
    [
        "rheumatoid_arthritis", "DAS28 of 5.1", "mg_per_2_weeks", "1e9/L", "7.5", "ra_virtual",
        "fold of upper limit", "moderate to severe, 6-12 points", "via 20 mg",
        "sr", "2010 criteria",
    ],
)  # fmt: skip
def test_what_a_consultation_says_is_let_through(text):
    assert likeness(text) is None


def test_every_word_of_the_vocabulary_passes_the_filter():
    words, drugs = library_words(), library_drugs()
    for name in (
        *drugs.names, *words.comorbidities, *words.allergies, *words.goals, *words.criteria_met,
        *words.labs, *words.units, *(lab.unit for lab in words.labs.values()),
    ):  # fmt: skip
        assert likeness(name) is None, name


@pytest.mark.parametrize("key", ["name", "birthDate", "telecom", "medical-record-number", "City"])
def test_keys_that_ask_for_a_person_are_seen_however_they_are_written(key):
    assert names_person(key)
    assert not names_person("weight_kg")


def test_the_path_of_the_finding_is_told_and_its_text_is_not():
    document = Document({"a": [{"b": "Mr Smith"}], "phone": "x", "n": 12345678}, "f.yaml", {})
    with pytest.raises(InputError) as caught:
        refuse_private(document)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("f.yaml: a[0].b: a name could point to a person")
    assert lines[1].startswith("f.yaml: phone: the field 'phone'")
    assert lines[2].startswith("f.yaml: n: the number of a record")
    assert "Smith" not in str(caught.value)


@given(st.integers(10**7, 10**12), st.sampled_from(["", "no. ", "x"]))
def test_long_numbers_are_refused_wherever_they_stand(number, before):
    found = list(find_private({"a": {"b": [f"{before}{number}", number]}}))
    assert [path for path, _ in found] == [("a", "b", 0), ("a", "b", 1)]


@pytest.mark.parametrize(
    "piece", ["[", "a", "a.", "1 ", "a@", "0(", "+1 ", "jan ", "a-", "Mr. ", "1a "]
)
def test_a_long_text_is_soon_read(piece):
    begun = time.perf_counter()
    likeness(piece * (60_000 // len(piece)))
    assert time.perf_counter() - begun < 3


@pytest.mark.parametrize(
    "text", ["x.y@example.org", "see @a.b@c.de", ".'-lange-strasse 5", "an der Haupt.strasse 12"]
)
def test_a_word_is_found_from_wherever_it_begins(text):
    assert likeness(text) is not None
