"""Manifests for running a task on Kubernetes: data in, YAML out, and a check that nothing is weak.

Three documents: the project's namespace (Pod Security "restricted"), a policy that closes its
network both ways with DNS, and the Job. `check_manifests` knows every field that may be there and
what it must say; it is asked of what is written, and can be asked of what a cluster gives back. A
cluster whose network plug-in does not enforce NetworkPolicy closes nothing: that it does is part of
the site's signed statement, as with TES.

Kubernetes 1.29 and later: batch/v1 Job, networking.k8s.io/v1 NetworkPolicy, Pod Security Standards.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

from commonweal.enclave.engines.port import Task
from commonweal.foundation.errors import Fault, WrongUsage

Manifest = dict[str, Any]

KEPT_SECONDS = 3_600
"""A Job that has ended stays so long to be looked at; its data are gone with its pod."""
NOWHERE = "192.0.2.1"
"""A name server that does not exist (RFC 5737), beside the closed network: no name is looked up."""
_SCRATCH = "/tmp"  # noqa: S108 (inside)
_OUTPUTS = "/outputs"
_FIRST_USER = 10_000
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}", re.ASCII)
_PROJECT = "commonweal/project"
_JOB = "commonweal/job"


@dataclass(frozen=True)
class Cluster:
    """The custodian's settings of a cluster. user: the number that pods of this project run as.

    runtime: a RuntimeClass such as `gvisor`. profile: a seccomp profile on the nodes; None for the
    container runtime's own. claims: the volume claim behind each folder that a task is given, and
    of `/outputs`, by the path inside.
    """

    user: int
    claims: Mapping[str, str]
    runtime: str | None = None
    profile: str | None = None

    def __post_init__(self) -> None:
        names = [*self.claims.values(), *([self.runtime] if self.runtime else [])]
        if self.user < _FIRST_USER or not all(_LABEL.fullmatch(name) for name in names):
            raise WrongUsage(
                "CW-ENGINE-TASK", "The settings of a cluster have a user or name they may not have."
            )


def namespace_of(project: str) -> str:
    """The namespace of a project: the same each time, whatever letters its id has."""
    return f"commonweal-{hashlib.sha256(project.encode()).hexdigest()[:20]}"


def name_of(task: Task) -> str:
    """The Job's name: the same for the same attempt, so that a second creation is refused."""
    return f"job-{hashlib.sha256(task.name.encode()).hexdigest()[:32]}"


def manifests(task: Task, cluster: Cluster) -> list[Manifest]:
    """The documents that run a task, in the order in which they are applied.

    Raises `WrongUsage` CW-ENGINE-TASK where a claim is missing.
    """
    needed = {one.inside for one in task.given} | {_OUTPUTS}
    if needed != set(cluster.claims):
        raise WrongUsage("CW-ENGINE-TASK", "The claims are not those of what the task is given.")
    space = namespace_of(task.project)
    made = [_namespace(space), _closed(space), _job(task, cluster, space)]
    check_manifests(made)
    return made


def as_yaml(documents: Sequence[Manifest]) -> str:
    """The documents as YAML, once they pass the check. Raises `Fault` CW-ENGINE-MANIFEST."""
    check_manifests(documents)
    return yaml.safe_dump_all(documents, sort_keys=False)


def _namespace(space: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": space, "labels": _SPACE_LABELS.copy()},
    }


def _closed(space: str) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed", "namespace": space},
        # No rule follows: nothing comes in, nothing goes out, name servers included.
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }


def _job(task: Task, cluster: Cluster, space: str) -> Manifest:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name_of(task),
            "namespace": space,
            "labels": {_PROJECT: space, _JOB: name_of(task)},
        },
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": task.needs.minutes * 60,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {
                "metadata": {"labels": {_PROJECT: space, _JOB: name_of(task)}},
                "spec": _pod(task, cluster),
            },
        },
    }


