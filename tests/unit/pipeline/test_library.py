import json

import pytest

from funis.checks import InputError
from funis.models import disease_ids
from funis.pipeline.library import KINDS, list_library


def ids(kind):
    return [entry["id"] for entry in list_library(kind)]


def test_everything_is_listed_with_id_kind_and_name():
    entries = list_library()
    assert json.loads(json.dumps(entries)) == list(entries)
    for entry in entries:
        assert list(entry)[:3] == ["id", "kind", "name"]
        assert entry["name"]
    assert {f"{entry['kind']}s" for entry in entries} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "some"),
    [
        ("diseases", {"ra"}),
        ("trials", {"ra_demo", "ra_two_arm"}),
        ("protocols", {"ra_iv"}),
        ("products", {"uc_msc_reference"}),
        ("drugs", {"anti_tnf", "mtx"}),
        ("routes", {"iv"}),
        ("endpoints", {"ACR20", "DAS28_CRP", "SHARP_TOTAL", "EULAR_good"}),
    ],
)
def test_each_kind_has_what_belongs_there(kind, some):
    assert some <= set(ids(kind))
    assert {entry["kind"] for entry in list_library(kind)} == {kind.removesuffix("s")}


def test_an_input_names_the_diseases_that_take_it():
    assert next(e for e in list_library("routes") if e["id"] == "iv")["diseases"] == [
        *disease_ids()
    ]
    assert next(e for e in list_library("routes") if e["id"] == "it")["diseases"] == ["ms"]


def test_an_unknown_kind_is_told_with_the_nearest():
    with pytest.raises(InputError, match=r"unknown kind 'disease'.*did you mean 'diseases'\?"):
        list_library("disease")
