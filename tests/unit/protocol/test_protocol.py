import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from funis.protocol import FrozenMapping, Protocol, load_protocol

Write = Callable[..., Path]


@pytest.fixture
def protocol(write_trial: Write) -> Protocol:
    return load_protocol(write_trial())


def test_comments_order_and_file_do_not_change_the_hash(
    protocol: Protocol, trial_text: str, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere.yaml"
    title = "title: A small trial\n"
    path.write_text("# a comment\n" + trial_text.replace(title, "") + title)
    other = load_protocol(path)
    assert other == protocol
    assert other.hash == protocol.hash
    assert len(protocol.hash) == 64


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 1", "seed: 2"),
        ("dose_cell_per_kg: 1.0e+6", "dose_cell_per_kg: 1.1e+6"),
        ("tjc68 >= 6", "tjc68 >= 7"),
        ("every_day: 28", "every_day: 29"),
        ("rescue: treatment_policy", "rescue: hypothetical"),
        ("rate_per_year: 0.1", "rate_per_year: 0.2"),
    ],
)
def test_a_change_of_meaning_changes_the_hash(
    protocol: Protocol, write_trial: Write, old: str, new: str
) -> None:
    assert load_protocol(write_trial((old, new))).hash != protocol.hash


def test_a_number_has_one_hash_however_it_is_written(
    protocol: Protocol, write_trial: Write
) -> None:
    path = write_trial(("dose_cell_per_kg: 1.0e+6", "dose_cell_per_kg: 1000000"))
    assert load_protocol(path).hash == protocol.hash


def test_the_hash_follows_a_replaced_field(protocol: Protocol) -> None:
    changed = replace(protocol, seed=99)
    assert changed.hash != protocol.hash
    assert replace(changed, seed=protocol.seed).hash == protocol.hash


def test_a_protocol_is_hashable_and_travels_to_other_processes(protocol: Protocol) -> None:
    copy = pickle.loads(pickle.dumps(protocol))
    assert copy == protocol
    assert hash(copy) == hash(protocol)
    assert copy.where.line(("seed",)) == 4


def test_arms_are_found_by_id(protocol: Protocol) -> None:
    assert protocol.arm("msc").label == "Cells"
    with pytest.raises(KeyError):
        protocol.arm("absent")


def test_an_arm_overrides_the_scenario_of_the_trial(write_trial: Write) -> None:
    path = write_trial(
        ("    label: Cells", "    label: Cells\n    scenario: {potency: 0}"),
        ("seed: 1", "seed: 1\nscenario: {potency: 2.0, kd_lu: 1.5}"),
    )
    protocol = load_protocol(path)
    assert protocol.parameters_of("placebo") == {"potency": 2.0, "kd_lu": 1.5}
    assert protocol.parameters_of("msc") == {"potency": 0.0, "kd_lu": 1.5}


def test_a_frozen_mapping_cannot_be_changed() -> None:
    source = {"a": 1.0}
    mapping = FrozenMapping(source)
    source["a"] = 2.0
    assert mapping["a"] == 1.0
    assert mapping == {"a": 1.0}
    with pytest.raises(AttributeError):
        mapping.items = None  # type: ignore[assignment,method-assign]
    with pytest.raises(TypeError):
        mapping["a"] = 3.0  # type: ignore[index]
