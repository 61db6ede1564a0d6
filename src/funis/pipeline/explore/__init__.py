"""`funis explore`: a regimen in virtual patients beside their twins, quick enough for a slider."""

from funis.pipeline.explore.answer import ExploreView, explore
from funis.pipeline.explore.link import parse_link, permalink
from funis.pipeline.explore.options import Options, explore_options
from funis.pipeline.explore.parameters import why_rows
from funis.pipeline.explore.prepare import Prepared, prepare
from funis.pipeline.explore.protocol import explore_protocol
from funis.pipeline.explore.state import ExploreState, default_state

__all__ = [
    "ExploreState",
    "ExploreView",
    "Options",
    "Prepared",
    "default_state",
    "explore",
    "explore_options",
    "explore_protocol",
    "parse_link",
    "permalink",
    "prepare",
    "why_rows",
]
