"""What is written down at a visit: each layer by itself, against its formula."""

from dataclasses import replace

import numpy as np
import pytest

from funis.models.endpoints import from_scale, to_scale
from funis.population import normal, site_effect
from funis.trial import observables, observe
from funis.trial.observe import Observers, observers

DAY = 1440
WHO = Observers(
    9, np.arange(4000), np.zeros(4000, np.int64), np.full(4000, 1.5), np.full(4000, 2.0),
    np.full(4000, 42.0),
)  # fmt: skip


def bare(ra, **layers):
    """The disease with all layers of its components switched off but those given."""
    off = {"noise_sd": 0.0, "expectation": 0.0, "inflation": 0.0, "rounding": None} | layers
    components = tuple(replace(c, **off) for c in ra.endpoints.components)
    return replace(ra, endpoints=replace(ra.endpoints, components=components))


def truth(ra, n=4000):
    middle = {}
    for component in ra.endpoints.components:
        low, high = component.low, component.high
        middle[component.observable] = np.full(n, (low + 0.4 * (high - low)) / component.gain)
    return middle | {item.observable: np.full(n, 1.25) for item in ra.endpoints.structural}


def scaled(ra, seen, name):
    component = ra.endpoints.number(name)
    return to_scale(component, seen[name])


def test_without_layers_the_truth_is_written_down(ra):
    seen = observe(bare(ra), WHO, truth(ra), 28 * DAY, entry=False)
    for component in ra.endpoints.components:
        wanted = component.gain * truth(ra)[component.observable]
        np.testing.assert_allclose(seen[component.id], wanted, rtol=1e-9)
    assert set(observables(ra)) == set(truth(ra))


def test_structural_endpoints_are_the_truth(ra):
    seen = observe(ra, WHO, truth(ra), 28 * DAY, entry=False)
    assert all(np.all(seen[item.id] == 1.25) for item in ra.endpoints.structural)


@pytest.mark.parametrize("day", [0, 7, 42, 168])
def test_expectation_saturates_with_its_time_and_does_not_decay(ra, day):
    seen = observe(bare(ra, expectation=0.3), WHO, truth(ra), day * DAY, entry=False)
    plain = observe(bare(ra), WHO, truth(ra), day * DAY, entry=False)
    for component in ra.endpoints.components:
        shift = scaled(ra, seen, component.id) - scaled(ra, plain, component.id)
        np.testing.assert_allclose(shift, -0.3 * 1.5 * (1 - np.exp(-day / 42)), atol=1e-9)


def test_nobody_expects_before_the_first_dose(ra):
    seen = observe(bare(ra, expectation=0.3), WHO, truth(ra), -14 * DAY, entry=True)
    plain = observe(bare(ra), WHO, truth(ra), -14 * DAY, entry=True)
    assert all(np.array_equal(seen[name], plain[name]) for name in seen)


def test_scores_are_inflated_at_entry_alone(ra):
    model = bare(ra, inflation=0.2)
    plain = observe(bare(ra), WHO, truth(ra), 0, entry=True)
    entry = observe(model, WHO, truth(ra), 0, entry=True)
    later = observe(model, WHO, truth(ra), 28 * DAY, entry=False)
    for component in ra.endpoints.components:
        shift = scaled(ra, entry, component.id) - scaled(ra, plain, component.id)
        np.testing.assert_allclose(shift, 0.4, atol=1e-9)
        assert np.array_equal(later[component.id], plain[component.id])


def noise(ra, name, minute=28 * DAY, share=0.4, who=WHO):
    model = bare(ra, noise_sd=0.5, shared_noise=share)
    seen = observe(model, who, truth(ra, len(who.patient)), minute, entry=False)
    plain = observe(bare(ra), who, truth(ra, len(who.patient)), minute, entry=False)
    return (scaled(ra, seen, name) - scaled(ra, plain, name)) / 0.5


