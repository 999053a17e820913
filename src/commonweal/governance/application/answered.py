"""From what was filled in on a form to what an application carries of it.

What the application itself knows is put in, the form's own definition says what is wrong, and what
travels with the version is what would be shown of it: a hidden answer is not sent.
"""

from __future__ import annotations

from commonweal.governance.application.answers import AnsweredForm, FormAnswers
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.forms.answers import Answers, problems, visible, with_given
from commonweal.governance.forms.schema import FormDefinition


def answered(
    definition: FormDefinition, answers: Answers, content: ApplicationContent
) -> AnsweredForm:
    """The answers as an application carries them, beside what stops sending them.

    Raises `Fault` CW-ANSWER-OTHER for answers to another form or version.
    """
    filled = with_given(definition, answers, content.given)
    shown = visible(definition, filled)
    values = {id_: value for id_, value in filled.plain()["values"].items() if id_ in shown}
    plain = {"form": definition.id, "form_version": definition.version, "values": values}
    carried = FormAnswers.read(plain, "The answers", "CW-ANSWER-OTHER")
    return AnsweredForm(carried, problems(definition, filled))
