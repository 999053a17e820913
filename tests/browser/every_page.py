"""Every address of the service, who looks at it, and what a GET of it must give.

One line an address; further ones show it in other states, and are looked at by `dev.py test --all`
only. A new address of the service fails `test_all_pages.py` until it has one:

    see("app:name", "edward", reference="@desk.new"),

is a page that Edward opens, where `@desk.new` is what `every_home` calls an application, and a
value without `@` is taken as it is. What is no page says so, and that is tried as well:

    posted("app:name", "edward", ...),   only takes what a form sends: a GET is answered with 405
    fetched("app:name", "edward", ...),  is a file or another answer for programs
    led_on("app:name", "edward", ...),   sends on to another page
    refused("app:name", "edward", ...),  without what only a provider sends, says that it cannot
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from commonweal.governance.application.model import SECTIONS

PAGE, REFUSED = "page", "refused"
POSTED, FETCHED, LED_ON = "posted", "fetched", "led_on"
NOBODY = ""
KEYLESS, APPLIED, HALF, KEYED = "keyless", "applied", "half", "keyed"
"""Real accounts before a second factor, with one, and half signed in (it was not shown yet); and a
made-up person who has just set up a key for signing."""


@dataclass(frozen=True)
class Visit:
    """One address as one person: `name` in Django, `who` a made-up person's or a session's name."""

    name: str
    who: str
    arguments: tuple[tuple[str, str], ...] = ()
    query: str = ""
    kind: str = PAGE
    lands: str = ""

    def resolved(self, known: dict[str, str]) -> dict[str, str]:
        """Its arguments, with what `every_home` made in place of each name."""
        return {
            key: known[value[1:]] if value.startswith("@") else value
            for key, value in self.arguments
        }

    def __str__(self) -> str:
        told = ", ".join(f"{key}={value}" for key, value in self.arguments)
        return f"{self.name}({told}){self.query} as {self.who or 'nobody'}"


def _visit(kind: str, name: str, who: str, query: str, arguments: dict[str, Any]) -> Visit:
    told = tuple((key, str(value)) for key, value in arguments.items())
    return Visit(name, who, told, query, kind)


def see(
    name: str, who: str = NOBODY, /, *, query: str = "", lands: str = "", **arguments: Any
) -> Visit:
    """A page; `lands`: how the address ends at which it is shown, where that is another one."""
    return replace(_visit(PAGE, name, who, query, arguments), lands=lands)


def refused(name: str, who: str = NOBODY, /, *, query: str = "", **arguments: Any) -> Visit:
    """A page that says why it is not shown."""
    return _visit(REFUSED, name, who, query, arguments)


def posted(name: str, who: str = NOBODY, /, **arguments: Any) -> Visit:
    """An address that takes nothing but forms."""
    return _visit(POSTED, name, who, "", arguments)


def fetched(name: str, who: str = NOBODY, /, *, query: str = "", **arguments: Any) -> Visit:
    """A file, or an answer for programs."""
    return _visit(FETCHED, name, who, query, arguments)


def led_on(name: str, who: str = NOBODY, /, **arguments: Any) -> Visit:
    """An address that only sends on."""
    return _visit(LED_ON, name, who, "", arguments)


PUBLIC = (
    see("home"), see("home", "edward"), see("about"), see("accessibility"), see("cookies"),
    fetched("health"), fetched("robots"),
    see("publicpages:index"), see("publicpages:your_choices"), see("publicpages:form"),
    see("publicpages:notice"), see("publicpages:page", name="your-rights"),
    see("publicpages:page", name="questions-and-answers"),
    fetched("publicpages:text", "edward", name="risks"),
    fetched("publicpages:format", name="risks", key="easy-read.pdf"),
    fetched("catalogue_csv"), fetched("catalogue_hdruk", query="?dataset=hospital"),
    fetched("catalogue_croissant", query="?dataset=hospital"),
    see("discovery:index"), see("discovery:index", query="?q=nothing-like-this"),
    see("discovery:index", query="?show=datasets"), see("discovery:dataset", id_="hospital"),
    see("discovery:index", query="?q=born&role=other"), see("discovery:dataset", id_="odd"),
    see("discovery:table", id_="hospital", name="patients"),
    see("discovery:table", id_="odd", name="a/b"),
    see("discovery:variable", id_="hospital", table_name="patients", name="born"),
    see("discovery:variable", id_="hospital", table_name="patients", name="name"),
    see("discovery:feasibility"), see("discovery:feasibility_of", id_="hospital"),
    see("discovery:feasibility", "amara"), see("discovery:feasibility", "divya"),
    see("discovery:feasibility_of", "amara", id_="hospital"),
    see("discovery:feasibility_of", "amara", id_="hospital", query="?sex=F&diagnosis=asthma"),
    see("discovery:feasibility_of", "amara", id_="odd"),
    see("discovery:feasibility_of", "farah", id_="hospital", query="?diagnosis=rare"),
    see("register:index"), see("register:index", query="?stage=planned"), see("register:refused"),
    see("register:project", id_="permit-0"), see("register:project", id_="permit-3"),
    see("register:project", id_="@permit.live"), fetched("register:paper"),
    see("register:output", id_="permit-0", output="@left.recalled"),
    see("register:output", id_="permit-0", output="@left.model"),
    fetched("register:record", id_="permit-0", output="@left.recalled"),
    see("register:index", query="?q=nothing-like-this&ai=yes&company=no&kind=university"),
    see("register:check", id_="permit-0"), fetched("register:projection", id_="permit-0"),
    see("register:came"), see("register:companies"), see("register:open_data"),
    fetched("register:csv"), fetched("register:atom"), fetched("register:hdruk"),
    fetched("register:hdruk_1"), fetched("register:refused_csv"),
    fetched("register:refused_json"),
    see("assessments:index"), see("assessments:one", reference="@desk.published"),
    see("assessments:earlier", reference="@desk.published", number=1),
    see("committee:index"), see("committee:rules"), see("committee:decisions"),
    see("committee:decision", name="@committee.yes"),
    see("committee:decision", name="@committee.no"),
    see("committee:public_minutes", pk="@committee.minuted"),
    see("oversight:index"), see("oversight:group"),
    see("panel:index"), see("panel:heard_list"), see("panel:heard", reference="@panel.answered"),
    see("panel:heard", reference="@panel.dropped"),
    see("publiclog:index"), see("publiclog:index", query="?q=permit-0"),
    see("publiclog:index", query="?q=nothing-like-this"), see("publiclog:experts"),
    see("publiclog:entry", number="0"), refused("publiclog:entry", number="99999999"),
    fetched("publiclog:entries"), fetched("publiclog:atom"), fetched("publiclog:checkpoint"),
    fetched("publiclog:proof", name="0.tlog-proof"), fetched("publiclog:checker"),
    fetched("publiclog:program"), fetched("publiclog:keys"),
    fetched("publiclog:tile", place="0/000.p/1"), fetched("publiclog:table"),
    fetched("publiclog:checkpoint_of", epoch="@log.epoch"),
    fetched("publiclog:tile_of", epoch="@log.epoch", place="0/000.p/1"),
    see("told:went_wrong"), see("told:texts"), see("told:texts", query="?kind=incident"),
    see("told:text", reference="@text.published"), see("told:text", reference="@text.down"),
    fetched("told:text_bytes", reference="@text.published"),
    see("concerns:index"), see("concerns:new"), see("concerns:own"),
    see("patients:my_data"), see("patients:choose"), refused("patients:sign_in"),
    refused("patients:callback"), refused("patients:answer"), refused("patients:confirm"),
    refused("patients:paper", release="nothing"), posted("patients:take_back"),
    posted("patients:sign_out"),
    see("choices:begin"), see("choices:new"),
    see("alerts:index"),
    see("alerts:begin", secret="@alert.asked"), see("alerts:stop", secret="@alert.begun"),
)  # fmt: skip

APPLICANT = (
    see("applications:index", "amara"), see("applications:index", "divya"),
    see("applications:start", "amara"), see("applications:tasks", "amara", reference="@desk.draft"),
    see("applications:tasks", "amara", reference="@desk.empty"),
    see("applications:tasks", "amara", reference="@desk.asked"),
    see("applications:tasks", "amara", reference="@desk.unsigned"),
    see("applications:tasks", "amara", reference="@permit.live.application"),
    see("applications:tasks", "amara", reference="@committee.appeal"),
    see("applications:authors", "amara", reference="@desk.draft"),
    led_on("applications:route_begin", "amara", reference="@desk.empty"),
    see("applications:route", "amara", reference="@desk.empty", id_="who"),
    see("applications:route", "amara", reference="@desk.draft", id_="what"),
    see("applications:route_result", "amara", reference="@desk.draft"),
    see("applications:cohort", "amara", reference="@desk.draft"),
    see("applications:group", "amara", reference="@desk.draft", g=0),
    see("applications:variable", "amara", reference="@desk.draft", g=0, v=0),
    *(see("applications:section", "amara", reference="@desk.draft", name=name)
      for name in SECTIONS if name != "route"),
    see("applications:section", "amara", reference="@desk.empty", name="people"),
    see("applications:new_item", "amara", reference="@desk.draft", name="people"),
    see("applications:item", "amara", reference="@desk.draft", name="people", number=0),
    see("applications:form", "amara", reference="@desk.draft", name="dpia"),
    see("applications:form_section", "amara", reference="@desk.draft", name="dpia",
    id_="@form.section"),
    see("applications:check", "amara", reference="@desk.draft"),
    see("applications:send", "amara", reference="@desk.draft"),
    see("applications:send", "amara", reference="@desk.empty"),
    led_on("applications:sign", "amara", reference="@desk.unsigned"),
    see("applications:sent", "amara", reference="@desk.new", number=1),
    see("applications:version", "amara", reference="@desk.new", number=1),
    see("applications:changes", "amara", reference="@desk.twice", older=1, newer=2),
    see("applications:withdraw", "amara", reference="@desk.draft"),
    see("applications:copy", "amara", reference="@desk.new"),
    see("applications:records", "amara", reference="@desk.empty"),
    see("applications:records", "amara", reference="@desk.draft"),
    see("applications:comments", "amara", reference="@desk.draft"),
    see("applications:comments", "amara", reference="@desk.empty"),
    see("applications:comments_of", "amara", reference="@desk.draft", name="purpose"),
    see("applications:print", "amara", reference="@desk.draft"),
    fetched("applications:word", "amara", reference="@desk.draft"),
    see("applications:version_print", "amara", reference="@desk.new", number=1),
    fetched("applications:version_word", "amara", reference="@desk.new", number=1),
    see("answers:questions", "amara", reference="@desk.asked"),
    see("answers:points", "amara", reference="@desk.written"),
    see("answers:documents", "amara", reference="@desk.new"),
    see("answers:new_document", "amara", reference="@desk.draft"),
    see("answers:hand_in", "amara", reference="@desk.new", name="protocol"),
    fetched("answers:file", "amara", reference="@desk.new", number="@desk.file"),
    see("answers:again", "amara", reference="@desk.published"),
    refused("answers:again", "amara", reference="@desk.revisited"),
    see("answers:again_section", "amara", reference="@desk.published", section="@again.section"),
    see("committee:applicant_answers", "amara", name="@committee.answers"),
    see("committee:appeal", "amara", name="@committee.appeal"),
    see("committee:end", "amara", name="@committee.final"),
)  # fmt: skip

DESK = (
    see("desk:index", "edward"), see("desk:index", "quentin"), see("desk:index", "leon"),
    see("desk:index", "edward", query="?q=nothing-like-this"),
    see("desk:case", "edward", reference="@desk.new"),
    see("desk:case", "edward", reference="@desk.asked"),
    see("desk:case", "quentin", reference="@desk.held"),
    see("desk:version", "edward", reference="@desk.new", number=1),
    see("desk:changes", "edward", reference="@desk.twice", older=1, newer=2),
    see("desk:version_print", "edward", reference="@desk.new", number=1),
    fetched("desk:version_word", "edward", reference="@desk.new", number=1),
    see("desk:step", "edward", reference="@desk.new", action="take_up"),
    see("desk:checks", "edward", reference="@desk.waiting"),
    see("desk:checks", "edward", reference="@desk.new"),
    see("desk:ask", "edward", reference="@desk.waiting"),
    see("desk:questions", "edward", reference="@desk.asked"),
    see("desk:documents", "edward", reference="@desk.new"),
    see("desk:document", "edward", reference="@desk.new", name="protocol"),
    fetched("desk:file", "edward", reference="@desk.new", number="@desk.file"),
    see("desk:advice", "quentin", reference="@desk.waiting"),
    *(see("desk:assessment", "edward", reference=f"@desk.{name}")
      for name in ("new", "waiting", "screened", "scheduled", "held", "written", "answered",
      "lighter",
                   "published")),
    *(see("desk:assessment_step", "edward", reference="@desk.waiting", action=action)
      for action in ("pass_screening", "return", "excuse")),
    *(see("desk:assessment_step", "edward", reference="@desk.screened", action=action)
      for action in ("schedule", "take_lighter_route")),
    see("desk:assessment_step", "edward", reference="@desk.lighter", action="need_workshop"),
    see("desk:assessment_step", "edward", reference="@desk.scheduled", action="schedule_again"),
    see("desk:assessment_step", "nadia", reference="@desk.scheduled", action="hold"),
    see("desk:assessment_step", "leon", reference="@desk.held", action="write_record"),
    see("desk:assessment_step", "edward", reference="@desk.answered", action="check_answers"),
    see("desk:assessment_words", "edward", reference="@desk.published"),
    see("desk:assessment_newer", "edward", reference="@desk.revisited"),
    see("desk:assessment", "edward", reference="@desk.revisited"),
)  # fmt: skip

COMMITTEE = (
    see("committee:index", "irene"), see("committee:index", "kate"),
    see("committee:meetings", "kate"), see("committee:meetings", "irene"),
    see("committee:new_meeting", "kate"),
    see("committee:meeting", "kate", pk="@committee.meeting"),
    see("committee:meeting", "kate", pk="@committee.held"),
    see("committee:meeting", "irene", pk="@committee.held"),
    posted("committee:meeting_step", "kate", pk="@committee.meeting"),
    posted("committee:present", "kate", pk="@committee.meeting"),
    posted("committee:add", "kate", pk="@committee.meeting"),
    see("committee:pack", "irene", pk="@committee.held"),
    see("committee:pack", "xanthe", pk="@committee.held"),
    *(see("committee:item", who, pk=f"@committee.{name}") for who, name in (
        ("irene", "fresh"), ("irene", "begun"), ("irene", "talked"), ("irene", "voting"),
        ("irene", "closed"), ("grace", "voting"), ("grace", "closed"), ("kate", "talked"),
        ("kate", "begun"), ("xanthe", "voting"))),
    fetched("committee:file", "irene", pk="@committee.talked", number="@committee.file"),
    see("committee:print", "irene", pk="@committee.talked"),
    fetched("committee:word", "irene", pk="@committee.talked"),
    see("committee:minutes", "kate", pk="@committee.minutes"),
    see("committee:minutes", "irene", pk="@committee.minutes"),
    posted("committee:write_minutes", "kate", pk="@committee.minutes"),
    see("committee:short", "kate"), see("committee:short", "irene"),
    see("committee:propose_short", "kate", name="@committee.propose"),
    see("committee:chair", "grace"), see("committee:chair", "irene"),
    see("committee:propose_chair", "grace", name="@committee.by_chair"),
    see("committee:item", "irene", pk="@committee.acting"),
    see("committee:call_in", "irene", pk="@committee.acting"),
    see("committee:decision", name="@committee.confirmed"),
    see("committee:item", "irene", pk="@committee.few"),
    see("committee:call_in", "irene", pk="@committee.few"),
    posted("committee:item_step", "kate", pk="@committee.talked"),
    see("committee:declare", "irene", pk="@committee.begun"),
    see("committee:vote", "irene", pk="@committee.voting"),
    see("committee:variables", "grace", pk="@committee.talked"),
    posted("committee:ask", "irene", pk="@committee.talked"),
    see("committee:decide", "grace", pk="@committee.closed"),
    see("committee:questions", "edward"),
    posted("committee:question_step", "kate", name="@committee.answer"),
    see("committee:answer", "edward", name="@committee.answer"),
    see("committee:appeals", "owen"), see("committee:hear", "owen", pk="@committee.hear"),
    see("oversight:index", "grace"), see("oversight:me", "irene"), see("oversight:me", "grace"),
    see("oversight:interests", "kate"),
)  # fmt: skip

PERMITS = (
    see("projects:index", "edward"), see("projects:index", "colin"), see("projects:index", "amara"),
    see("projects:index", "divya"),
    see("projects:offer", "edward", reference="@permit.waiting"),
    see("projects:offer_framework", "edward", reference="@permit.waiting"),
    see("projects:agreement", "edward", reference="@permit.offered"),
    see("projects:agreement", "colin", reference="@permit.offered"),
    see("projects:agreement", "amara", reference="@permit.accepted"),
    see("projects:countersign", "owen", reference="@permit.accepted"),
    posted("projects:order_again", "edward", reference="@permit.accepted"),
    fetched("projects:agreement_print", "colin", reference="@permit.offered"),
    fetched("projects:agreement_text", "colin", reference="@permit.offered"),
    see("projects:framework", "colin", reference="@permit.framework"),
    fetched("projects:framework_print", "colin", reference="@permit.framework"),
    *(see("projects:permit", who, reference="@permit.live") for who in ("amara", "owen", "farah")),
    see("projects:permit", "edward", reference="@permit.over"),
    fetched("projects:signed", "amara", reference="@permit.live"),
    fetched("projects:ga4gh", "amara", reference="@permit.live"),
    see("projects:closing", "amara", reference="@permit.over"),
    see("projects:closing", "edward", reference="@permit.over"),
    *(see("projects:step", "owen", reference="@permit.live", kind=kind)
      for kind in ("suspend", "pause", "revoke", "close")),
    refused("amending:begin", "amara", permit="@permit.live", kind="amendment"),
    see("amending:change", "amara", reference="@change.written"),
    see("amending:change", "amara", reference="@change.checked"),
    see("applications:tasks", "amara", reference="@change.written"),
    see("amending:agree", "edward", reference="@change.checked"),
    see("desk:case", "edward", reference="@change.checked"),
    see("reviews:index", "edward"), see("reviews:index", "amara"),
    see("reviews:review", "edward", permit="@review.asked"),
    see("reviews:review", "amara", permit="@review.asked"),
    see("reviews:review", "amara", permit="@review.due"),
    see("reviews:section", "amara", permit="@review.due", section="year"),
    see("reviews:check", "amara", permit="@review.asked"),
    see("reviews:check", "amara", permit="@review.due"),
    see("reviews:questions", "amara", permit="@review.asked"),
    see("releases:index", "farah"), see("releases:index", "amara"),
    see("releases:permit", "farah", permit="@release.permit"),
    see("releases:permit", "edward", permit="@release.permit"),
    see("releases:permit", "farah", permit="@permit.live"),
    posted("releases:plan", "farah", permit="@release.permit"),
    see("releases:build", "farah", permit="@release.planned"),
    see("releases:release", "farah", permit="@release.permit", release="@release.built"),
    see("releases:release", "edward", permit="@release.permit", release="@release.built"),
    see("releases:sign_off", "edward", permit="@release.permit", release="@release.built"),
    see("releases:send_back", "edward", permit="@release.permit", release="@release.built"),
)  # fmt: skip

AUTHORS = (
    see("outputs:index", "amara"), see("outputs:index", "bethan"),
    see("outputs:ask", "amara", job="@outputs.job.asked"),
    see("outputs:ask", "amara", job="@outputs.job.checked"),
    see("outputs:ask", "amara", job="@outputs.job.refused"),
    see("outputs:ask", "amara", query="?again=1", job="@outputs.job.returned"),
    *(see("outputs:output", "amara", reference=f"@outputs.{state}")
      for state in ("draft", "in_review", "approved", "released", "recalled", "returned",
                    "rejected", "withdrawn", "expired")),
    posted("outputs:submit", "amara", reference="@outputs.draft"),
    see("outputs:withdraw", "amara", reference="@outputs.in_review"),
    posted("outputs:download", "amara", reference="@outputs.released"),
    fetched("outputs:files", "amara", reference="@outputs.released", order="@outputs.order"),
)  # fmt: skip

CHECKING = (
    see("outputs:review_queue", "tara"), see("outputs:review_queue", "edward"),
    see("outputs:review_left", "edward"), see("outputs:review_history", "rosa"),
    see("outputs:review", "tara", reference="@output.waits"),
    see("outputs:review", "tara", reference="@output.mine"),
    see("outputs:review", "umar", reference="@output.two"),
    see("outputs:review", "umar", reference="@output.model"),
    see("outputs:review", "edward", reference="@output.waits"),
    see("outputs:review", "edward", reference="@output.left"),
    see("outputs:review", "edward", reference="@output.recalled"),
    see("outputs:review", "tara", reference="@output.back"),
    see("outputs:review_file", "tara", reference="@output.waits", number=1),
    see("outputs:review_file", "tara", reference="@output.waits", number=2),
    see("outputs:review_file", "umar", reference="@output.model", number=4),
    see("outputs:review_file", "umar", reference="@output.model", number=7),
    see("outputs:review_text", "umar", reference="@output.model", number=6),
    see("outputs:review_text", "umar", reference="@output.model", number=5),
    fetched("outputs:review_picture", "umar", reference="@output.model", number=4),
    see("outputs:review_together", "tara", reference="@output.waits"),
    see("outputs:review_code", "tara", reference="@output.waits"),
    see("outputs:review_recall", "edward", reference="@output.left"),
    see("outputs:layouts", "tara"), see("outputs:layouts", "amara"),
    see("outputs:layout", "tara", reference="@layout.waits"),
    see("outputs:layout", "amara", reference="@layout.made"),
    see("outputs:layout", "edward", reference="@layout.ended"),
    see("outputs:layout_new", "amara"),
    see("outputs:layout_draft", "amara", order="@outputs.draft_order"),
)  # fmt: skip

STUDIES = (
    see("studies:index", "amara"), see("studies:index", "farah"),
    see("studies:permit", "amara", permit="@study.permit"),
    see("studies:permit", "edward", permit="@study.permit"),
    see("studies:send", "amara", permit="@study.permit"),
    see("studies:job", "amara", permit="@study.permit", job="@study.finished"),
    see("studies:job", "amara", permit="@study.permit", job="@study.failed"),
    see("studies:job", "amara", permit="@study.permit", job="@study.refused"),
    see("studies:job", "bethan", permit="@study.permit", job="@study.at_work"),
    see("studies:job", "amara", permit="@study.permit", job="@study.taken_back"),
    see("studies:job", "farah", permit="@study.permit", job="@study.failed"),
    see("studies:take_back", "amara", permit="@study.permit", job="@study.waiting"),
)  # fmt: skip

BESIDE = (
    see("dummies:index", "amara"), see("dummies:index", "edward"),
    see("dummies:permit", "amara", permit="@dummies.made"),
    see("dummies:permit", "amara", permit="@dummies.refused"),
    posted("dummies:fetch", "amara", permit="@dummies.made", order="@dummies.order"),
    see("ingress:index", "amara"), see("ingress:index", "farah"),
    see("ingress:offered", "amara"), see("ingress:offered", "farah"),
    see("ingress:bring", "amara"), see("ingress:bring", "farah"),
    see("ingress:offering", "amara", reference="@ingress.scanned"),
    see("ingress:offering", "amara", reference="@ingress.sent"),
    see("ingress:offering", "amara", reference="@ingress.refused"),
    see("ingress:offering", "amara", reference="@ingress.unfit"),
    see("ingress:offering", "farah", reference="@ingress.offered"),
    see("ingress:decide", "farah", reference="@ingress.offered"),
    posted("ingress:sign", "amara", reference="@ingress.scanned"),
    posted("ingress:take_back", "amara", reference="@ingress.scanned"),
)  # fmt: skip
"""What studies need beside the data: made-up data, and files that are brought in."""

SIGNING = (
    see("signing:mine", "colin"), see("signing:mine", "divya"), see("signing:key", "colin"),
    see("signing:held_up", "farah"),
    see("signing:key_made", KEYED), fetched("signing:key_piece", KEYED),
    see("signing:sign", "amara", act_id="@act.asked"),
    see("signing:sign", "amara", act_id="@act.late"),
    see("signing:sign", "amara", act_id="@act.refused"),
    see("signing:sign", "amara", act_id="@act.signed"),
    see("signing:sign", "colin", act_id="@act.heard"),
)  # fmt: skip

PANEL = (
    see("panel:index", "nadia"), see("panel:index", "mary"), see("panel:propose", "nadia"),
    *(see("panel:question", "nadia", reference=f"@panel.{state}")
      for state in ("proposed", "papers_sent", "voting", "counted", "heard", "answered",
      "dropped")),
    see("panel:question", "mary", reference="@panel.voting"),
    posted("panel:step", "nadia", reference="@panel.proposed"),
    see("panel:paper", "nadia", reference="@panel.proposed"),
    see("panel:vote", "mary", reference="@panel.voting"),
    see("panel:ask_for_more", "mary", reference="@panel.papers_sent"),
    see("panel:record", "leon", reference="@panel.counted"),
    see("panel:answer", "owen", reference="@panel.heard"),
    see("panel:drop", "nadia", reference="@panel.proposed"),
    see("panel:call", "nadia"),
    see("panel:meeting", "mary", reference="@panel.called"),
    see("panel:meeting", "nadia", reference="@panel.noted"),
    see("panel:notes", "leon", reference="@panel.called"),
)  # fmt: skip

ACCOUNTS = (
    *(see("accounts:me", who) for who in ("amara", "edward", "farah", "colin", "irene", APPLIED)),
    see("accounts:personas"), posted("accounts:persona_sign_in"),
    see("accounts:invite", "farah"), see("accounts:invite", "amara"),
    see("accounts:accept", secret="@account.invitation.invited"),
    see("accounts:accept", APPLIED, secret="@account.invitation.applied"),
    see("accounts:tokens", "farah"), posted("accounts:end_token", "farah"),
    see("accounts:sessions", "farah"), posted("accounts:sign_out_everywhere", "farah"),
    see("accounts:mail", "farah"), see("accounts:sign_out", "farah"),
    see("accounts:people", "farah"), see("accounts:signed_list", "farah"),
    see("accounts:organisations", "farah"), see("accounts:new_organisation", "farah"),
    see("accounts:organisation", "farah", id_="university"),
    see("accounts:invitations", "farah"),
    posted("accounts:resend", "farah", pk=1), posted("accounts:withdraw", "farah", pk=1),
    see("accounts:unsent", "farah"), posted("accounts:send_again", "farah"),
    see("accounts:person", "farah", id_="william"), see("accounts:person", "farah", id_="grace"),
    *(posted(f"accounts:{name}", "farah", id_="william")
      for name in ("give_role", "end_role", "set_accredited", "reopen", "sign_out_person")),
    see("accounts:close", "farah", id_="william"), refused("accounts:close", "farah", id_="grace"),
    led_on("accounts:provider_begin", id_="cis2"),
    refused("accounts:provider_answer", query="?error=access_denied", id_="cis2"),
    posted("accounts:provider_notice", id_="cis2"),
    fetched("accounts:provider_keys", id_="cis2"),
    led_on("accounts:provider_accept", id_="cis2", secret="@account.invitation.invited"),
)  # fmt: skip

SIGN_IN = (
    see("account_login"), see("account_signup"), see("account_inactive"),
    see("account_reset_password"), see("account_reset_password_done"),
    see("account_reset_password_from_key", lands="-set-password/", uidb36="@account.uid",
        key="@account.reset"),
    see("account_reset_password_from_key", uidb36="x", key="x-x"),
    see("account_reset_password_from_key_done"),
    see("account_confirm_email", key="@account.confirm"), see("account_confirm_email", key="x"),
    see("account_email_verification_sent"),
    led_on("account_logout", NOBODY), see("account_logout", APPLIED),
    see("account_reauthenticate", APPLIED), see("account_email", APPLIED),
    see("account_change_password", APPLIED), led_on("account_set_password", APPLIED),
    see("mfa_index", KEYLESS), see("mfa_activate_totp", KEYLESS), see("mfa_list_webauthn", KEYLESS),
    see("mfa_add_webauthn", KEYLESS),
    see("mfa_authenticate", HALF),
    see("mfa_index", APPLIED), see("mfa_reauthenticate", APPLIED),
    see("mfa_deactivate_totp", APPLIED),
    see("mfa_view_recovery_codes", APPLIED), see("mfa_generate_recovery_codes", APPLIED),
    led_on("mfa_download_recovery_codes", APPLIED),
    see("mfa_list_webauthn", APPLIED), see("mfa_reauthenticate_webauthn", APPLIED),
    see("mfa_edit_webauthn", APPLIED, pk="@account.key"),
    see("mfa_remove_webauthn", APPLIED, pk="@account.key"),
)  # fmt: skip

ROOMS = (
    see("rooms:index", "farah"), see("rooms:index", "priya"),
    see("publicpages:look_after", "edward"),
)  # fmt: skip
TEXTS = (
    see("publishing:desk", "edward"), see("publishing:new", "edward"),
    see("publishing:notice", "edward", reference="@text.draft"),
    see("publishing:notice", "owen", reference="@text.offered"),
    see("publishing:notice", "edward", reference="@text.published"),
    see("publishing:write", "edward", reference="@text.draft"),
    posted("publishing:step", "edward", reference="@text.draft"),
    see("publishing:publish", "owen", reference="@text.offered"),
    see("publishing:send_back", "owen", reference="@text.offered"),
    see("publishing:take_down", "owen", reference="@text.published"),
    see("choices:desk", "edward"), see("choices:written", "edward"),
    see("concerns_desk:index", "edward"),
    see("concerns_desk:concern", "edward", reference="@concern.received"),
    see("concerns_desk:concern", "edward", reference="@concern.answered"),
    posted("concerns_desk:take_up", "edward", reference="@concern.received"),
    see("concerns_desk:answer", "edward", reference="@concern.looked_into"),
)  # fmt: skip

AREAS: dict[str, tuple[Visit, ...]] = {
    "sign-in": SIGN_IN,
    "public": PUBLIC,
    "applicant": APPLICANT,
    "desk": DESK,
    "committee": COMMITTEE,
    "permits": PERMITS,
    "authors": AUTHORS,
    "checking": CHECKING,
    "studies": STUDIES,
    "beside": BESIDE,
    "signing": SIGNING,
    "panel": PANEL,
    "accounts": ACCOUNTS,
    "texts": TEXTS,
    "rooms": ROOMS,
}
"""Signing in comes first: who has shown half of who they are has a quarter of an hour."""
PLAIN = ("sign-in", "public", "committee", "panel")
"""Areas that the public or the committee reads."""
NEVER = frozenset({"k", "Merkle", "statbarn", "cohort", "custodian", "proxy"})
"""Words that stand on none of their pages (P12)."""
VISITS: tuple[Visit, ...] = tuple(one for area in AREAS.values() for one in area)
"""Every visit. The address of each program under `/api/` is tried in `tests/web/test_api.py`."""


def unseen(names: set[str]) -> list[str]:
    """What to do about each address of the service that has no line here."""
    return [
        f'{name}: add a line such as see("{name}", "edward", ...) to tests/browser/every_page.py '
        "and, where it needs a row that is not there yet, make that in tests/browser/every_home.py"
        for name in sorted(names - {one.name for one in VISITS})
    ]