def test_noise_is_standard_and_partly_common_to_a_visit(ra):
    pain, patient, later = (
        noise(ra, "pain_vas"), noise(ra, "ptga"), noise(ra, "pain_vas", minute=56 * DAY),
    )  # fmt: skip
    assert abs(pain.mean()) < 0.06
    assert abs(pain.std() - 1) < 0.06
    assert abs(np.corrcoef(pain, patient)[0, 1] - 0.4) < 0.06
    assert abs(np.corrcoef(pain, later)[0, 1]) < 0.06


def test_components_of_one_latent_share_their_noise(ra):
    joints = {c.id: c.latent_of for c in ra.endpoints.components if c.latent_of}
    assert joints
    for name, leader in joints.items():
        np.testing.assert_allclose(noise(ra, name), noise(ra, leader), atol=1e-9)


def test_noise_is_keyed_by_patient_visit_and_attempt(ra):
    some = WHO.rows(np.array([7, 3]))
    assert np.array_equal(noise(ra, "crp", who=some), noise(ra, "crp")[[7, 3]])
    other = replace(WHO, attempt=WHO.attempt + 1)
    assert abs(np.corrcoef(noise(ra, "crp"), noise(ra, "crp", who=other))[0, 1]) < 0.06
    again = replace(WHO, seed=10)
    assert abs(np.corrcoef(noise(ra, "crp"), noise(ra, "crp", who=again))[0, 1]) < 0.06


def test_what_is_written_down_is_rounded_and_within_its_range(ra):
    wild = replace(WHO, expectation=np.full(4000, -40.0))
    for who in (WHO, wild):
        seen = observe(ra, who, truth(ra), 28 * DAY, entry=False)
        for component in ra.endpoints.components:
            values = seen[component.id]
            assert values.min() >= component.low
            assert values.max() <= component.high
            if component.rounding is not None:
                steps = values / component.rounding
                inside = (values > component.low) & (values < component.high)
                np.testing.assert_allclose(steps[inside], np.round(steps[inside]), atol=1e-6)


def test_who_was_not_solved_is_not_seen(ra):
    unknown = {
        name: np.where(np.arange(4000) == 5, np.nan, value) for name, value in truth(ra).items()
    }
    seen = observe(ra, WHO, unknown, 28 * DAY, entry=False)
    for values in seen.values():
        assert np.isnan(values[5])
        assert np.all(np.isfinite(np.delete(values, 5)))


def test_a_site_shares_its_expectation(ra):
    site = np.repeat(np.arange(50), 4)
    values = {"expectation": np.ones(200), "expectation_site": np.full(200, 0.5),
              "inflation": np.ones(200), "expectation_time": np.full(200, 42.0)}  # fmt: skip
    found = observers(3, np.arange(200), np.zeros(200, np.int64), site, values).expectation
    assert np.all(found.reshape(50, 4) == found.reshape(50, 4)[:, :1])
    assert len(np.unique(found)) > 30
    luck = site_effect(3, site, "expectation")
    assert np.all(np.diff(found[np.argsort(luck, kind="stable")]) >= -1e-12)
    assert np.all(found >= 0)
    quiet = observers(3, np.arange(200), np.zeros(200, np.int64), site,
                      values | {"expectation_site": np.zeros(200)})  # fmt: skip
    assert np.all(quiet.expectation == 1)


def test_noise_is_the_keyed_stream(ra):
    """Part of the contract: the key holds visit minute, component and attempt."""
    apart = noise(ra, "esr", share=0.0)
    wanted = normal(9, "noise", np.arange(4000), 28 * DAY, "esr", np.zeros(4000, np.int64))
    inside = np.abs(wanted) < 1.5  # beyond, the range of what can be written down cuts in
    np.testing.assert_allclose(apart[inside], wanted[inside], atol=1e-6)


def test_scales_go_there_and_back(ra):
    for component in ra.endpoints.components:
        plain = replace(component, rounding=None)
        inside = np.linspace(component.low + 0.1, component.high - 0.1, 9)
        np.testing.assert_allclose(from_scale(plain, to_scale(plain, inside)), inside, rtol=1e-2)
