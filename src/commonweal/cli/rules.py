"""`commonweal rules`: the committee's rules, in plain words and as a file; propose own ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commonweal.cli.options import HomeOption, JsonOption, group, new_place, opened
from commonweal.cli.show import emit

if TYPE_CHECKING:
    from commonweal.governance.committee.rules import CommitteeRules
    from commonweal.papers.roster import Roster
    from commonweal.vault.custody import Custody

app = group("The committee's rules. Show them in plain words, and propose your own.")

RulesFile = Annotated[Path, typer.Argument(help="The rules (YAML).", metavar="RULES")]


@app.command("show")
def show(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Show the rules in force in plain words."""
    from commonweal.governance.committee.words import published_text

    with opened(ctx, home) as custody:
        rules, own = _in_force(custody)
    whose = "These rules were adopted here." if own else "They ship with this software."
    lines = [*published_text(rules).splitlines(), "", whose]
    emit(json, {"rules": rules.plain(), "digest": rules.digest(), "adopted_here": own}, lines)


@app.command("write")
def write(
    ctx: typer.Context,
    out: Annotated[
        Path, typer.Argument(help="The file to write; must not exist.", callback=new_place)
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write the rules in force as the next version, to be changed in an editor."""
    from commonweal.foundation.files import write_atomic
    from commonweal.governance.committee.writing import as_yaml

    with opened(ctx, home) as custody:
        rules, _ = _in_force(custody)
    plain = rules.plain() | {"version": rules.version + 1, "previous": rules.digest()}
    changed = type(rules).read(plain, "The rules of the committee", "CW-COMMITTEE-RULES")
    write_atomic(out, as_yaml(changed).encode(), exclusive=True)
    lines = [f"The next version of the rules is in {out}. Change it in an editor."]
    lines.append(f"Next: commonweal rules check {out}")
    emit(json, {"file": str(out), "version": changed.version}, lines)


@app.command("check")
def check(
    ctx: typer.Context, file: RulesFile, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Check a file of rules, and show in plain words what it would change."""
    with opened(ctx, home) as custody:
        rules, said = _checked(custody, file)
    lines = [*said, f"Version {rules.version} can be proposed."]
    emit(json, {"version": rules.version, "digest": rules.digest(), "changes": said}, lines)


@app.command("propose")
def propose(
    ctx: typer.Context,
    file: RulesFile,
    out: Annotated[
        Path, typer.Option(help="The proposal to write; must not exist.", callback=new_place)
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write the list of people in force with these rules as a proposal.

    Who decides and by which rules is one paper, so it is signed and adopted as that is.
    """
    from commonweal.foundation.files import write_atomic
    from commonweal.papers.roster_change import people_needed
    from commonweal.vault.custody.roster_changes import propose_rules
    from commonweal.vault.custody.version_papers import draft_bytes

    with opened(ctx, home) as custody:
        rules, said = _checked(custody, file)
        roster = propose_rules(custody, rules.plain())
        write_atomic(out, draft_bytes(roster), exclusive=True)
        needed = people_needed(custody.trust)
    lines = [
        *said,
        f"The proposal is in {out}. It counts for nothing yet.",
        f"{needed} people who may change the trust policy must sign it.",
        f"Next: commonweal people sign {out} --key NAME",
    ]
    plain = {"version": rules.version, "file": str(out), "changes": said, "needed": needed}
    emit(json, plain, lines)


def rules_in_words(before: Roster | None, after: Roster) -> list[str]:
    """What a proposed roster changes in the rules, for those who sign it. Empty if nothing.

    Raises `Fault` or `Refused` CW-COMMITTEE-RULES for rules that nobody could count by.
    """
    from commonweal.governance.committee.adopted import check_next, differences, rules_of

    if after.rules == (None if before is None else before.rules):
        return []
    was, now = rules_of(before), rules_of(after)
    check_next(now, was)
    return [f"The committee's rules would be version {now.version}:", *differences(was, now)]


def _in_force(custody: Custody) -> tuple[CommitteeRules, bool]:
    """The rules in force, and whether this home adopted them itself."""
    from commonweal.governance.committee.adopted import rules_of

    roster = custody.rosters.history().in_force(custody.book.now())
    return rules_of(roster), roster is not None and roster.rules is not None


def _checked(custody: Custody, file: Path) -> tuple[CommitteeRules, list[str]]:
    from commonweal.foundation.documents import load_document
    from commonweal.governance.committee.adopted import check_next, differences
    from commonweal.governance.committee.rules import CommitteeRules

    called = f"The file of rules {file.name}"
    rules = CommitteeRules.read(load_document(file, called), called, "CW-COMMITTEE-RULES")
    before, _ = _in_force(custody)
    check_next(rules, before)
    said = differences(before, rules)
    return rules, said or ["Nothing that is published in words would be different."]
