"""A trial as it is being written: no change loses what it does not touch."""

import difflib
import json
import time

import pytest

from funis.checks import InputError
from funis.models import disease_ids
from funis.pipeline.check import check_file, check_text
from funis.pipeline.draft import Draft, changed, check_draft, empty_draft, library_draft
from funis.pipeline.draft.check import draft_trial
from funis.pipeline.draft.document import draft_document, draft_tables, options_document
from funis.pipeline.draft.doses import _plain
from funis.pipeline.draft.options import draft_options
from funis.pipeline.draft.outline import outline_of
from funis.pipeline.draft.text import number_text, text_of, tree
from funis.pipeline.inputs import load_trial, trial_names


@pytest.fixture(scope="module")
def demo():
    return library_draft("ra_demo")


def _lines(before, after):
    """Return what was taken away and what came, line by line."""
    found = difflib.unified_diff(
        before.text.splitlines(), after.text.splitlines(), lineterm="", n=0
    )
    return [line for line in list(found)[2:] if not line.startswith("@@")]


@pytest.mark.parametrize("name", trial_names())
def test_the_text_of_every_trial_comes_back_byte_for_byte(name):
    text = library_draft(name).text
    assert text_of(tree(text)) == text


@pytest.mark.parametrize("disease", disease_ids())
def test_the_least_trial_of_every_disease_can_be_conducted(disease):
    found = check_draft(empty_draft(disease))
    assert found.passed
    assert draft_trial(found.draft).protocol.disease == disease
    assert [arm.control for arm in found.outline.arms] == ["placebo", None]


def test_a_draft_is_the_protocol_of_the_file_it_came_from(demo):
    assert draft_trial(demo).protocol.hash == load_trial("ra_demo").protocol.hash


def test_a_moved_dose_touches_its_schedule_alone(demo):
    change = {"kind": "move_dose", "arm": 3, "intervention": 0, "dose": 1, "day": 35}
    after = changed(demo, change)
    assert _lines(demo, after.draft) == [
        "-        schedule: {start_day: 0, every_day: 28, times: 4}",
        "+        schedule: {days: [0, 35, 56, 84]}",
    ]
    assert after.place == 1
    again = changed(after.draft, change | {"day": 60})
    assert again.place == 2
    assert check_draft(again.draft).outline.arms[3].given[0].days == (0, 56, 60, 84)


def test_a_continuous_drug_moves_with_its_length(demo):
    after = changed(demo, {"kind": "move_dose", "arm": 5, "intervention": 0, "dose": 0, "day": 14})
    assert _lines(demo, after.draft)[1] == "+        schedule: {start_day: 14, continuous: true}"


def test_doses_are_added_and_removed(demo):
    after = changed(demo, {"kind": "add_dose", "arm": 2, "intervention": 0, "day": 14})
    assert check_draft(after.draft).outline.arms[2].doses == 2
    back = changed(after.draft, {"kind": "remove_dose", "arm": 2, "intervention": 0, "dose": 1})
    assert back.draft.text == demo.text
    gone = changed(demo, {"kind": "remove_dose", "arm": 2, "intervention": 0, "dose": 0})
    assert "arm 'single' is empty" in str(check_draft(gone.draft).issues)


def test_a_moved_visit_takes_along_whatever_is_asked_at_it(demo):
    after = changed(demo, {"kind": "move_visit", "visit": 4, "week": 13})
    assert check_draft(after.draft).passed
    protocol = draft_trial(after.draft).protocol
    assert protocol.success.week == 13
    assert protocol.primary[0].week == 13


def test_a_rule_moves_with_its_visit(demo):
    after = changed(demo, {"kind": "move_visit", "visit": 8, "week": 40})
    assert draft_trial(after.draft).protocol.rules[0].weeks == (24, 40)


def test_an_arm_taken_away_is_named_nowhere_any_more():
    draft = library_draft("ra_stratified")
    data = draft.document.data
    name = data["success"]["arms"][0]
    place = [arm["id"] for arm in data["arms"]].index(name)
    after = changed(draft, {"kind": "remove_arm", "arm": place}).draft
    assert name not in str(after.document.data["success"]["arms"])
    assert name not in str(after.document.data.get("design", {}).get("allocation", {}))


