"""The people of the journey: each in a browser of their own, each doing their part by clicking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

from playwright.sync_api import Browser, BrowserContext, Page

from commonweal.demo.walkthrough.application import document_text
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.london import london_day
from tests.browser.test_applying import sign_in

TITLE = "Heart and sugar"
CONDITION = "Results are published within a year."
LAY = ("Irene Walsh", "Jamal Hussain", "Zofia Nowak")
VOTERS = ("Grace Adeyemi", "Hamish Reid", "Yusuf Demir", *LAY)
CONFLICTED = "Xanthe Moore"
WAIT_MS = 30_000


@dataclass
class People:
    """Everybody of the demonstration, signed in when first asked for."""

    browser: Browser
    address: str
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)
    _pages: dict[str, Page] = field(default_factory=dict)

    def __call__(self, who: str) -> Page:
        """The page of somebody who is signed in; what it complains of is kept."""
        if who not in self._pages:
            context = self.browser.new_context(base_url=self.address)
            context.set_default_timeout(WAIT_MS)
            self._contexts.append(context)
            page = context.new_page()
            page.on("console", lambda said: self.complaints.append(f"{who}: {said.text}"))
            page.on("pageerror", lambda error: self.complaints.append(f"{who}: {error}"))
            sign_in(page, who)
            self._pages[who] = page
        return self._pages[who]

    def close(self) -> None:
        """Close every browser."""
        for context in self._contexts:
            context.close()


@contextmanager
def people_at(browser: Browser, address: str) -> Iterator[People]:
    """The people at a service."""
    people = People(browser, address)
    try:
        yield people
    finally:
        people.close()


# --- hands ------------------------------------------------------------------------------------


def go(page: Page, place: str) -> None:
    """Follow a link of the menu."""
    page.get_by_role("banner").get_by_role("link", name=place, exact=True).click()


def link(page: Page, name: str) -> None:
    """Follow the first link called `name`."""
    page.get_by_role("main").get_by_role("link", name=name).first.click()


def press(page: Page, name: str) -> None:
    """Press the first button called `name`."""
    page.get_by_role("main").get_by_role("button", name=name).first.click()


def sign(page: Page, button: str) -> None:
    """Press a button, read what is signed, sign it, and come back when the ledger heard of it."""
    press(page, button)
    page.get_by_role("button", name="Sign", exact=True).click()
    page.wait_for_url(lambda url: "/sign/" not in url)
    page.get_by_text("You signed it, and the ledger has heard of it.").wait_for()


def until(page: Page, text: str) -> None:
    """Look again until the page says so: a worker takes a moment."""
    for _ in range(WAIT_MS // 500):
        if text in page.inner_text("main"):
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{text!r} is not in: {page.inner_text('main')[:2000]}")


def on_day(page: Page, name: str, day: date) -> None:
    """Fill in the three boxes of a date."""
    for part, value in (("day", day.day), ("month", day.month), ("year", day.year)):
        page.locator(f"[name={name}_{part}]").fill(str(value))


def today() -> date:
    """Today in London."""
    return london_day(SystemClock().now())


# --- the parts --------------------------------------------------------------------------------


def send(people: People) -> None:
    """Amara hands in each document, sends what she filled in, and signs that she did."""
    amara = people("Amara Okafor")
    go(amara, "Applications")
    link(amara, TITLE)
    link(amara, "Hand in documents")
    for name in ("protocol", "ethics", "cag", "items", "guardian", "flow"):
        link(amara, f"Hand in the file for Document {name}")
        amara.get_by_label("The file").set_input_files(
            {"name": f"{name}.txt", "mimeType": "text/plain", "buffer": document_text(name)}
        )
        press(amara, "Hand in")
    amara.get_by_role("link", name="The application").click()
    link(amara, "Check your answers")
    link(amara, "Go on to send")
    press(amara, "Send now")
    sign(amara, "Sign what you sent")


def take_up(people: People) -> None:
    """Edward takes it up, checks it and its documents; Quentin advises; Edward passes it on."""
    edward = people("Edward Shaw")
    go(edward, "Desk")
    link(edward, TITLE)
    case = edward.url
    link(edward, "Begin to check")
    press(edward, "Yes")
    link(edward, "Documents")
    for name in ("protocol", "ethics", "cag", "items", "guardian", "flow"):
        link(edward, f"Document {name}")
        edward.get_by_text("It is the file that the application names.").wait_for()
        press(edward, "Accept")
    edward.goto(case)
    link(edward, "Checks")
    for one in edward.get_by_role("radio", name="Yes", exact=True).all():
        one.check()
    press(edward, "Save")
    quentin = people("Quentin Hale")
    go(quentin, "Desk")
    link(quentin, TITLE)
    link(quentin, "Read the assessment and give advice")
    quentin.get_by_label("The assessment is sound", exact=True).check()
    quentin.get_by_label("Your advice").fill("Read in full; the risks are named and met.")
    sign(quentin, "Go on to sign")
    edward.goto(case)
    link(edward, "complete")
    press(edward, "Yes")


def assess(people: People) -> None:
    """A workshop is planned, held and written down; Amara answers each point; Edward agrees."""
    edward = people("Edward Shaw")
    link(edward, "Open the impact assessment")
    assessment = edward.url
    link(edward, "Say that the assessment is complete")
    press(edward, "Yes")
    link(edward, "Set the date of a workshop")
    edward.locator("[name=workshop]").select_option("new")
    on_day(edward, "planned_on", today() + timedelta(days=14))
    edward.locator("[name=facilitator]").select_option("nadia")
    press(edward, "Save")
    nadia = people("Nadia Petrova")
    go(nadia, "Desk")
    link(nadia, TITLE)
    link(nadia, "Open the impact assessment")
    link(nadia, "Record that the workshop was held")
    on_day(nadia, "papers_sent_on", today() - timedelta(days=9))
    on_day(nadia, "held_on", today())
    nadia.get_by_label("How many patients").fill("10")
    press(nadia, "Save")
    leon = people("Leon Baptiste")
    go(leon, "Desk")
    link(leon, TITLE)
    link(leon, "Open the impact assessment")
    link(leon, "Write the independent record")
    leon.get_by_label("What was said, all in all").fill("People had hopes and doubts.")
    leon.get_by_label("Point 1").fill("Small groups may come off worse.")
    press(leon, "Hand in the record")
    amara = people("Amara Okafor")
    go(amara, "Applications")
    link(amara, TITLE)
    link(amara, "points")
    amara.get_by_role("radio").first.check()
    amara.get_by_label("Why").fill("They are right.")
    amara.get_by_label("What you change").fill("Every figure is reported by age group and sex.")
    press(amara, "Send the answers")
    edward.goto(assessment)
    link(edward, "Say that the answers will do")
    press(edward, "Yes")


def decide(people: People) -> None:
    """A meeting: conflicts, what is proposed of each variable, votes, and the chair's decision."""
    kate, grace = people("Kate Lindqvist"), people("Grace Adeyemi")
    go(kate, "Committee")
    link(kate, "Meetings and agendas")
    link(kate, "Add a meeting")
    on_day(kate, "on", today() + timedelta(days=1))
    kate.get_by_label("Time").fill("14:00")
    kate.get_by_label("Where").fill("Room 4")
    press(kate, "Save")
    meeting = kate.url
    press(kate, "Put on the agenda")
    for who in (*VOTERS, CONFLICTED):
        kate.get_by_label(f"{who},").check()
    press(kate, "Save who is there")
    press(kate, "Send the papers to the members")
    grace.goto(meeting)
    press(grace, "Open the meeting")
    kate.goto(meeting)
    link(kate, TITLE)
    item = kate.url
    press(kate, "Begin with this application")
    declare(people, item)
    propose(kate)
    grace.goto(item)
    press(grace, "Go on to the discussion")
    press(grace, "Open the vote")
    for who in VOTERS:
        vote(people(who), item, who)
    grace.goto(item)
    link(grace, "Write down the decision")
    grace.get_by_label("What was decided, in plain words").fill("The study may use the records.")
    grace.get_by_label("Reasons").fill("It can help many people, and asks for little.")
    sign(grace, "Go on to sign")


