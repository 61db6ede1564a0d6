"""A trial as a document of the CDISC Unified Study Definitions Model (USDM)."""

from funis.pipeline.export.usdm.document import REMARKS, USDM_VERSION, usdm_document

__all__ = ["REMARKS", "USDM_VERSION", "usdm_document"]
