"""`funis plan`: from the consultation of a virtual patient to everything that its plan holds."""

from funis.pipeline.planning.assemble import Asked, plan_consultation

__all__ = ["Asked", "plan_consultation"]
