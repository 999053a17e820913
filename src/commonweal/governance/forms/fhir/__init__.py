"""Forms and answers as FHIR R4: Questionnaire and QuestionnaireResponse, there and back.

What FHIR can say is said in its own words; the rest stands in extensions under a urn of ours, so
that nothing is lost on the way back. `fhir.resources` is imported only when something is checked.
"""

from commonweal.governance.forms.fhir.importing import Imported, read_questionnaire
from commonweal.governance.forms.fhir.questionnaire import questionnaire
from commonweal.governance.forms.fhir.responses import Received, read_response, response
from commonweal.governance.forms.fhir.validating import check_resource

__all__ = [
    "Imported",
    "Received",
    "check_resource",
    "questionnaire",
    "read_questionnaire",
    "read_response",
    "response",
]
