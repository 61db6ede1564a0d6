"""Operating characteristics of a trial: power, assurance, type I error, and each of its replicates.

protocol + model -> a bank of patients -> replicates -> decisions -> operating characteristics
"""

from funis.pipeline.design.run import DesignResult, checked_design, design_trial

__all__ = ["DesignResult", "checked_design", "design_trial"]
