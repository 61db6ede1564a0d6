from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.checks import InputError
from funis.models import disease_ids
from funis.pipeline.explore import (
    ExploreState,
    default_state,
    explore_options,
    parse_link,
    permalink,
)
from funis.pipeline.explore.options import MEMORIES, POTENCIES, SHAPES
from funis.pipeline.explore.state import _of_arm
from funis.protocol import Arm, FrozenMapping, Intervention


@st.composite
def places(draw):
    disease = draw(st.sampled_from(disease_ids()))
    options = explore_options(disease)
    routes = draw(
        st.lists(st.sampled_from([one.id for one in options.routes]), min_size=1, unique=True)
    )
    per_kg = draw(st.booleans())
    low, high = (1e4, 1.5e7) if per_kg else (1e6, 1e9)
    doses = tuple(draw(st.floats(low, high)) for _ in routes)
    asked = draw(st.lists(st.sampled_from([one.id for one in options.traits]), unique=True))
    potency = draw(st.sampled_from(POTENCIES))
    return ExploreState(
        disease, tuple(routes), doses, per_kg, draw(st.integers(1, 12)), draw(st.integers(7, 182)),
        draw(st.sampled_from([one.id for one in options.products])),
        draw(st.none() | st.floats(0, 385)),
        FrozenMapping({name: draw(st.booleans()) for name in asked}),
        draw(st.sampled_from(SHAPES)), draw(st.sampled_from(MEMORIES)), potency,
        draw(st.none() | st.floats(0, 1)) if potency == "posterior" else None,
        draw(st.integers(4, 104)), draw(st.integers(20, 400)), draw(st.integers(0, 2**31 - 1)),
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(places())
def test_a_link_leads_back_to_its_place(place):
    link = permalink(place)
    assert parse_link(link) == place
    assert parse_link(f"http://127.0.0.1:8420/explore?{link}") == place
    assert permalink(parse_link(link)) == link
    assert " " not in link
    assert "+" not in link


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=120) | st.text(alphabet="disease=ra&route,iv%3Ddose+-/kg1e9\x00", max_size=60)
)
def test_any_text_is_a_place_or_told_in_lines(text):
    told = ""
    try:
        assert isinstance(parse_link(text), ExploreState)
    except InputError as error:
        told = str(error)
    assert all(len(line) < 600 for line in told.splitlines())


@pytest.mark.parametrize("disease", disease_ids())
def test_the_default_of_a_disease_is_the_arm_that_its_demo_trial_is_about(disease):
    place = default_state(disease)
    assert parse_link(disease) == place
    assert parse_link(permalink(place)) == place
    assert place.potency == "posterior"
    assert place.null_weight is None


def arm(*days, dose_cell=7e7, more=()):
    one = Intervention("c", product="uc_msc_reference", dose_cell=dose_cell, route="iv", days=days)
    return Arm("a", "A", interventions=(one, *more))


def test_an_arm_of_regular_doses_is_a_place():
    found = _of_arm("ra", arm(0, 28, 56))
    assert (found.times, found.every_day, found.doses) == (3, 28, (7e7,))


@pytest.mark.parametrize(
    "other",
    [
        arm(0, 28, 84), arm(7, 35), arm(0, 3), arm(0, 400), arm(*range(0, 28 * 13, 28)),
        arm(0, 28.5), arm(0, 28, more=arm(0, 30).interventions), Arm("a", "A"),
        arm(0, 28, more=(Intervention("k", product="uc_msc_reference", dose_cell_per_kg=1e6,
                                      route="local", days=(0, 28)),)),
    ],
)  # fmt: skip
def test_an_arm_that_no_controls_reach_is_no_place(other):
    assert _of_arm("ra", other) is None


def test_a_default_is_not_written_and_what_follows_the_library_is():
    assert permalink(default_state("ra")) == "disease=ra&route=iv&dose=1e6/kg&times=4&every=28"
    other = replace(default_state("sle"), traits=FrozenMapping({"nephritis": True}), weeks=26)
    assert permalink(other).endswith("&weeks=26&nephritis=yes")


@pytest.mark.parametrize(
    ("link", "line"),
    [
        ("raa", "disease: unknown disease 'raa'; expected one of"),
        ("../ra", "disease: unknown disease '../ra'"),
        ("disease=/tmp", "disease: unknown disease '/tmp'"),
        ("route=iv", "disease: no disease is given"),
        ("disease=ra&rout=iv", "did you mean 'route'?"),
        ("disease=ra&route=ivv", "route: unknown route 'ivv'; expected one of iv, local"),
        ("disease=ra&route=iv,iv&dose=7e7,7e7", "route: a route stands twice"),
        ("disease=ra&route=iv,local&dose=7e7", "dose: 1 doses for 2 routes"),
        ("disease=ra&dose=1e3", "dose: 1000 is out of range; expected 1e+06 to 1e+09 cells"),
        ("disease=ra&dose=1e99/kg", "dose: 1e+99 is out of range"),
        ("disease=ra&dose=nan", "dose: 'nan' is no number"),
        ("disease=ra&dose=1e999", "dose: '1e999' is no number"),
        ("disease=ra&dose=-5e7", "dose: '-5e7' is no number"),
        ("disease=ra&times=0", "times: 0 is out of range; expected 1 to 12 doses"),
        ("disease=ra&times=2.5", "times: '2.5' is no number; expected a whole number"),
        ("disease=ra&hold=400", "hold: 400 is out of range; expected 0 to 385"),
        ("disease=ra&weeks=900", "weeks: 900 is out of range; expected 4 to 104 weeks"),
        ("disease=ra&patients=1000000", "patients: 1e+06 is out of range"),
        ("disease=ra&shape=bell", "shape: unknown shape 'bell'"),
        ("disease=ra&product=uc_msc_ref", "did you mean 'uc_msc_reference'?"),
        ("disease=ra&potency=none&null=0.5", "null: a share of draws without effect"),
        ("disease=ra&female=maybe", "female: 'maybe' is no answer; expected yes, no or any"),
        ("disease=ra&nephritis=yes", "link: unknown key 'nephritis'"),
        ("disease=ra&seed=1&seed=2", "seed: it stands twice"),
        ("disease=ra&" + "x" * 2000, "link: it is too long"),
    ],
)
def test_a_wrong_link_is_told_in_one_line(link, line):
    with pytest.raises(InputError) as refused:
        parse_link(link)
    assert line in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
