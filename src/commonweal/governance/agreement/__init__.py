"""Agreements: the framework contract of an organisation, and the agreement of each project.

Made from a version and the decision about it, of clauses that are data with versions; the
custodian's own teams sign internal terms. Signing itself is a signed act (`papers/acts`).
"""
