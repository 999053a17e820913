"""The people of the journey: each in a browser of their own, each doing their part by clicking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

from playwright.sync_api import Browser, BrowserContext, Page

from commonweal.demo.walkthrough import papers
from commonweal.demo.walkthrough.application import COARSER, STRUCK, document_text
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.london import london_day
from tests.browser.looking import sign_in

TITLE = "Heart and sugar"
CONDITION = "Results are published within a year."
DAYS = 200
"""How long the committee lets it last; a year was asked for."""
LAY = ("Irene Walsh", "Jamal Hussain", "Zofia Nowak")
VOTERS = ("Grace Adeyemi", "Hamish Reid", "Yusuf Demir", *LAY)
CONFLICTED = "Xanthe Moore"
DOCUMENTS = ("protocol", "ethics", "cag", "items", "guardian", "flow")
WAIT_MS = 30_000


@dataclass
class People:
    """Everybody of the demonstration, signed in when first asked for."""

    browser: Browser
    address: str
    complaints: list[str] = field(default_factory=list)
    last: str = ""
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
        self.last = who
        return self._pages[who]

    def shown(self) -> str:
        """What the page of whoever acted last shows, for a test that fails."""
        if not self.last:
            return "Nobody has signed in."
        page = self._pages[self.last]
        return f"{self.last} at {page.url}: {page.inner_text('body')[:3000]}"

    def leave(self) -> None:
        """Everybody's time here has run out: who is asked for next signs in anew."""
        self._pages.clear()

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
    except Exception as error:
        error.add_note(people.shown())
        raise
    finally:
        people.close()


# --- hands ------------------------------------------------------------------------------------


