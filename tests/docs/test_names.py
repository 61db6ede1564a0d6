"""Every public name, used as it is documented."""

import inspect

import numpy as np
import pytest

import funis
from funis.models import library_folder

TRIALS = library_folder() / "trials"


@pytest.fixture(scope="module")
def steps():
    """The steps of the straight line by their public names."""
    protocol = funis.load_protocol(TRIALS / "ra_two_arm.yaml")
    model = funis.load_model("ra")
    product = funis.load_product(library_folder() / "products" / "uc_msc_reference.yaml")
    return protocol, model, {product.id: product}


@pytest.mark.parametrize("name", sorted(set(funis.__all__) - {"__version__"}))
def test_every_public_name_is_documented(name):
    assert inspect.getdoc(getattr(funis, name))


def test_what_is_public_is_what_is_promised():
    assert set(funis.__all__) == {
        "InputError", "Study", "__version__", "build_pool", "check", "conduct", "draw", "estimate",
        "load_evidence", "load_model", "load_product", "load_protocol", "run_trial", "simulate",
        "simulate_cohort",
    }  # fmt: skip


def test_the_steps_make_a_trial(steps):
    protocol, model, products = steps
    assert not funis.check(protocol, model, products)
    pool = funis.build_pool(model, 60, 1)
    study = funis.Study(protocol, model, pool, products, 4, 7)
    data = funis.conduct(study)
    results = funis.estimate(protocol, data, model.endpoints)
    assert results.n == {"placebo": 4, "msc": 4}
    assert 0 <= results.estimate("msc", "ACR20@12").estimate <= 1


def test_equations_are_solved_for_raw_draws(steps):
    from funis.protocol import no_doses
    from funis.solver import ParameterTable

    _, model, _ = steps
    draws = funis.draw(model, 3, 1)
    table = ParameterTable(draws.names, draws.values)
    found = funis.simulate(
        model, table, no_doses(), np.array([0, 10080]), outputs=("DAS28_CRP_true",)
    )
    assert found.values.shape == (3, 2, 1)
    np.testing.assert_allclose(found.values[:, 0], found.values[:, 1], atol=1e-3)


def test_evidence_is_read():
    assert funis.load_evidence("ra").study("he2020_ra").randomised


def test_a_mistake_is_an_input_error():
    with pytest.raises(funis.InputError, match="unknown disease 'rb'; expected one of as, cd, ms"):
        funis.load_model("rb")
    assert issubclass(funis.InputError, ValueError)


def test_a_run_and_a_cohort_are_one_call_each():
    run = inspect.signature(funis.run_trial).parameters
    assert list(run)[:5] == ["name_or_path", "patients", "seed", "workers", "out"]
    cohort = inspect.signature(funis.simulate_cohort).parameters
    assert list(cohort)[:3] == ["disease", "doses", "weeks"]


def test_the_version_is_that_of_the_project():
    import tomllib

    root = TRIALS.parents[3]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert funis.__version__ == project["version"]
