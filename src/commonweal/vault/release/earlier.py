"""The forms of the linked release before this one (S13).

With `link_across_refreshes` a person has the same code in every release, so two releases that show
a detail in two coarse ways tell more than either. The first release fixes the forms; later ones,
also of a permit that replaced the first, keep to them while the agreed form is the same.
"""

from __future__ import annotations

from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.custody import Custody, Lineage
from commonweal.vault.release.generalising import Earlier
from commonweal.vault.release.store import completed, read_manifest


def earlier_forms(custody: Custody, permit: Permit, lineage: Lineage) -> Earlier | None:
    """What the newest linked release of this permit, or of those it replaced, showed.

    None where the permit does not link its codes, lets no forms be chosen, or is the first.
    Raises `Fault` CW-RELEASE-MISSING and those of a manifest that is not believed: without it
    nobody knows which forms are to be kept.
    """
    if not (permit.link_across_refreshes and permit.optimise_generalisation):
        return None
    agreed = {
        f"{table.table}.{item.variable}": item.form
        for table in permit.dataset.tables
        for item in table.variables
    }
    releases = custody.home.releases
    made = [one for one in completed(custody.ledger) if one.permit in lineage.permits]
    for one in reversed(made):
        manifest = read_manifest(releases, releases / one.release, custody.belief)
        if manifest.pseudonym_scope == "linked":
            return Earlier(one.release, _kept(manifest, agreed))
    return None


def _kept(manifest: ReleaseManifest, agreed: dict[str, str]) -> dict[str, str]:
    """Released forms by `table.variable`, of those whose agreed form is what it was then."""
    chosen = manifest.risk.generalisation
    levels = {} if chosen is None else chosen.levels
    found = {}
    for table, content in manifest.tables.items():
        for column in content.columns:
            name = f"{table}.{column.name}"
            then = levels[name].permitted if name in levels else column.form
            if agreed.get(name) == then:
                found[name] = column.form
    return found
