"""Analyses: regressions, survival curves and correlations, fitted by the airlock itself (S1).

Nothing that a job computed is read: models are fitted anew from the release, and with the figures
comes the evidence by which `commonweal.airlock.rules` judges them.
"""

from commonweal.airlock.analysis.results import Correlations, Model, Result, Survival
from commonweal.airlock.analysis.running import analyse

__all__ = ["Correlations", "Model", "Result", "Survival", "analyse"]
