"""No cell is lost, none appears: live, apoptotic, lysed and engulfed add up to what was given."""

import numpy as np
import pytest

from funis.solver import FAILED, simulate
from funis.solver.segments import CELL_FLOOR

DAY = 1440
TIMES = np.concatenate([[0], np.arange(1, 53) * 3 * DAY + 100])
TREATED = ("once", "four monthly", "anti-TNF and cells")


def total_error(ra, who, doses, given, **more):
    found = simulate(
        ra, who.table, doses, TIMES, forcing=who.forcing, outputs=("cells_total",),
        **more,
    )  # fmt: skip
    assert not np.any(found.status == FAILED)
    infused = given(doses, len(who), TIMES)[:, 1:]
    return np.abs(found.values[:, 1:, 0] / infused - 1).max()


@pytest.mark.parametrize("name", TREATED)
@pytest.mark.parametrize("rtol", [1e-4, 1e-5, 1e-8])
def test_the_sum_of_cells_holds_at_any_tolerance(ra, patients, regimen, given, name, rtol):
    who = patients(20, 600)
    error = total_error(ra, who, regimen(name, who), given, rtol=rtol)
    print(f"{name}, rtol {rtol:g}: {error:.1e}")
    assert error <= 1e-8


@pytest.mark.parametrize("engine", ["lsoda", "radau"])
def test_engines_with_the_exact_jacobian_keep_it_by_themselves(
    ra, patients, regimen, given, engine
):
    who = patients(2, 600)
    doses = regimen("four monthly", who)
    assert total_error(ra, who, doses, given, engine=engine) <= 1e-12


def test_the_full_form_keeps_it_too(ra, patients, regimen, given):
    who = patients(4, 600)
    assert total_error(ra, who, regimen("once", who), given, full=True) <= 1e-8


@pytest.mark.parametrize("name", TREATED)
def test_no_count_of_cells_is_negative(ra, patients, regimen, name):
    who = patients(20, 700)
    doses = regimen(name, who)
    found = simulate(ra, who.table, doses, TIMES, forcing=who.forcing, outputs=ra.cell_states)
    assert found.values.min() >= 0
    cells = [ra.form.states.index(state) for state in ra.cell_states]
    assert found.end[:, cells].min() > -10 * CELL_FLOOR  # what the solver itself left


def test_every_conserved_cell_is_in_the_sum(ra):
    """The states that reactions pass on to each other are the ones that `cells_total` adds up."""
    (group,) = ra.form.conserved
    members = [ra.form.states[index] for index in group]
    state = np.zeros((len(members), len(ra.form.states)))
    state[np.arange(len(members)), list(group)] = 1.0
    fixed = np.ones((len(members), len(ra.form.fixed_names)))
    assert np.all(ra.form.observe(("cells_total",), state, fixed) == 1)
    others = [name for name in ra.cell_states if name not in members]
    assert others == ["LM_lu", "LM_ls", "LM_ti"]
