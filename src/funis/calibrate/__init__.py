"""Parameters from data: reconstruction of studies, points, posteriors, ensembles, validation."""