def test_a_new_arm_is_like_another_and_has_a_name_of_its_own(demo):
    after = changed(demo, {"kind": "add_arm", "arm": 3})
    found = check_draft(after.draft)
    assert found.passed
    assert found.outline.arms[after.place].id == "four_monthly_2"
    assert found.outline.arms[after.place].given == found.outline.arms[3].given


def test_what_is_written_is_read_back_as_it_was_meant(demo):
    for text in ("yes", "no: yes", "# no comment", "1e5", "'", '"', "12", "~", "a\nb", "é ü", ""):
        after = changed(demo, {"kind": "set", "path": ["title"], "value": text})
        assert after.draft.document.data["title"] == text
    for number in (7.5e7, 1e6, 0.025, 1.0, 3, 1e-7, 123456789.0, -14.5):
        after = changed(
            demo, {"kind": "set", "path": ["dropout", "rate_per_year"], "value": number}
        )
        assert after.draft.document.data["dropout"]["rate_per_year"] == number
    assert number_text(7.5e7) == "7.5e+7"
    with pytest.raises(InputError, match="inf is no number"):
        changed(demo, {"kind": "set", "path": ["seed"], "value": float("inf")})


def test_cells_are_written_with_an_exponent_and_a_seed_is_not(demo):
    """A browser has no decimals: what it sends of 2e6 cells is a whole number."""
    path = ["arms", 3, "interventions", 0, "dose_cell_per_kg"]
    after = changed(demo, {"kind": "set", "path": path, "value": 2_000_000})
    assert _lines(demo, after.draft)[1] == "+        dose_cell_per_kg: 2.0e+6"
    after = changed(demo, {"kind": "set", "path": ["seed"], "value": 20_260_102})
    assert _lines(demo, after.draft)[1] == "+seed: 20260102"


def test_an_endpoint_is_inserted_as_its_neighbours_are_written(demo):
    value = {"endpoint": "haq", "week": 24, "measure": "change", "role": "secondary"}
    after = changed(demo, {"kind": "insert", "path": ["endpoints"], "value": value})
    assert _lines(demo, after.draft) == [
        "+  - {endpoint: haq, week: 24, measure: change, role: secondary}"
    ]
    assert after.place == 19
    back = changed(after.draft, {"kind": "remove", "path": ["endpoints", after.place]})
    assert back.draft.text == demo.text


def test_the_outline_counts_what_a_patient_gets_before_the_last_visit(demo):
    outline = check_draft(demo).outline
    arms = {arm.id: arm for arm in outline.arms}
    assert (outline.patients, outline.weeks, len(outline.visits)) == (600, 52, 10)
    assert arms["four_monthly"].cells_per_kg == 4e6
    advertised = arms["advertised"]
    assert (advertised.doses, advertised.cells) == (2, 1.5e8)  # of six, two are in 52 weeks
    assert arms["anti_tnf"].given[0].length_day is None
    rows = draft_tables(outline)[0].rows
    assert rows[4][2] == "150 million"


def test_a_crossover_has_the_patients_of_its_sequences():
    found = check_draft(library_draft("ms_crossover"))
    protocol = draft_trial(found.draft).protocol
    expected = protocol.population.patients_per_arm * len(protocol.conducted)
    assert found.outline.patients == expected


def test_each_fault_has_line_key_and_what_puts_it_right(demo):
    found = check_draft(Draft(demo.text.replace("route: iv\n", "route: ivv\n", 1)))
    (issue,) = found.issues
    assert issue.key == "arms[1].interventions[0].route"
    assert issue.line == 43
    fix = draft_document(found)["issues"][0]["fix"]
    mended = changed(found.draft, {"kind": "set", **fix})
    assert mended.draft.text == demo.text or check_draft(mended.draft).passed


def test_a_misspelt_key_is_not_mended_by_putting_its_name_into_its_value(demo):
    found = check_draft(Draft(demo.text.replace("title:", "titel:")))
    assert not found.passed
    assert found.fixes == (None,) * len(found.issues)


