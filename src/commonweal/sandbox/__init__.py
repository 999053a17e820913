"""Sandbox: where code and files that nobody here wrote are run and read.

bubblewrap, a filter of system calls, limits, and collecting what a hostile run left. Used for jobs
and for parsing anything foreign. Fails closed: without a guard that is needed nothing is started.
Other rooms come in by `Sandbox`, describe runs by `orders` and take outputs by `collecting`.
"""
