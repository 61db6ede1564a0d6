"""Adverse events: their hazards from dose, route, product and patient.

It will draw events with their CTCAE grades from hazards pooled over the evidence, rare serious
events included, with sensitisation by repeated doses.

It does none of this yet: virtual trials record no adverse events, and a report that shows none
must not be read as safety.
"""