def _pod(task: Task, cluster: Cluster) -> Manifest:
    volumes: list[Manifest] = [
        {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}}
    ]
    for place, (inside, claim) in enumerate(sorted(cluster.claims.items())):
        held = {"claimName": claim, "readOnly": inside != _OUTPUTS}
        volumes.append({"name": f"given-{place}", "persistentVolumeClaim": held})
    return {
        **_POD,
        **({} if cluster.runtime is None else {"runtimeClassName": cluster.runtime}),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": cluster.user,
            "runAsGroup": cluster.user,
            "fsGroup": cluster.user,
            "seccompProfile": _profile(cluster),
        },
        "containers": [_container(task, cluster)],
        "volumes": volumes,
    }


def _container(task: Task, cluster: Cluster) -> Manifest:
    sizes = {
        "cpu": str(task.needs.cores),
        "memory": f"{task.needs.memory_gb}Gi",
        "ephemeral-storage": f"{task.needs.disk_gb}Gi",
    }
    mounts: list[Manifest] = [{"name": "scratch", "mountPath": _SCRATCH}]
    for place, inside in enumerate(sorted(cluster.claims)):
        read_only = inside != _OUTPUTS
        mount = {"name": f"given-{place}", "mountPath": inside, "readOnly": read_only}
        # A volume is a folder; of one that holds a single file, that file is laid in its place.
        files = {one.inside for one in task.given if one.kind == "file"}
        mounts.append(mount | ({"subPath": PurePosixPath(inside).name} if inside in files else {}))
    return {
        "name": "study",
        "image": task.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [_literal(one) for one in task.command],
        "workingDir": task.workdir,
        "env": [
            {"name": name, "value": _literal(text)}
            for name, text in sorted(task.environment.items())
        ],
        "resources": {"requests": sizes, "limits": dict(sizes)},
        "securityContext": {**_HARD, "seccompProfile": _profile(cluster)},
        "volumeMounts": mounts,
    }


def _literal(text: str) -> str:
    """A text that Kubernetes leaves as it is: it would put variables in place of `$(NAME)`."""
    return text.replace("$", "$$")


def _profile(cluster: Cluster) -> Manifest:
    if cluster.profile is None:
        return {"type": "RuntimeDefault"}
    return {"type": "Localhost", "localhostProfile": cluster.profile}


# --- the check --------------------------------------------------------------------------------

_SPACE_LABELS: dict[str, str] = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
}
_POD: Manifest = {
    "restartPolicy": "Never",
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "hostNetwork": False,
    "hostPID": False,
    "hostIPC": False,
    "shareProcessNamespace": False,
    "dnsPolicy": "None",
    "dnsConfig": {"nameservers": [NOWHERE]},
}
"""Fields of a pod with the one value that they may have."""
_HARD: Manifest = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "privileged": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""Fields of the container's security context with the one value that they may have."""

_POD_FIELDS = frozenset({*_POD, "securityContext", "containers", "volumes"})
_CONTAINER_FIELDS = frozenset(
    {"name", "image", "imagePullPolicy", "command", "workingDir", "env", "resources",
     "securityContext", "volumeMounts"}
)  # fmt: skip
_JOB_FIELDS = frozenset(
    {"backoffLimit", "completions", "parallelism", "activeDeadlineSeconds",
     "ttlSecondsAfterFinished", "template"}
)  # fmt: skip
_SIZES = frozenset({"cpu", "memory", "ephemeral-storage"})
_LONGEST_SECONDS = 14 * 24 * 3_600


def check_manifests(documents: Sequence[Any]) -> None:
    """Refuse documents that weaken anything, or that hold anything we do not know.

    Raises `Fault` CW-ENGINE-MANIFEST, which names the field.
    """
    if len(documents) != 3 or not all(isinstance(one, dict) for one in documents):
        raise _weak("the documents are not a namespace, a closed network and a job")
    space, network, job = documents
    _exactly(space, {"apiVersion": "v1", "kind": "Namespace"}, {"metadata"}, "the namespace")
    _check_namespace(space["metadata"])
    name = space["metadata"]["name"]
    _check_network(network, name)
    _check_job(job, name)


