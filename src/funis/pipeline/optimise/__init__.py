"""Dose and schedule search: many regimens in the same patients, and whether one is best.

protocol + options -> candidates -> a bank under every dose shape and potency -> front -> optimum
"""

from funis.pipeline.optimise.search import SearchResult, optimise_trial

__all__ = ["SearchResult", "optimise_trial"]
