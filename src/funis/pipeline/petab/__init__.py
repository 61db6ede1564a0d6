"""The calibration problem of a disease in PEtab, as far as PEtab can say it."""

from funis.pipeline.petab.problem import PetabProblem, petab_problem
from funis.pipeline.petab.write import lint, write_problem

__all__ = ["PetabProblem", "lint", "petab_problem", "write_problem"]
