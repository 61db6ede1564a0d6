"""The credibility page of a disease: what was tested, what failed, what it may be used for."""

from funis.pipeline.credibility.assemble import credibility
from funis.pipeline.credibility.page import credibility_document, credibility_page

__all__ = ["credibility", "credibility_document", "credibility_page"]
