"""The register of claims about UC-MSC therapy, each judged by the evidence and by the model.

It will read ``library/claims.yaml`` and give each claim what the pooled studies say (with study
type and number of randomised patients), what virtual trials say (with an interval, and again at
potency 0), a verdict (supported, uncertain, contradicted, not testable) and the datum that could
refute it.

It does none of this yet: there is no register, and no verdict is given anywhere in funis.
"""
