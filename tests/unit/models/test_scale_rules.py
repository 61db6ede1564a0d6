"""What a component of a scale may not say, each in one line."""

import pytest

from funis.checks import InputError
from funis.models.endpoints import load_endpoints

FILE = """\
components:
  item:
    {{name: Item, unit: present, observable: x, scale: {scale}, range: {range},
     noise_sd: {noise_sd}, shared_noise: 0, expectation: {expectation},
     inflation: {inflation}, reporter: {reporter}, round: {round}, status: assumed, note: made up}}
evidence_names: {{published: {{endpoint: {endpoint}, measure: rate}}}}
"""
EVENTS = {
    "scale": "events", "range": "[0, 9]", "noise_sd": 0, "expectation": 0, "inflation": 0,
    "reporter": "assessor", "round": 1, "endpoint": "item",
}  # fmt: skip


def load(tmp_path, **changes):
    path = tmp_path / "endpoints.yaml"
    text = FILE.format(**(EVENTS | changes))
    if (EVENTS | changes)["scale"] != "events":
        text = text.partition("evidence_names")[0]
    path.write_text(text)
    return load_endpoints(path)


def test_each_scale_can_be_right(tmp_path):
    assert load(tmp_path).evidence_name("published").measure == "rate"
    assert load(tmp_path, scale="count").components[0].by_chance
    present = {"scale": "presence", "range": "[0, 1]", "noise_sd": 0.2, "reporter": "patient"}
    assert load(tmp_path, **present, expectation=0.3).components[0].by_chance
    assert not load(tmp_path, scale="logit").components[0].by_chance


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"noise_sd": 0.1}, "item.noise_sd: noise on events: chance alone moves the number"),
        ({"expectation": 0.1}, "item.expectation: expectation on events"),
        ({"inflation": 0.1}, "item.inflation: inflation on events"),
        ({"range": "[1, 9]"}, "item.range: events from 1 on; expected [0, most]"),
        ({"round": 0.5}, "item.round: events in steps of 0.5"),
        ({"reporter": "patient"}, "expected assessor or laboratory"),
        ({"scale": "count", "noise_sd": 0.1}, "item.noise_sd: noise on a count"),
        ({"scale": "presence", "range": "[0, 2]"}, "item.range: a descriptor is there (1) or not"),
        ({"scale": "presence", "range": "[0, 1]", "round": 0.5}, "item.round: a descriptor"),
        ({"scale": "log", "range": "[-1, 2]"}, "a logarithm of values below 0"),
        ({"scale": "event"}, "did you mean 'events'"),
        ({"endpoint": "itm"}, "unknown endpoint 'itm'; did you mean 'item'?"),
    ],
)  # fmt: skip
def test_what_does_not_suit_a_scale(tmp_path, changes, told):
    with pytest.raises(InputError) as caught:
        load(tmp_path, **changes)
    lines = [str(issue) for issue in caught.value.issues if told in str(issue)]
    assert len(lines) == 1, str(caught.value)
    assert "endpoints.yaml:" in lines[0]
