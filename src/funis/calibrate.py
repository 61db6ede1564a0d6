"""Parameters from data: fits, posterior ensembles, identifiability and validation.

It will fit the ``calibrated`` parameters of a disease to its evidence, and write ensembles of
draws that ``population`` reads.

It does none of this yet: every parameter marked ``calibrated (by hand)`` was set by hand, so no
interval that funis prints covers the uncertainty of those parameters.
"""
