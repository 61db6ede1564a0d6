"""One SBML model as it stands, jumps and events included, with SciPy."""

from funis.solver.scalar.course import integrate_checked, integrate_sbml

__all__ = ["integrate_checked", "integrate_sbml"]
