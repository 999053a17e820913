"""Clocks: working days in England, service levels, deadlines that wait for the applicant, medians.

Nothing here knows the present: times come in as arguments. Days are days in London.
"""
