"""One run on one permit: papers verified, status fresh, inputs and keys at hand.

The checks here come before anything is read from a source, in the order in which a person would
want to be told: signature, status and state, then the catalogue.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from commonweal.foundation.errors import Refused
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import Permit
from commonweal.papers.permit_check import Action
from commonweal.vault.choices.journal import read_journal
from commonweal.vault.custody import Custody, lineage_of, status_of
from commonweal.vault.custody import permits as custody_permits
from commonweal.vault.equality.citing import cited_figures
from commonweal.vault.keys import Secret
from commonweal.vault.release.earlier import earlier_forms
from commonweal.vault.release.prepare import Inputs
from commonweal.vault.release.project_keys import ProjectKeys, scope_of, shift_scope_of
from commonweal.vault.release.recipe import Recipe
from commonweal.vault.risk import Depth


def load_permit(custody: Custody, path: Path) -> Permit:
    """The permit in a file, believed under the home's trust policy."""
    return custody_permits.load_permit(custody, path)


def check_now(custody: Custody, permit: Permit, action: Action) -> None:
    """Refuse unless the permit allows `action` now, by a status fresh from the ledger."""
    permit.check(action, None, custody.clock.now(), status_of(custody, permit))


def make_inputs(
    custody: Custody,
    permit: Permit,
    catalogue_path: Path,
    choices: Path,
    depth: Depth | None = None,
) -> Inputs:
    """What a build or plan starts from."""
    lineage = lineage_of(custody, permit)
    return Inputs(
        permit=permit,
        catalogue=Catalogue.load(catalogue_path),
        catalogue_folder=catalogue_path.absolute().parent,
        choices_folder=choices,
        journal=read_journal(custody),
        at=custody.clock.now(),
        demo=custody.home.kind == "demo",
        choices_max_age_days=custody.trust.fresh.choices_days,
        choices_not_before=custody.home.info.restored_at,
        depth=depth or Depth(),
        lineage=lineage,
        earlier=earlier_forms(custody, permit, lineage),
        cited=cited_figures(custody, permit.dataset.dataset),
    )


@dataclass(frozen=True)
class KeyIds:
    """The ids of the keys that a release was made with, by purpose."""

    ids: dict[str, str]


class ProjectKeyring:
    """Finds, and in a build makes, the keys of a permit's project."""

    def __init__(self, custody: Custody, permit: Permit, *, may_create: bool) -> None:
        self._custody = custody
        self._permit = permit
        self._may_create = may_create
        self.ids: dict[str, str] = {}

    def keys(self, recipe: Recipe, fingerprint: str, choices: str) -> ProjectKeys:
        """The project's keys in the scope of this permit, snapshot and choices (S13)."""
        linked, permit = recipe.permit.link_across_refreshes, recipe.permit
        root = lineage_of(self._custody, permit).root
        return ProjectKeys(
            project=self._project(),
            audit=self._named("audit"),
            sieve=self._named("sieve"),
            membership=self._named("membership"),
            scope=scope_of(
                linked=linked, permit=permit.id, fingerprint=fingerprint, choices=choices
            ),
            shift_scope=shift_scope_of(linked=linked, root=root),
        )

    def _named(self, name: str) -> Secret:
        self.ids[name] = self._custody.keyring.get(name).id
        return self._custody.keyring.secret(name)

    def _project(self) -> Secret:
        keyring = self._custody.keyring
        name = key_name("project", self._permit.project.id)
        if not any(info.name == name for info in keyring.list()):
            if not self._may_create:
                # A plan shows counts and risk only; its codes are thrown away, so any key serves.
                return Secret.generate()
            keyring.create(name, "project", project=self._permit.project.id)
        self.ids["project"] = keyring.get(name).id
        return keyring.secret(name)


def key_name(purpose: str, about: str) -> str:
    """The name of a key that belongs to a project or release, whatever letters its id has."""
    return f"{purpose}.{hashlib.sha256(about.encode()).hexdigest()[:32]}"


def refuse_elsewhere(permit: Permit, out: Path | None) -> None:
    """Another place than the store needs a decision of its own (S19)."""
    if out is not None and permit.delivery != "handover":
        raise Refused(
            "CW-RELEASE-DELIVERY",
            "The permit keeps the data in the enclave; only a permit with delivery handover lets "
            "them be put elsewhere.",
        )