def go(page: Page, place: str) -> None:
    """Follow a link of the menu; what finds no room on the line stands behind a button.

    The page may still be giving way to the next one, so what is there is looked at again and again.
    """
    banner = page.get_by_role("banner")
    link = banner.get_by_role("link", name=place, exact=True)
    more = banner.get_by_role("button", name="More")
    for _ in range(WAIT_MS // 100):
        if link.is_visible():
            link.click()
            return
        if more.is_visible():
            more.click()
        page.wait_for_timeout(100)
    raise AssertionError(f"{place!r} is not in the menu: {banner.inner_text()}")


def click(page: Page, name: str) -> None:
    """Follow the first link, or press the first button, that is called `name`."""
    main = page.get_by_role("main")
    main.get_by_role("link", name=name).or_(main.get_by_role("button", name=name)).first.click()


def sign(page: Page, button: str) -> None:
    """Press a button, read what is signed, sign it, and come back when the ledger heard of it."""
    click(page, button)
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


def hand_in(people: People) -> None:
    """Amara hands in each document that her application names."""
    amara = people("Amara Okafor")
    go(amara, "Applications")
    click(amara, TITLE)
    click(amara, "Hand in documents")
    for name in DOCUMENTS:
        click(amara, f"Hand in the file for Document {name}")
        amara.locator("input[type=file]").set_input_files(
            {"name": f"{name}.txt", "mimeType": "text/plain", "buffer": document_text(name)}
        )
        click(amara, "Hand in")


def send(people: People) -> None:
    """She sends what she filled in, and signs that she did."""
    amara = people("Amara Okafor")
    go(amara, "Applications")
    click(amara, TITLE)
    click(amara, "Check your answers")
    click(amara, "Go on to send")
    sign(amara, "Send now")


def take_up(people: People) -> None:
    """Edward begins to check it."""
    edward = at_desk(people, "Edward Shaw")
    click(edward, "Begin to check")
    click(edward, "Yes")


def at_desk(people: People, who: str) -> Page:
    """Somebody's page of the application at the desk."""
    page = people(who)
    go(page, "Desk")
    click(page, TITLE)
    return page


def check(people: People) -> None:
    """He looks at each document, and goes through the list of what a person checks."""
    edward = at_desk(people, "Edward Shaw")
    click(edward, "Documents")
    for name in DOCUMENTS:
        click(edward, f"Document {name}")
        edward.get_by_text("It is the file that the application names.").wait_for()
        for one in edward.get_by_role("checkbox").all():
            one.check()
        click(edward, "Say that the document shows what it must")
    edward = at_desk(people, "Edward Shaw")
    click(edward, "Checks")
    edward.get_by_role("heading", level=1, name="Checks").wait_for()
    for one in edward.get_by_role("radio", name="Yes", exact=True).all():
        one.check()
    click(edward, "Save")


def advise(people: People) -> None:
    """Quentin reads the data protection impact assessment, advises and signs."""
    quentin = at_desk(people, "Quentin Hale")
    click(quentin, "Read the assessment and give advice")
    quentin.get_by_label("The assessment is sound", exact=True).check()
    quentin.get_by_label("Your advice").fill("Read in full; the risks are named and met.")
    sign(quentin, "Go on to sign")


def pass_on(people: People) -> None:
    """Edward says that the application is complete: it waits for the committee."""
    edward = at_desk(people, "Edward Shaw")
    click(edward, "Say that the application is complete")
    click(edward, "Yes")


def assessment(people: People, who: str) -> Page:
    """Somebody's page of its impact assessment."""
    page = at_desk(people, who)
    click(page, "Open the impact assessment")
    return page


def hold_workshop(people: People) -> None:
    """A workshop is planned, held, and written down by an independent person."""
    edward = assessment(people, "Edward Shaw")
    click(edward, "Say that the assessment is complete")
    click(edward, "Yes")
    click(edward, "Set the date of a workshop")
    edward.locator("[name=workshop]").select_option("new")
    on_day(edward, "planned_on", today() + timedelta(days=14))
    edward.locator("[name=facilitator]").select_option("nadia")
    click(edward, "Save")
    nadia = assessment(people, "Nadia Petrova")
    click(nadia, "Record that the workshop was held")
    on_day(nadia, "papers_sent_on", today() - timedelta(days=9))
    on_day(nadia, "held_on", today())
    nadia.get_by_label("How many patients").fill("10")
    click(nadia, "Save")
    leon = assessment(people, "Leon Baptiste")
    click(leon, "Write the independent record")
    leon.get_by_label("What was said, all in all").fill("People had hopes and doubts.")
    leon.get_by_label("Point 1").fill("Small groups may come off worse.")
    click(leon, "Hand in the record")


def answer_points(people: People) -> None:
    """Amara answers each point of the workshop; Edward says that the answers will do."""
    amara = people("Amara Okafor")
    go(amara, "Applications")
    click(amara, TITLE)
    click(amara, "Answer each point of the workshop")
    amara.get_by_role("radio").first.check()
    amara.get_by_label("Why").fill("They are right.")
    amara.get_by_label("What you change").fill("Every figure is reported by age group and sex.")
    click(amara, "Send the answers")
    edward = assessment(people, "Edward Shaw")
    click(edward, "Say that the answers will do")
    click(edward, "Yes")


def at_meeting(people: People, who: str) -> Page:
    """Somebody's page of the committee's meeting."""
    page = people(who)
    go(page, "Committee")
    click(page, "Meetings and agendas")
    page.get_by_role("heading", level=1, name="Meetings").wait_for()
    if page.get_by_text("Room 4").count():
        page.get_by_role("main").locator("li a").first.click()
    return page


def at_item(people: People, who: str) -> Page:
    """Somebody's page of the application on the agenda."""
    page = at_meeting(people, who)
    click(page, TITLE)
    return page


def call_meeting(people: People) -> None:
    """Kate calls a meeting with the application on its agenda; Grace opens it."""
    kate = at_meeting(people, "Kate Lindqvist")
    click(kate, "Add a meeting")
    on_day(kate, "on", today() + timedelta(days=1))
    kate.get_by_label("Time").fill("14:00")
    kate.get_by_label("Where").fill("Room 4")
    click(kate, "Save")
    click(kate, "Put on the agenda")
    for who in (*VOTERS, CONFLICTED):
        kate.get_by_label(f"{who},").check()
    click(kate, "Save who is there")
    click(kate, "Send the papers to the members")
    click(at_meeting(people, "Grace Adeyemi"), "Open the meeting")
    click(at_item(people, "Kate Lindqvist"), "Begin with this application")


def declare(people: People) -> None:
    """Everybody says whether they have a conflict; who has one is shut out from then on."""
    for who in (*VOTERS, CONFLICTED):
        page = at_item(people, who)
        click(page, "Say whether you have a conflict")
        if who == CONFLICTED:
            page.get_by_role("radio", name="Yes", exact=True).check()
            page.get_by_role("checkbox").first.check()
        else:
            page.get_by_role("radio", name="No, none").check()
        sign(page, "Go on to sign")
    page.get_by_text("You take no part in it").wait_for()
    click(at_item(people, "Grace Adeyemi"), "Go on to the discussion")


def propose(people: People) -> None:
    """Ethnic group is to be struck out, and diagnoses given in groups; the vote is opened."""
    kate = at_item(people, "Kate Lindqvist")
    click(kate, "Change what is proposed of each variable")
    for (table, name), verdict in ((STRUCK, "No"), (COARSER, "Yes, in less detail")):
        group = kate.locator("fieldset.house-group", has_text=f"{table}.{name}")
        group.get_by_role("radio", name=verdict, exact=True).check()
        if verdict != "No":
            group.get_by_label("In which form").select_option(papers.ASKED[table][name])
        group.get_by_label("Why, if not as asked").fill("The question is answered without it.")
    click(kate, "Save")
    click(at_item(people, "Grace Adeyemi"), "Open the vote")


def vote(people: People) -> None:
    """All vote yes, one of them on a condition."""
    for who in VOTERS:
        page = at_item(people, who)
        page.get_by_role("button", name="Vote", exact=True).click()
        answer = "Yes, with conditions" if who == LAY[0] else "Yes"
        page.get_by_role("radio", name=answer, exact=True).check()
        page.get_by_label("Why", exact=True).fill("It helps people, and the risk is small.")
        if who == LAY[0]:
            page.get_by_role("textbox", name="Conditions").fill(CONDITION)
        sign(page, "Go on to sign")


def decide(people: People) -> None:
    """Grace writes down what the votes say, and why."""
    grace = at_item(people, "Grace Adeyemi")
    click(grace, "Write down the decision")
    grace.get_by_label("What was decided, in plain words").fill("The study may use the records.")
    grace.get_by_label("Reasons").fill("It can help many people, and asks for little.")
    on_day(grace, "until", today() + timedelta(days=DAYS))
    sign(grace, "Go on to sign")


def agree(people: People) -> str:
    """Framework and agreement, accepted by both sides, countersigned twice: the permit's page."""
    edward, colin, vera = (people(who) for who in ("Edward Shaw", "Colin Marsh", "Vera Novak"))
    go(edward, "Permits")
    click(edward, TITLE)
    offer(edward, ends=today().year + 3)
    for page in (colin, vera):
        page.goto(edward.url)
        sign(page, "Accept and sign")
    until(vera, "in force until its last day")
    go(edward, "Permits")
    click(edward, TITLE)
    offer(edward)
    for page in (colin, vera):
        page.goto(edward.url)
        sign(page, "Accept and sign")
    for who in ("Owen Griffiths", "Priya Raman"):
        page = people(who)
        page.goto(f"{edward.url}countersign/")
        sign(page, "Agree and sign")
    until(edward, "The agreement is in force")
    click(edward, "Go to the permit")
    until(edward, "It is the one on the public register and on the ledger.")
    return edward.url


def offer(page: Page, ends: int | None = None) -> None:
    """Say who signs, and offer it."""
    for side, office in (("applicant", "Registrar"), ("custodian", "Chief executive")):
        page.locator(f"#{side}-office").fill(office)
    if ends is not None:
        page.locator("#ends-year").fill(str(ends))
    click(page, "Offer it")


def release(people: People) -> str:
    """Farah plans and builds a release; Edward signs it off. The release's name."""
    farah = people("Farah Aziz")
    go(farah, "Releases")
    click(farah, TITLE)
    click(farah, "Plan a release")
    until(farah, "What the permit would give")
    click(farah, "Build this release")
    sign(farah, "Build release")
    # With scripts the page looks again by itself.
    name = farah.get_by_role("link", name=".r1")
    name.wait_for()
    reference = name.inner_text()
    edward = people("Edward Shaw")
    go(edward, "Releases")
    click(edward, TITLE)
    click(edward, reference)
    click(edward, "Sign it off")
    sign(edward, "Go on to sign")
    until(edward, "Edward Shaw signed it off")
    return reference


def read_register(people: People) -> None:
    """Anybody reads on the public pages what is done, who decided it and what it may see."""
    mary = people("Mary Doyle")
    go(mary, "Projects")
    click(mary, TITLE)
    mary.get_by_role("heading", level=1, name=TITLE).wait_for()
    told = mary.inner_text("main")
    for words in ("A committee with members of the public", "The study may use the records."):
        assert words in told, told
    hidden = mary.locator("main").text_content() or ""
    assert "primary_diagnosis" in hidden
    # What was struck out is told as refused, and is not among what the project may see.
    seen = hidden.partition("What the project may see")[2]
    assert STRUCK[1] not in seen, seen


WAY = (hand_in, send, take_up, check, advise, pass_on, hold_workshop, answer_points, call_meeting,
       declare, propose, vote, decide, agree, release, read_register)  # fmt: skip
"""The whole journey, in order."""
