"""Manifests: what is written passes, and every rule that is taken away is missed."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from commonweal.enclave.engines.kubernetes import (
    Cluster,
    as_yaml,
    check_manifests,
    manifests,
    name_of,
    namespace_of,
)
from commonweal.enclave.engines.port import Given
from commonweal.foundation.errors import CommonwealError
from tests.engine_house import IMAGE, task
from tests.release_house import refused

CLAIMS = {"/release": "release-1", "/study": "study-1", "/outputs": "out-1"}


def cluster(**changes: Any) -> Cluster:
    return Cluster(**{"user": 20_001, "claims": CLAIMS, **changes})


def written(**changes: Any) -> list[dict[str, Any]]:
    return manifests(task(), cluster(**changes))


def pod(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return documents[2]["spec"]["template"]["spec"]


def test_what_is_written_is_what_was_meant() -> None:
    space, network, job = written(runtime="gvisor")
    assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert network["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert job["spec"]["activeDeadlineSeconds"] == 3_600
    found = pod([space, network, job])
    assert found["runtimeClassName"] == "gvisor"
    assert found["automountServiceAccountToken"] is False
    assert found["dnsPolicy"] == "None"
    (container,) = found["containers"]
    assert container["image"] == IMAGE
    assert container["resources"]["limits"] == container["resources"]["requests"] == {
        "cpu": "2", "memory": "4Gi", "ephemeral-storage": "10Gi"}  # fmt: skip
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    writable = [one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")]
    assert sorted(writable) == ["/outputs", "/tmp"]
    assert {one["metadata"].get("namespace") for one in (network, job)} == {namespace_of("asthma")}


def test_yaml_says_the_same_and_names_are_those_of_kubernetes() -> None:
    made = written(profile="profiles/study.json")
    assert list(yaml.safe_load_all(as_yaml(made))) == made
    label = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
    for odd in ("Asthma_1", "ASTHMA.1", "x" * 64):
        assert label.fullmatch(namespace_of(odd))
    assert namespace_of("a") != namespace_of("A")
    assert name_of(task()) == name_of(task()) != name_of(task(attempt=2))
    assert label.fullmatch(name_of(task("Job_1.x")))


def test_a_file_is_laid_in_its_place_and_words_stay_as_they_are() -> None:
    given = (Given("file:///srv/refs/imd.csv", "/reference/imd.csv", "file"),)
    one = task(given=given, command=("python", "main.py", "$(HOME)", "$5"))
    claims = {"/reference/imd.csv": "imd", "/outputs": "out"}
    made = manifests(one, cluster(claims=claims))
    (container,) = pod(made)["containers"]
    assert container["command"][2:] == ["$$(HOME)", "$$5"]
    mount = next(m for m in container["volumeMounts"] if m["mountPath"] == "/reference/imd.csv")
    assert (mount["subPath"], mount["readOnly"]) == ("imd.csv", True)
    for odd in ("../imd.csv", "", "secrets", None, 7):
        place = container["volumeMounts"].index(mount)
        at = (2, "spec", "template", "spec", "containers", 0, "volumeMounts", place, "subPath")
        weaker = changed(made, at, lambda i, k, o=odd: i.__setitem__(k, o))
        assert refused(lambda w=weaker: check_manifests(w)).code == "CW-ENGINE-MANIFEST"


# --- each rule taken away ----------------------------------------------------------------------

Path = tuple[str | int, ...]


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """The place of everything in a document."""
    if not isinstance(value, dict | list):
        return
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*at, key)
        yield from paths(child, (*at, key))


def changed(documents: list[Any], at: Path, change: Callable[[Any, Any], None]) -> list[Any]:
    made = copy.deepcopy(documents)
    inside: Any = made
    for key in at[:-1]:
        inside = inside[key]
    change(inside, at[-1])
    return made


def remove(inside: Any, key: Any) -> None:
    del inside[key]


def own(at: Path) -> bool:
    """Whether a place only holds words of the job, so that without it nothing is weaker."""
    return any(key in ("command", "env") for key in at[:-1]) and isinstance(at[-1], int)


def test_every_field_that_is_taken_away_is_missed() -> None:
    documents, seen = written(runtime="gvisor"), 0
    for at in paths(documents):
        if own(at) or at[-1] == "runtimeClassName" or at[-2:-1] == ("volumeMounts",):
            continue  # which runtime is the custodian's choice; a volume may be left unused
        if at[-2:-1] == ("volumes",):
            continue
        seen += 1
        weaker = changed(documents, at, remove)
        assert refused(lambda w=weaker: check_manifests(w)).code == "CW-ENGINE-MANIFEST", at
    assert seen > 70


def test_every_switch_that_is_turned_is_seen() -> None:
    documents, seen = written(), 0
    for at in paths(documents):
        inside: Any = documents
        for key in at:
            inside = inside[key]
        if not isinstance(inside, bool):
            continue
        seen += 1
        for other in (not inside, None, "yes", int(inside)):
            weaker = changed(documents, at, lambda i, k, o=other: i.__setitem__(k, o))
            assert refused(lambda w=weaker: check_manifests(w)).code == "CW-ENGINE-MANIFEST", at
    assert seen >= 14


def test_a_field_more_anywhere_is_refused() -> None:
    documents = written()
    for at in [(), *paths(documents)]:
        inside: Any = documents
        for key in at:
            inside = inside[key]
        if isinstance(inside, dict):
            more = copy.deepcopy(documents)
            target: Any = more
            for key in at:
                target = target[key]
            target["hostAliases"] = []
            assert refused(lambda m=more: check_manifests(m)).code == "CW-ENGINE-MANIFEST", at


def test_whatever_stands_anywhere_only_our_error_comes_out() -> None:
    documents = written()
    for at in paths(documents):
        for odd in (None, 7, "x", [], {}, [7], {"a": None}, [[]]):
            made = changed(documents, at, lambda i, k, o=odd: i.__setitem__(k, o))
            with contextlib.suppress(CommonwealError):
                check_manifests(made)


CONTEXT: Path = (2, "spec", "template", "spec", "containers", 0, "securityContext")
POD: Path = (2, "spec", "template", "spec")


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ((1, "spec", "policyTypes"), ["Ingress"]),
        ((1, "spec", "podSelector"), {"matchLabels": {"app": "x"}}),
        ((1, "metadata", "namespace"), "default"),
        ((2, "metadata", "namespace"), "kube-system"),
        ((0, "metadata", "name"), "default"),
        ((0, "metadata", "labels"), {"pod-security.kubernetes.io/enforce": "privileged"}),
        ((2, "spec", "activeDeadlineSeconds"), 10**9),
        ((2, "spec", "activeDeadlineSeconds"), "3600"),
        ((2, "spec", "backoffLimit"), 6),
        ((2, "spec", "parallelism"), True),
        ((2, "spec", "template", "metadata", "labels"), {}),
        ((*POD, "dnsPolicy"), "ClusterFirst"),
        ((*POD, "dnsConfig"), {"nameservers": ["10.0.0.10"]}),
        ((*POD, "restartPolicy"), "Always"),
        ((*POD, "runtimeClassName"), "../runc"),
        ((*POD, "securityContext", "runAsUser"), 0),
        ((*POD, "securityContext", "runAsUser"), 999),
        ((*POD, "securityContext", "runAsGroup"), True),
        ((*POD, "securityContext", "seccompProfile"), {"type": "Unconfined"}),
        ((*POD, "securityContext", "seccompProfile"), {"type": "Localhost"}),
        ((*POD, "containers"), []),
        ((*POD, "volumes"), [{"name": "host", "hostPath": {"path": "/"}}]),
        ((*POD, "volumes", 0), {"name": "scratch", "emptyDir": {}}),
        ((*POD, "volumes", 1), {"name": "given-0", "secret": {"secretName": "x"}}),
        ((*POD, "volumes", 2, "persistentVolumeClaim", "readOnly"), False),
        ((*POD, "containers", 0, "image"), "registry.example/study:latest"),
        ((*POD, "containers", 0, "image"), "registry.example/study@sha256:ab"),
        ((*POD, "containers", 0, "imagePullPolicy"), "Always"),
        ((*POD, "containers", 0, "env"), [{"name": "A", "valueFrom": {"secretKeyRef": {}}}]),
        ((*POD, "containers", 0, "resources", "limits", "memory"), "64Gi"),
        ((*POD, "containers", 0, "resources", "limits"), {"cpu": "2"}),
        ((*POD, "containers", 0, "volumeMounts", 1, "mountPath"), "/tmp"),
        ((*POD, "containers", 0, "volumeMounts", 2, "readOnly"), False),
        ((*POD, "containers", 0, "volumeMounts", 2, "name"), "given-0"),
        ((*POD, "containers", 0, "volumeMounts", 0, "mountPath"), "/usr"),
        ((*CONTEXT, "capabilities"), {"drop": ["ALL"], "add": ["NET_ADMIN"]}),
        ((*CONTEXT, "capabilities"), {"drop": ["NET_RAW"]}),
        ((*CONTEXT, "seccompProfile"), {"type": "Unconfined"}),
    ],
)
def test_known_ways_to_weaken_it_are_refused(at: Path, value: Any) -> None:
    weaker = changed(written(), at, lambda inside, key: inside.__setitem__(key, value))
    error = refused(lambda: check_manifests(weaker))
    assert (error.code, error.exit_code) == ("CW-ENGINE-MANIFEST", 3)
    assert refused(lambda: as_yaml(weaker)).code == "CW-ENGINE-MANIFEST"


def test_containers_and_documents_beside_ours_are_refused() -> None:
    documents = written()
    two = copy.deepcopy(documents)
    pod(two)["containers"].append(copy.deepcopy(pod(two)["containers"][0]))
    for odd in ([], documents[:2], [*documents, documents[2]], documents[::-1], [None] * 3, two):
        assert refused(lambda o=odd: check_manifests(o)).code == "CW-ENGINE-MANIFEST"


@pytest.mark.parametrize(
    "changes",
    [{"user": 0}, {"user": 9_999}, {"claims": {**CLAIMS, "/release": "../x"}}, {"runtime": "a b"}],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    assert refused(lambda: cluster(**changes)).code == "CW-ENGINE-TASK"


@pytest.mark.parametrize("claims", [{"/outputs": "o"}, {**CLAIMS, "/more": "m"}])
def test_claims_are_those_of_the_task(claims: dict[str, str]) -> None:
    assert refused(lambda: manifests(task(), cluster(claims=claims))).code == "CW-ENGINE-TASK"