def declare(people: People, item: str) -> None:
    """Everybody says whether they have a conflict; who has one is shut out from then on."""
    for who in (*VOTERS, CONFLICTED):
        page = people(who)
        page.goto(item)
        link(page, "Say whether you have a conflict")
        if who == CONFLICTED:
            page.get_by_role("radio", name="Yes", exact=True).check()
            page.get_by_role("checkbox").first.check()
        else:
            page.get_by_role("radio", name="No, none").check()
        sign(page, "Go on to sign")


def propose(kate: Page) -> None:
    """Ethnic group is struck out, and diagnoses are given in groups."""
    kate.reload()
    link(kate, "Change what is proposed of each variable")
    for name, verdict in (
        ("patients.ethnic_category", "No"),
        ("admissions.primary_diagnosis", "Yes, in less detail"),
    ):
        group = kate.locator("fieldset.house-group", has_text=name)
        group.get_by_role("radio", name=verdict, exact=True).check()
        if verdict != "No":
            group.get_by_label("In which form").select_option("truncate(3)")
        group.get_by_label("Why, if not as asked").fill("The question is answered without it.")
    press(kate, "Save")


def vote(page: Page, item: str, who: str) -> None:
    """Yes, or yes with a condition."""
    page.goto(item)
    link(page, "Vote")
    answer = "Yes, with conditions" if who == LAY[0] else "Yes"
    page.get_by_role("radio", name=answer, exact=True).check()
    page.get_by_label("Why", exact=True).fill("It helps people, and the risk is small.")
    if who == LAY[0]:
        page.get_by_label("Conditions").fill(CONDITION)
    sign(page, "Go on to sign")


