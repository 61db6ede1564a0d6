"""Any SBML Level 3 core model of ordinary differential equations with events."""

from funis.models.sbml.form import ode_form
from funis.models.sbml.read import read_sbml
from funis.models.sbml.start import check_start, start_values
from funis.models.sbml.values import Quantity, RefusedError, SbmlEvent, SbmlModel

__all__ = [
    "Quantity",
    "RefusedError",
    "SbmlEvent",
    "SbmlModel",
    "check_start",
    "ode_form",
    "read_sbml",
    "start_values",
]
