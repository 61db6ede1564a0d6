"""From a protocol and a virtual patient to a course of treatment on paper.

It will lead from the consultation form over the eligibility for one protocol (meets, does not
meet, cannot tell; each with value, rule and source) and the preparation worksheet to the calendar
in relative days and the predicted course beside the untreated twin. It will never say whether to
treat, and never take a real patient's name, number or address.

It does none of this yet.
"""