def test_a_text_with_faults_keeps_its_timeline(demo):
    broken = demo.text.replace("disease: ra", "disease: 7").replace("role: primary", "role: main")
    found = check_draft(Draft(broken))
    assert not found.passed
    assert [arm.doses for arm in found.outline.arms] == [0, 4, 1, 4, 2, 0]
    assert check_draft(Draft("arms: [")).outline is None


@pytest.mark.parametrize(
    "data", [None, [], 3, {"arms": 3}, {"arms": [3, {}]}, {"arms": [{"interventions": [{}]}]},
             {"visits": {"weeks": ["a", True, 4]}}, {"population": []},
             {"arms": [{"interventions": [{"schedule": {"start_day": 0, "every_day": 1,
                                                       "times": 10**9}}]}]}],
)  # fmt: skip
def test_no_content_breaks_the_outline(data):
    assert outline_of(data).weeks in (0, 4)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"kind": "move_dos"}, "did you mean 'move_dose'"),
        ({"kind": "move_dose"}, "move_dose without arm"),
        ({"kind": "set", "path": ["arms", 99, "label"], "value": "x"}, "no such place"),
        ({"kind": "set", "path": [], "value": "x"}, "no path"),
        ({"kind": "remove", "path": ["nothing"]}, "no such place"),
        ({"kind": "insert", "path": ["title"], "value": 1}, "is no list"),
        ({"kind": "move_dose", "arm": 3, "intervention": 0, "dose": 9, "day": 1}, "no dose 10"),
        ({"kind": "move_visit", "visit": 0, "week": 3}, "stays at week 0"),
        ({"kind": "move_visit", "visit": 1, "week": 4}, "there is a visit at week 4"),
        ({"kind": "move_dose", "arm": 3, "intervention": 0, "dose": 1, "day": -1}, "day"),
    ],
)
def test_a_change_that_cannot_be_made_is_one_line(demo, change, line):
    with pytest.raises(InputError) as caught:
        changed(demo, change)
    assert len(caught.value.issues) == 1
    assert line in str(caught.value)


def test_a_text_that_is_no_trial_cannot_be_changed():
    for text in ("", "- 1", "arms: [", "x"):
        with pytest.raises(InputError):
            changed(Draft(text), {"kind": "add_visit", "week": 4})
    with pytest.raises(InputError, match="too long"):
        Draft("#" * 300_000)


def test_a_draft_is_no_path(tmp_path):
    for name in ("../../etc/passwd", str(tmp_path), "ra_demo.yaml", ""):
        with pytest.raises(InputError, match="unknown trial"):
            library_draft(name)


def test_plain_values_stay_what_they_are():
    held = tree("a: 1\nb: 1.0e+6\nc: true\nd: text\ne: null\nf: [1]\n")
    assert _plain(held) == {"a": 1, "b": 1e6, "c": True, "d": "text", "e": None, "f": [1]}


def test_standard_input_is_checked_like_a_file(demo, tmp_path):
    place = tmp_path / "one.yaml"
    for text in (demo.text, demo.text.replace("disease: ra", "disease: raa\nseeed: 3")):
        place.write_text(text)
        of_file, of_text = check_file(place), check_text(text)
        lines = [str(issue).replace(str(place), "-") for issue in of_file.issues]
        assert [str(issue) for issue in of_text.issues] == lines
        assert of_text.kind == of_file.kind
        assert bool(lines) == (text != demo.text)
    assert check_text("arms: [").kind == "trial"


def test_a_form_may_offer_what_the_library_holds():
    options = draft_options("ra")
    assert {one.id for one in options.routes} >= {"iv"}
    assert "ra_demo" in {one.id for one in options.trials}
    assert any(one.expression == "tjc68 >= 6" for one in options.criteria)
    assert "newcombe" in {one.id for one in options.methods}
    assert json.dumps(options_document(options))
    with pytest.raises(InputError, match="did you mean 'ra'"):
        draft_options("raa")


def test_a_check_is_quick_enough_to_type_beside(demo):
    check_draft(demo)
    taken = []
    for turn in range(5):
        started = time.process_time()
        check_draft(Draft(f"{demo.text}# {turn}\n"))
        taken.append(time.process_time() - started)
    assert min(taken) < 0.15
