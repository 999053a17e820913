"""Answers cases with statsmodels. Runs in the environment of studies, apart from the product.

    python -m tests.airlock_oracle.cases > cases.json
    .venv-study/bin/python tests/airlock_oracle/statsmodels_answers.py < cases.json > answers.json

It imports nothing of the product and makes its designs in its own way, with pandas.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight, survdiff


def design(frame: pd.DataFrame, asked: dict[str, Any]) -> pd.DataFrame:
    """The columns of the model, by pandas."""
    parts: dict[str, pd.DataFrame] = {}
    for term in asked["terms"]:
        name = term["column"]["name"]
        if term["as"] == "number":
            parts[name] = pd.DataFrame({name: frame[name].astype(float)})
        else:
            dummies = pd.get_dummies(frame[name]).astype(float)
            left_out = term.get("reference", min(dummies.columns))
            dummies = dummies.drop(columns=[left_out])
            parts[name] = dummies.rename(columns=lambda one, name=name: f"{name} = {one}")
    made = list(parts.values())
    for crossed in asked.get("interactions", []):
        first, second = (parts[crossed[side]["name"]] for side in ("first", "second"))
        made.append(
            pd.DataFrame(
                {f"{a} x {b}": first[a] * second[b] for a in first.columns for b in second.columns}
            )
        )
    if asked["family"] != "cox":
        made.insert(0, pd.DataFrame({"intercept": np.ones(len(frame))}, index=frame.index))
    return pd.concat(made, axis=1)


def regression(frame: pd.DataFrame, asked: dict[str, Any], person: str) -> dict[str, Any]:
    family, outcome = asked["family"], asked["outcome"]["name"]
    names = [outcome, *(term["column"]["name"] for term in asked["terms"])]
    frame = frame.dropna(subset=names)
    columns = design(frame, asked)
    y = frame[outcome].astype(float)
    groups = pd.factorize(frame[person])[0]
    several = len(set(groups)) < len(groups)
    how = {"cov_type": "cluster", "cov_kwds": {"groups": groups}} if several else {}
    told: dict[str, Any] = {}
    if family == "linear":
        fit = sm.OLS(y, columns).fit(**how)
        told = {"spread": float(np.sqrt(fit.scale)), "explained": float(fit.rsquared)}
        told["leverage"] = float(fit.get_influence().hat_matrix_diag.max())
    elif family == "cox":
        status = frame[asked["event"]["name"]].astype(int)
        fit = PHReg(y, columns, status=status, ties="efron").fit(
            method="newton", tol=1e-13, maxiter=200
        )
    else:
        kind = sm.families.Binomial() if family == "logistic" else sm.families.Poisson()
        fit = sm.GLM(y, columns, family=kind).fit(tol=1e-14, maxiter=200, **how)
    return told | {
        "names": list(columns.columns),
        "values": [float(one) for one in np.asarray(fit.params)],
        "errors": [float(one) for one in np.asarray(fit.bse)],
        "p": None if several else [float(one) for one in np.asarray(fit.pvalues)],
        "rows": len(frame),
        "people": int(frame[person].nunique()),
    }


def survival(frame: pd.DataFrame, asked: dict[str, Any]) -> dict[str, Any]:
    time = frame[asked["time"]["name"]].astype(float)
    status = frame[asked["event"]["name"]].astype(int)
    labels = []
    for grouping in asked.get("by", []):
        column = frame[grouping["column"]["name"]]
        if "bands" in grouping:
            edges = [-np.inf, *grouping["bands"], np.inf]
            column = pd.cut(column, edges, right=False, labels=False)
        labels.append(column.astype(str))
    group = labels[0] if labels else pd.Series(["all"] * len(frame), index=frame.index)
    for more in labels[1:]:
        group = group + "|" + more
    curves = {}
    for name in sorted(group.unique()):
        mine = group == name
        fit = SurvfuncRight(time[mine], status[mine])
        curves[name] = {
            "times": [float(one) for one in fit.surv_times],
            "survival": [float(one) for one in fit.surv_prob],
            "error": [float(one) for one in fit.surv_prob_se],
            "at_risk": [int(one) for one in fit.n_risk],
        }
    told: dict[str, Any] = {"curves": curves, "test": None}
    if len(curves) > 1:
        statistic, p = survdiff(time, status, group)
        told["test"] = {"statistic": float(statistic), "p": float(p)}
    return told


def correlation(frame: pd.DataFrame, asked: dict[str, Any]) -> dict[str, Any]:
    names = [one["name"] for one in asked["of"]]
    told = []
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            found = stats.pearsonr(frame[one].astype(float), frame[other].astype(float))
            told.append({"r": float(found.statistic), "p": float(found.pvalue)})
    return {"pairs": told}


def answer(case: dict[str, Any]) -> dict[str, Any]:
    frame, asked = pd.DataFrame(case["rows"]), case["asked"]
    if asked["kind"] == "regression":
        return regression(frame, asked, case["person"])
    return (survival if asked["kind"] == "survival" else correlation)(frame, asked)


if __name__ == "__main__":
    answers = {case["name"]: answer(case) for case in json.load(sys.stdin)}
    json.dump(answers, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
