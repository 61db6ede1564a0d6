"""Endpoints of a disease: measured components, and the scores and responses computed from them.

``endpoints.yaml`` declares components (an observable of the model seen through the observation
layers), scores and responder rules in the expression language, ordered categories, structural
accumulators, and the names that published outcomes bear. A score is never a state of the model.
"""

from funis.models.endpoint_file import load_endpoints
from funis.models.endpoint_values import (
    Category,
    Component,
    Endpoints,
    EvidenceName,
    NotTestable,
    Responder,
    Score,
    Structural,
)
from funis.models.scoring import (
    depends_on_visits,
    evaluate_endpoints,
    from_scale,
    needed_components,
    to_scale,
)
from funis.models.visit_rows import VisitRows

__all__ = [
    "Category",
    "Component",
    "Endpoints",
    "EvidenceName",
    "NotTestable",
    "Responder",
    "Score",
    "Structural",
    "VisitRows",
    "depends_on_visits",
    "evaluate_endpoints",
    "from_scale",
    "load_endpoints",
    "needed_components",
    "to_scale",
]