def _check_namespace(metadata: Any) -> None:
    _exactly(metadata, {"labels": _SPACE_LABELS}, {"name"}, "the namespace")
    name = metadata["name"]
    if not isinstance(name, str) or not re.fullmatch(r"commonweal-[0-9a-f]{20}", name, re.ASCII):
        raise _weak("the namespace is not a project's own")


def _check_network(network: Manifest, space: str) -> None:
    fixed = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed", "namespace": space},
    }
    _exactly(network, fixed, {"spec"}, "the network policy")
    _exactly(
        network["spec"],
        {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        set(),
        "the network policy",
    )


def _check_job(job: Manifest, space: str) -> None:
    _exactly(job, {"apiVersion": "batch/v1", "kind": "Job"}, {"metadata", "spec"}, "the job")
    metadata, spec = job["metadata"], job["spec"]
    _exactly(metadata, {"namespace": space}, {"name", "labels"}, "the job")
    once = {"backoffLimit": 0, "completions": 1, "parallelism": 1}
    _exactly(spec, once, _JOB_FIELDS - once.keys(), "the job")
    _whole(spec["activeDeadlineSeconds"], 60, _LONGEST_SECONDS, "activeDeadlineSeconds")
    _whole(spec["ttlSecondsAfterFinished"], 0, 24 * 3_600, "ttlSecondsAfterFinished")
    labels = {_PROJECT: space, _JOB: metadata["name"]}
    if metadata["labels"] != labels:
        raise _weak("the labels are not the job's own")
    template = spec["template"]
    _exactly(template, {"metadata": {"labels": labels}}, {"spec"}, "the pod's template")
    _check_pod(template["spec"])


def _check_pod(pod: Any) -> None:
    wanted = dict(_POD)
    if isinstance(pod, dict) and "runtimeClassName" in pod:
        if not isinstance(pod["runtimeClassName"], str) or not _LABEL.fullmatch(
            pod["runtimeClassName"]
        ):
            raise _weak("runtimeClassName is not a name")
        wanted["runtimeClassName"] = pod["runtimeClassName"]
    _exactly(pod, wanted, _POD_FIELDS - _POD.keys(), "the pod")
    context = pod["securityContext"]
    numbers = {"runAsUser", "runAsGroup", "fsGroup"}
    _exactly(context, {"runAsNonRoot": True}, {*numbers, "seccompProfile"}, "the pod")
    for name in sorted(numbers):
        _whole(context[name], _FIRST_USER, 2**31 - 1, name)
    _check_profile(context["seccompProfile"])
    if not isinstance(pod["containers"], list) or len(pod["containers"]) != 1:
        raise _weak("containers are not the study alone")
    volumes = _check_volumes(pod["volumes"])
    _check_container(pod["containers"][0], volumes)


def _check_container(container: Any, volumes: Mapping[str, bool]) -> None:
    fixed = {"name": "study", "imagePullPolicy": "IfNotPresent"}
    _exactly(container, fixed, _CONTAINER_FIELDS - fixed.keys(), "the container")
    if not isinstance(container["image"], str) or not _IMAGE.fullmatch(container["image"]):
        raise _weak("image is not named by its digest")
    context = container["securityContext"]
    _exactly(context, _HARD, {"seccompProfile"}, "the container")
    _check_profile(context["seccompProfile"])
    resources = container["resources"]
    _exactly(resources, {}, {"requests", "limits"}, "resources")
    _exactly(resources["limits"], {}, _SIZES, "limits")
    if resources["requests"] != resources["limits"]:
        raise _weak("limits are not the requests of processor, memory and disk")
    if not all(re.fullmatch(r"[1-9][0-9]{0,5}(Gi)?", str(n)) for n in resources["limits"].values()):
        raise _weak("limits are not sizes")
    for one in _listed(container["env"], "env"):
        # A variable may be taken from nowhere: no secret, no field of the pod.
        _exactly(one, {}, {"name", "value"}, "env")
    seen = set()
    for one in _listed(container["volumeMounts"], "volumeMounts"):
        given = not isinstance(one, dict) or one.get("name") != "scratch"
        fields = {"name", "mountPath"} | ({"readOnly"} if given else set())
        inner = given and isinstance(one, dict) and "subPath" in one
        _exactly(one, {}, fields | ({"subPath"} if inner else set()), "a mount")
        if inner and one["subPath"] != PurePosixPath(str(one["mountPath"])).name:
            raise _weak("subPath is another name than that of the file's place")
        name, path = one["name"], one["mountPath"]
        if not (isinstance(name, str) and isinstance(path, str)):
            raise _weak("a mount has no name or path")
        if name not in volumes or name in seen:
            raise _weak("volumeMounts name a volume that is not there, or twice")
        seen.add(name)
        if (name == "scratch") != (path == _SCRATCH):
            raise _weak("mountPath of the scratch folder is another")
        if name != "scratch" and not (
            one["readOnly"] is volumes[name] and volumes[name] is (path != _OUTPUTS)
        ):
            raise _weak("readOnly is not set for what the job is given")


def _check_volumes(volumes: Any) -> dict[str, bool]:
    """Name of each volume, and whether it is read-only. Only claims, and one folder in memory."""
    found: dict[str, bool] = {}
    for one in _listed(volumes, "volumes"):
        if isinstance(one, dict) and set(one) == {"name", "emptyDir"} and one["name"] == "scratch":
            empty = one["emptyDir"]
            _exactly(empty, {"medium": "Memory"}, {"sizeLimit"}, "emptyDir")
            if not re.fullmatch(r"[1-9][0-9]{0,4}Mi", str(empty["sizeLimit"])):
                raise _weak("sizeLimit is not a size")
            found["scratch"] = False
        elif isinstance(one, dict) and set(one) == {"name", "persistentVolumeClaim"}:
            claim = one["persistentVolumeClaim"]
            _exactly(claim, {}, {"claimName", "readOnly"}, "persistentVolumeClaim")
            if type(claim["readOnly"]) is not bool or one["name"] == "scratch":
                raise _weak("readOnly of a claim is not yes or no")
            found[str(one["name"])] = claim["readOnly"]
        else:
            raise _weak("volumes hold something else than claims and a folder in memory")
    if [*found.values()].count(False) > 2 or len(found) != len(volumes):
        raise _weak("volumes that are given can be written to")
    return found


def _check_profile(profile: Any) -> None:
    if profile == {"type": "RuntimeDefault"}:
        return
    _exactly(profile, {"type": "Localhost"}, {"localhostProfile"}, "seccompProfile")
    name = profile["localhostProfile"]
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9./-]{0,127}", name):
        raise _weak("localhostProfile is not a name")


def _exactly(
    found: Any, fixed: Mapping[str, Any], free: set[str] | frozenset[str], where: str
) -> None:
    """Refuse an object without just these fields, or with another value of a `fixed` one."""
    if not isinstance(found, dict):
        raise _weak(f"{where} is not an object")
    for name, value in fixed.items():
        if name not in found or type(found[name]) is not type(value) or found[name] != value:
            raise _weak(f"{name} of {where} does not say what it must")
    for name in free:
        if name not in found:
            raise _weak(f"{name} of {where} is missing")
    if found.keys() - fixed.keys() - free:
        raise _weak(f"{where} has a field that is not known")


def _listed(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _weak(f"{name} is not a list")
    return value


def _whole(value: Any, least: int, most: int, name: str) -> None:
    if type(value) is not int or not least <= value <= most:
        raise _weak(f"{name} is not a whole number from {least} to {most}")


def _weak(why: str) -> Fault:
    return Fault("CW-ENGINE-MANIFEST", f"A manifest would not keep a job apart: {why}.")
