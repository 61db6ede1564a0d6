from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator, model_validator

from funis.checks import (
    Document,
    InputError,
    Issue,
    StrictModel,
    parse_expression,
    read_yaml,
    validate,
)


class Sex(Enum):
    female = "female"
    male = "male"


class Cells(StrictModel):
    kind: Literal["cells"]
    dose_cell: Annotated[float, Field(gt=0)]
    route: Literal["iv", "it"] = "iv"


class Drug(StrictModel):
    kind: Literal["drug"]
    days: tuple[float, ...] = Field(min_length=1)


class Every(StrictModel):
    every_day: float
    times: int


class Rule(StrictModel):
    when: str

    @field_validator("when")
    @classmethod
    def _reads(cls, text: str) -> str:
        parse_expression(text, {"crp"})
        return text


class Arm(StrictModel):
    id: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    interventions: tuple[Annotated[Cells | Drug, Field(discriminator="kind")], ...] = ()
    repeat: Every | float | Literal["never"] = "never"
    cell: Cells | Drug | None = None


class Trial(StrictModel):
    title: str
    seed: Annotated[int, Field(ge=0)] = 1
    blind: bool = True
    weeks: tuple[float, ...] = ()
    range: tuple[float, float] | None = None
    sex: frozenset[Sex] = frozenset()
    potency: Mapping[str, float] = {}
    by_week: dict[int, str] = {}
    arms: dict[str, Arm] = {}
    arm_list: list[Arm] = []
    rule: Rule | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Trial":
        for index, (earlier, later) in enumerate(zip(self.weeks, self.weeks[1:], strict=False)):
            if later <= earlier:
                key = f"weeks[{index + 1}]"
                message = f"week {later:g} is not after week {earlier:g}"
                raise InputError(Issue(None, None, key, message))
        if self.title == "Untitled":
            raise ValueError("a trial needs a title of its own")
        return self


@pytest.fixture
def check(tmp_path):
    def check(text, schema=Trial, at=()):
        path = tmp_path / "ra.yaml"
        path.write_text(text)
        return validate(schema, read_yaml(path), at)

    return check


@pytest.fixture
def refusal(check, tmp_path):
    def refusal(text, **options):
        with pytest.raises(InputError) as caught:
            check(text, **options)
        return [str(issue).removeprefix(f"{tmp_path}/") for issue in caught.value.issues]

    return refusal


def test_plain_data_becomes_the_schema(check):
    trial = check(
        "title: A\nweeks: [0, 4.5]\nrange: [0, 1]\nsex: [female]\npotency: {cells: 0}\n"
        "by_week: {12: ACR20}\narms:\n  a: {id: a, repeat: {every_day: 28, times: 4},\n"
        "      interventions: [{kind: drug, days: [0]}]}\n"
    )
    assert trial.weeks == (0.0, 4.5)
    assert trial.sex == frozenset({Sex.female})
    assert trial.by_week == {12: "ACR20"}
    assert trial.arms["a"].interventions == (Drug(kind="drug", days=(0.0,)),)
    assert trial.arms["a"].repeat == Every(every_day=28.0, times=4)
    assert [type(week) for week in trial.weeks] == [float, float]


def test_a_value_is_frozen_and_closed_when_made_in_python_too():
    trial = Trial(title="A", weeks=[0, 4])
    with pytest.raises(ValidationError):
        trial.title = "B"
    with pytest.raises(ValidationError):
        Trial(titel="A")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("seed: '3'", "seed: '3' is text; expected a whole number"),
        ("seed: 1.5", "seed: 1.5 is not a whole number; expected a whole number"),
        ("seed: -1", "seed: -1 is too small; expected a number of at least 0"),
        ("seed: true", "seed: true is a truth value; expected a whole number"),
        ("seed:", "seed: is empty; expected a whole number"),
        ("blind: 1", "blind: 1 is a number; expected true or false"),
        ("blind: 'yes'", "blind: 'yes' is text; expected true or false"),
        ("weeks: 4", "weeks: 4 is a number; expected a list"),
        ("weeks: [0, '4.0e7']", "weeks[1]: '4.0e7' is text; expected a number"),
        ("range: [0, 1, 2]", "range: has 3 items; expected at most 2 items"),
        ("potency: {cells: high}", "potency.cells: 'high' is text; expected a number"),
        ("by_week: {a: b}", "by_week.a: 'a' is text; expected a whole number"),
        ("arms: []", "arms: is a list; expected a mapping of keys to values"),
        ("sex: [mal]", "sex[0]: unknown value 'mal'; expected one of female, male; "),
        ("arms: {a: {id: A b}}", "arms.a.id: 'A b' does not have the right form; "),
    ],
)
def test_a_wrong_value_is_told_with_its_line_and_key(refusal, line, said):
    (told,) = refusal(f"title: A\n\n{line}\n")
    assert told.startswith(f"ra.yaml:3: {said}")


def test_a_misspelt_key_names_the_nearest_and_is_told_once(refusal):
    assert refusal("titel: A\nseed: 2\n") == [
        "ra.yaml:1: titel: unknown key; expected one of title, seed, blind, weeks, range, sex, "
        "potency, by_week, arms, arm_list, rule; did you mean 'title'?"
    ]


