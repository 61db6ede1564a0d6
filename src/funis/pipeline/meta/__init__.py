"""``funis evidence meta``: published studies of stromal cells, pooled stratum by stratum."""

from funis.pipeline.meta.run import choices, meta_analysis

__all__ = ["choices", "meta_analysis"]
