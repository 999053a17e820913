"""Governance: the rules by which people decide, from an application to a permit.

State machines, forms, committee rules, clocks, agreement and the compiling of a decision into a
permit, all as pure functions over frozen data: no database, no page, no clock of its own.
The web carries what people do here (S11); these rules say whether it may be done.
"""
