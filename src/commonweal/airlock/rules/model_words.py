"""What each rule of models is called and says: a part of the closed table of `findings.py`.

Each is (code, what it says to a reviewer about `{value}` and `{limit}`).
"""

from __future__ import annotations

MODEL_WORDS: dict[str, tuple[str, str]] = {
    "model-permit": ("CW-MODEL-PERMIT", "The project's permit lets no model leave."),
    "model-kind": ("CW-MODEL-KIND", "This is not ONNX, safetensors or coefficients in JSON."),
    "model-file": ("CW-MODEL-FILE", "The model cannot be read as what it is."),
    "model-large": ("CW-MODEL-LARGE", "The model is larger than what can be looked at."),
    "model-external": ("CW-MODEL-EXTERNAL", "The model takes values from another file."),
    "model-operator": ("CW-MODEL-OPERATOR", "The model has operators that are not known here."),
    "model-hidden": ("CW-MODEL-HIDDEN", "The file has parts that no reader of models shows."),
    "model-instance": ("CW-MODEL-INSTANCE", "The model keeps examples of its training data."),
    "model-length": (
        "CW-MODEL-LENGTH",
        "An array has one entry for each of the {value} rows or people.",
    ),
    "model-rows": ("CW-MODEL-ROWS", "{value} rows of the training data stand in the model."),
    "model-code": (
        "CW-MODEL-CODE",
        "A text of the model names people of the release, or numbers that are identifiers.",
    ),
    "model-text": ("CW-MODEL-TEXT", "The model holds text that nothing of it needs."),
    "model-value": (
        "CW-MODEL-VALUE",
        "The model names a value that {value} people have; the least is {limit}.",
    ),
    "model-leaf": (
        "CW-MODEL-LEAF",
        "The smallest leaf is of {value} people; the least is {limit}.",
    ),
    "model-leaf-nobody": ("CW-MODEL-LEAF-NOBODY", "{value} leaves are of no row of the release."),
    "model-pure": ("CW-MODEL-PURE", "{value} leaves are of people who all have one outcome."),
    "model-freedom": (
        "CW-MODEL-FREEDOM",
        "People less parameters are {value}; the least is {limit}.",
    ),
    "model-dummy": (
        "CW-MODEL-DUMMY",
        "A coefficient is of {value} people alone; the least is {limit}.",
    ),
    "model-attack": (
        "CW-MODEL-ATTACK",
        "An attack tells who was trained on: {value:.3f}; the limit is {limit}.",
    ),
    "model-tail": (
        "CW-MODEL-TAIL",
        "{value} people stand before everybody held out, more than by chance.",
    ),
    "model-attribute": (
        "CW-MODEL-ATTRIBUTE",
        (
            "A hidden value is guessed more often of people trained on, by {value:.3f}; the "
            "limit is {limit}."
        ),
    ),
    "model-few": ("CW-MODEL-FEW", "{value} people are too few to tell from; the least is {limit}."),
    "model-unproved": (
        "CW-MODEL-UNPROVED",
        "Models made by re-running the code were not tried against it.",
    ),
    "model-again": (
        "CW-MODEL-AGAIN",
        (
            "The code, run again on the same release, made another model: predictions differ by "
            "{value:.4f}. So it may not be what made this one, or it leaves things to chance."
        ),
    ),
    "model-unlike": (
        "CW-MODEL-UNLIKE",
        (
            "Models that the code made of other people are not like this one: of people whom "
            "neither saw they say something else, by {value:.2f}; the limit is {limit}."
        ),
    ),
    "model-run": (
        "CW-MODEL-RUN",
        "The model could not be run on the release, so nothing of what it tells is known.",
    ),
    "model-blind": (
        "CW-MODEL-BLIND",
        (
            "As it is fed by its recipe, the model says nothing about its outcome, so no "
            "attack says anything."
        ),
    ),
}
MODEL_ADVICE = (
    "The model can tell about people whose data it was trained on, or that could not be ruled out. "
    "Use fewer parameters, larger leaves or more people, leave out texts, keep no examples in it, "
    "and hand over the recipe that made it."
)