def agree(people: People) -> str:
    """Framework and agreement, accepted by both sides, countersigned twice: the permit's page."""
    edward, colin, vera = (people(who) for who in ("Edward Shaw", "Colin Marsh", "Vera Novak"))
    go(edward, "Permits")
    link(edward, TITLE)
    offer(edward, ends=today().year + 3)
    for page in (colin, vera):
        page.goto(edward.url)
        sign(page, "Accept and sign")
    until(vera, "in force until its last day")
    go(edward, "Permits")
    link(edward, TITLE)
    offer(edward)
    for page in (colin, vera):
        page.goto(edward.url)
        sign(page, "Accept and sign")
    for who in ("Owen Griffiths", "Priya Raman"):
        page = people(who)
        page.goto(f"{edward.url}countersign/")
        sign(page, "Agree and sign")
    until(edward, "The agreement is in force")
    link(edward, "Go to the permit")
    until(edward, "It is the one on the public register and on the ledger.")
    return edward.url


def offer(page: Page, ends: int | None = None) -> None:
    """Say who signs, and offer it."""
    for side, office in (("applicant", "Registrar"), ("custodian", "Chief executive")):
        page.locator(f"#{side}-office").fill(office)
    if ends is not None:
        page.locator("#ends-year").fill(str(ends))
    press(page, "Offer it")


def release(people: People) -> str:
    """Farah plans and builds a release; Edward signs it off. The release's name."""
    farah = people("Farah Aziz")
    go(farah, "Releases")
    link(farah, TITLE)
    press(farah, "Plan a release")
    until(farah, "What the permit would give")
    link(farah, "Build this release")
    press(farah, "Build release")
    until(farah, ".r1")
    farah.wait_for_timeout(500)
    name = farah.get_by_role("link", name=".r1").first
    name.wait_for()
    reference = name.inner_text()
    edward = people("Edward Shaw")
    go(edward, "Releases")
    link(edward, TITLE)
    link(edward, reference)
    link(edward, "Sign it off")
    sign(edward, "Go on to sign")
    return reference