def test_a_missing_key_is_told_where_its_mapping_stands(refusal):
    assert refusal("title: A\narm_list:\n  - id: a\n  - repeat: 3\n") == [
        "ra.yaml:4: arm_list[1].id: key is missing; expected text"
    ]


CELLS = "title: A\narms:\n  a:\n    id: a\n    interventions:\n      - "


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("{kind: cell}", "kind: unknown kind 'cell'; expected one of cells, drug; did you mean"),
        ("{dose_cell: 7}", "kind: key is missing; expected one of cells, drug"),
        ("{kind: cells}", "dose_cell: key is missing; expected a number"),
        ("{kind: cells, dose_cell: 0}", "dose_cell: 0 is too small; expected a number greater"),
        (
            "{kind: cells, dose_cell: 1, route: ivv}",
            "route: unknown route 'ivv'; expected one of iv, it; did you mean 'iv'?",
        ),
        ("{kind: drug, days: []}", "days: is empty; expected at least 1 item"),
        (
            "{kind: drug, days: [1], dose_cell: 7}",
            "dose_cell: unknown key; expected one of kind, days",
        ),
    ],
)
def test_faults_inside_a_union_told_apart_by_a_key(refusal, item, said):
    (told,) = refusal(CELLS + item + "\n")
    assert told.startswith(f"ra.yaml:6: arms.a.interventions[0].{said}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("repeat: {every_day: a, times: 1}", "repeat.every_day: 'a' is text; expected a number"),
        ("repeat: {evry_day: 3, times: 1}", "repeat.evry_day: unknown key; expected one of"),
        ("repeat: nevr", "repeat: 'nevr' is not valid; expected a mapping of keys to values or "),
        ("repeat: [1]", "repeat: is a list; expected a mapping of keys to values or a number"),
        ("cell: {kind: cells, dose_cell: a}", "cell.dose_cell: 'a' is text; expected a number"),
    ],
)
def test_faults_inside_a_plain_union_are_those_of_the_branch_that_was_meant(refusal, line, said):
    (told,) = refusal(f"title: A\narm_list:\n - id: a\n   {line}\n")
    assert told.startswith(f"ra.yaml:4: arm_list[0].{said}")


def test_the_nearest_word_is_found_among_the_literals_of_a_union(refusal):
    (told,) = refusal("title: A\narm_list: [{id: a, repeat: nevr}]\n")
    assert told.endswith("did you mean 'never'?")


def test_issues_of_validators_get_their_place(refusal):
    assert refusal("title: A\nweeks:\n  - 4\n  - 2\n") == [
        "ra.yaml:4: weeks[1]: week 2 is not after week 4"
    ]
    assert refusal("title: A\nrule:\n  when: crpp > 1\n") == [
        "ra.yaml:3: rule.when: unknown name 'crpp'; expected crp; did you mean 'crp'?"
    ]
    assert refusal("\ntitle: Untitled\n") == ["ra.yaml:2: a trial needs a title of its own"]


def test_all_faults_are_told_in_the_order_of_the_file(refusal):
    told = refusal("seed: a\nblind: 3\ntitle: 4\n")
    assert [line.split(": ")[1] for line in told] == ["seed", "blind", "title"]


def test_a_part_of_a_document_keeps_its_lines_and_full_keys(refusal, check):
    text = "trials:\n  first:\n    title: A\n  second:\n    title: 3\n"
    assert check(text, at=("trials", "first")) == Trial(title="A")
    assert refusal(text, at=("trials", "second")) == [
        "ra.yaml:5: trials.second.title: 3 is a number; expected text"
    ]


def test_any_annotation_can_be_a_schema(check, refusal):
    assert check("a: {title: A}\n", schema=dict[str, Trial]) == {"a": Trial(title="A")}
    assert refusal("a: {title: A}\nb: {titl: A}\n", schema=dict[str, Trial]) == [
        "ra.yaml:2: b.titl: unknown key; expected one of title, seed, blind, weeks, range, sex, "
        "potency, by_week, arms, arm_list, rule; did you mean 'title'?"
    ]


@pytest.mark.parametrize("text", ["", "- 1\n", "just text\n"])
def test_a_file_that_is_no_mapping_is_refused(refusal, text: Any):
    (told,) = refusal(text)
    assert "expected a mapping of keys to values" in told


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
words = st.sampled_from(sorted({*Trial.model_fields, *Arm.model_fields, *Cells.model_fields, "x"}))
plain = st.recursive(
    scalars | st.sampled_from(["cells", "drug", "iv", "never"]),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(words, parts, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_any_plain_data_is_either_taken_or_refused_in_single_lines(data):
    try:
        validate(Trial, Document(data, "ra.yaml", {(): 1}))
    except InputError as error:
        told = str(error)
        issues = len(error.issues)
    else:
        told, issues = "ra.yaml:1: taken", 1
    assert len(told.splitlines()) == issues
    assert all(line.startswith("ra.yaml:1: ") for line in told.splitlines())


def test_of_thousands_of_faults_the_first_are_told_and_the_rest_counted(check, refusal):
    issues = refusal("\n".join(f"key_{number}: {number}" for number in range(3000)))
    assert len(issues) == 201
    assert issues[-1].endswith("more faults")
