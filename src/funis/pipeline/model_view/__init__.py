"""The model of a disease as a reader sees it: diagram, equations, parameters, what they rest on."""

from funis.pipeline.model_view.view import ModelView, library_view, model_view
from funis.pipeline.model_view.why import Why, why_parameter

__all__ = ["ModelView", "Why", "library_view", "model_view", "why_parameter"]
