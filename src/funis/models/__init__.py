"""Disease models: equations in Antimony, parameters with sources, endpoints; SBML out."""

from funis.models.check import check_model
from funis.models.endpoints import Endpoints
from funis.models.form import OdeForm
from funis.models.model import (
    Input,
    Model,
    Parameter,
    disease_ids,
    find_disease,
    library_folder,
    load_model,
)

__all__ = [
    "Endpoints",
    "Input",
    "Model",
    "OdeForm",
    "Parameter",
    "check_model",
    "disease_ids",
    "find_disease",
    "library_folder",
    "load_model",
]
