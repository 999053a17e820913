"""Makes models as researchers do, with the packages of a study's environment.

`models_made.py FOLDER`: reads rows.npz (X, y: float32 features and 0 or 1) and leaves one ONNX file
for each model. Run by the Python of `.venv-study`, which has scikit-learn and skl2onnx.
"""

import sys
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

MODELS = {
    "logistic": lambda: LogisticRegression(max_iter=2000, C=0.1),
    "pruned": lambda: DecisionTreeClassifier(max_depth=3, min_samples_leaf=60, random_state=1),
    "memory": lambda: DecisionTreeClassifier(random_state=1),
    "forest": lambda: RandomForestClassifier(25, bootstrap=False, random_state=1),
    "calm": lambda: RandomForestClassifier(10, max_depth=3, min_samples_leaf=60, random_state=1),
    "svm": lambda: SVC(random_state=1),
    "scaled_svm": lambda: make_pipeline(StandardScaler(), SVC(random_state=1)),
    "knn": lambda: KNeighborsClassifier(3),
    "scaled_knn": lambda: make_pipeline(StandardScaler(), KNeighborsClassifier(3)),
    "net": lambda: make_pipeline(
        StandardScaler(), MLPClassifier((4,), max_iter=300, random_state=1)
    ),
}


def main(folder: Path) -> None:
    rows = np.load(folder / "rows.npz")
    for name, make in MODELS.items():
        model = make().fit(rows["X"], rows["y"])
        options = {} if name == "forest" else {"zipmap": False}
        made = to_onnx(model, rows["X"][:1], options=options or None)
        (folder / f"{name}.onnx").write_bytes(made.SerializeToString())
        if hasattr(model, "predict_proba"):
            np.save(folder / f"{name}.npy", model.predict_proba(rows["X"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
