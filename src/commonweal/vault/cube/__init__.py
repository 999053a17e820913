"""The monthly cube of feasibility counts (S5): counted, perturbed, frozen and signed.

It is counted of everybody whose choices let them be in, under a standing permit, and answers in
bands only. Its exact counts stay here, sealed, for the audit.
"""
