"""Structures: read, selected by name in a trial or an arm, refused with one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from funis.checks import InputError
from funis.protocol import library_structures, load_protocol, load_structures

Write = Callable[..., Path]

ROW = """structures:
  one:
    title: One
    question: Is it one?
    default: it is not
    parameters: {potency: 2}
    sources: [assumed]
"""
ARM = "    label: Cells"
TRIAL = "seed: 1"


def in_trial(text: str) -> tuple[str, str]:
    return (TRIAL, f"{TRIAL}\nstructures: [{text}]")


def in_arm(text: str) -> tuple[str, str]:
    return (ARM, f"{ARM}\n    structures: [{text}]")


def test_every_structure_of_the_library_says_what_it_is() -> None:
    structures = library_structures()
    named = "dose_flat dose_emax dose_bell dead_cells_license equal_routes bistable_memory boosting"
    assert set(named.split()) <= set(structures)
    for name, one in structures.items():
        assert name == one.id
        assert one.question.endswith("?")
        assert one.title
        assert one.default
        assert one.sources
        assert one.parameters


def test_the_range_of_an_ed50_is_that_of_the_file() -> None:
    names = ("dose_emax_low", "dose_emax", "dose_emax_high")
    low, middle, high = (library_structures()[name] for name in names)
    assert low.ranges["dose_scale"] == (0.1, 1000, "log")
    assert low.parameters["dose_scale"] == 0.1
    assert middle.parameters["dose_scale"] == 10
    assert high.parameters["dose_scale"] == 1000


def test_structures_act_before_scenarios_and_those_of_the_trial_first(write_trial: Write) -> None:
    protocol = load_protocol(write_trial(in_trial("dose_emax, boosting"), in_arm("dose_emax_high")))
    assert protocol.shared_parameters["dose_scale"] == 10
    assert protocol.parameters_of("placebo")["dose_scale"] == 10
    assert protocol.parameters_of("msc")["dose_scale"] == 1000
    assert protocol.parameters_of("msc")["boost"] == 1
    scenario = ("disease: ra", "disease: ra\nscenario: {dose_scale: 3}")
    protocol = load_protocol(write_trial(scenario, in_trial("dose_emax"), in_arm("dose_emax_high")))
    assert protocol.parameters_of("msc")["dose_scale"] == 3
    assert protocol.parameters_of("msc")["dose_emax"] == 1


def test_an_arm_with_a_structure_is_altered(write_trial: Write) -> None:
    protocol = load_protocol(write_trial(in_arm("boosting")))
    assert [arm.altered for arm in protocol.arms] == [False, True]


def test_structures_are_part_of_the_hash(write_trial: Write) -> None:
    changes: list[tuple[tuple[str, str], ...]] = [
        (), (in_trial("boosting"),), (in_arm("boosting"),), (in_trial("th17_up"),)
    ]  # fmt: skip
    hashes = {load_protocol(write_trial(*change)).hash for change in changes}
    assert len(hashes) == len(changes)


@pytest.mark.parametrize(
    ("change", "key", "message"),
    [
        (in_trial("bistable_memori"), "structures[0]", "unknown structure 'bistable_memori'"),
        (in_arm("boosting, boostin"), "arms[1].structures[1]", "unknown structure 'boostin'"),
        (in_trial("boosting, boosting"), "structures[1]", "structure 'boosting' stands twice"),
        (in_trial("th17_up, boosting, th17_down"), "structures[2]",
         "structures 'th17_up' and 'th17_down' set 'w_Th17' differently"),
        (in_arm("dose_flat, dose_bell"), "arms[1].structures[1]",
         "structures 'dose_flat' and 'dose_bell' set 'dose_flat' differently"),
    ],
)  # fmt: skip
def test_a_wrong_selection_is_one_line(
    write_trial: Write, change: tuple[str, str], key: str, message: str
) -> None:
    with pytest.raises(InputError) as told:
        load_protocol(write_trial(change))
    (issue,) = told.value.issues
    assert issue.line is not None
    assert (issue.key, issue.message) == (key, message)
    assert issue.expected


def test_an_unknown_structure_is_told_with_the_nearest(write_trial: Write) -> None:
    with pytest.raises(InputError, match=r"did you mean 'bistable_memory'\?"):
        load_protocol(write_trial(in_trial("bistable_memori")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("parameters: {potency: 2}", "parameters: {}", "sets no parameter"),
        ("sources: [assumed]", "sources: []", "is empty"),
        ("    title: One\n", "", "title"),
        ("sources: [assumed]", "sources: [a]\n    ranges: {potency: {low: 3, high: 4, scale: log}}",
         "the range of 'potency' does not hold its value"),
        ("sources: [assumed]", "sources: [a]\n    ranges: {potency: {low: 4, high: 3, scale: log}}",
         "4 to 3 is no range"),
    ],
)  # fmt: skip
def test_a_faulty_file_of_structures_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "structures.yaml"
    path.write_text(ROW)
    assert load_structures(path).structures["one"].parameters == {"potency": 2.0}
    assert old in ROW
    path.write_text(ROW.replace(old, new))
    with pytest.raises(InputError) as told:
        load_structures(path)
    assert message in str(told.value)
    assert "structures.yaml:" in str(told.value)
