"""Requests become figures and evidence, made from the release and never from what a job says."""
