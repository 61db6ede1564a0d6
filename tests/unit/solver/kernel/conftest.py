"""Small models from formulas, and compiled functions called through ctypes."""

import ctypes
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from funis.models import OdeForm
from funis.models.formula import symbolic
from funis.models.graph import Graph
from funis.solver.kernel.batch import Batch
from funis.solver.kernel.machine import Library
from funis.solver.kernel.timetable import timetable
from funis.solver.segments import Floor, Gains
from funis.solver.values import DoseRows

NOBODY = np.array([], dtype=np.int64)
NO_FLOOR = Floor(NOBODY, NOBODY, None)
NO_DOSES = DoseRows(NOBODY, NOBODY, np.array([], dtype=object), np.array([]), NOBODY)


def parsed(graph: Graph, formula: str | float) -> int:
    import libsbml

    settings = libsbml.L3ParserSettings()
    settings.setParseL3v2Functions(True)
    tree = libsbml.parseL3FormulaWithSettings(str(formula), settings)
    assert tree is not None, libsbml.getLastParseL3Error()
    return symbolic(graph, tree)


@pytest.fixture(scope="session")
def ode() -> Callable[..., OdeForm]:
    """Build a form from formulas: rates by state, start by state, parameters, assignments."""

    def build(
        rates: Mapping[str, str],
        start: Mapping[str, str | float] | None = None,
        parameters: Mapping[str, float] | None = None,
        assignments: Mapping[str, str] | None = None,
        forcing: tuple[str, ...] = (),
        exact: bool = False,
    ) -> OdeForm:
        graph, parameters = Graph(exact), parameters or {}
        return OdeForm(
            graph, tuple(rates), tuple(parameters), tuple(parameters.values()), (),
            tuple((name, parsed(graph, text)) for name, text in (assignments or {}).items()),
            tuple(parsed(graph, text) for text in rates.values()),
            tuple(parsed(graph, (start or {}).get(name, 0.0)) for name in rates),
            (), forcing,
        )  # fmt: skip

    return build


@pytest.fixture(scope="session")
def batch_of() -> Callable[..., Batch]:
    """Build a batch without doses of a form: one row of parameters a patient."""

    def build(form, fixed, minutes, rtol=1e-6, forcing=None, start=None) -> Batch:
        fixed = np.asarray(fixed, dtype=np.float64)
        minutes = np.asarray(minutes, dtype=np.int64)
        begin = form.start(fixed) if start is None else start
        plan = timetable(NO_DOSES, Gains({}), {}, fixed, int(minutes[0]), int(minutes[-1]))
        wanted = np.arange(len(form.states))
        return Batch(begin, fixed, plan, minutes, wanted, forcing, NO_FLOOR, rtol)

    return build


@pytest.fixture(scope="session")
def room() -> Callable[..., np.ndarray]:
    """Return rows of W doubles, aligned for every width."""

    def build(rows: int, width: int) -> np.ndarray:
        whole = np.zeros(rows * width + 8)
        first = -whole.ctypes.data % 64 // 8
        return whole[first : first + rows * width].reshape(rows, width)

    return build


@pytest.fixture(scope="session")
def call() -> Callable[..., None]:
    """Call a compiled function with arrays, whole numbers and nothing else."""

    def run(library: Library, name: str, *given: np.ndarray | int) -> None:
        kinds = [ctypes.c_void_p if isinstance(one, np.ndarray) else ctypes.c_int64
                 for one in given]  # fmt: skip
        values = [one.ctypes.data if isinstance(one, np.ndarray) else one for one in given]
        ctypes.CFUNCTYPE(None, *kinds)(library.address(name))(*values)

    return run
