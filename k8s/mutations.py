"""Breaks a good rendering in many ways, one at a time, and fails where the checks do not notice.

    mutations.py ROOT FILE          FILE is the rendered overlay four-nodes, which has everything

A check that cannot fail is none; this is how we know that ours can.
"""

import copy
import sys
from pathlib import Path

import kubernetes_validate
import yaml

import check

VERSION = "1.30.0"


def find(documents, kind, name):
    """The one of a kind by its name; generated ones carry a hash behind it."""
    hashed = kind in ("ConfigMap", "Secret")
    for document in documents:
        own = document["metadata"]["name"]
        if document["kind"] == kind and (own.rsplit("-", 1)[0] if hashed else own) == name:
            return document
    raise SystemExit(f"mutations.py: there is no {kind} {name}")


def pod(documents, kind, name):
    return check.template_of(find(documents, kind, name))["spec"]


def first(documents, kind, name):
    return pod(documents, kind, name)["containers"][0]


def drop(documents, kind, name):
    documents.remove(find(documents, kind, name))


def env(documents, kind, name, variable):
    return next(e for e in first(documents, kind, name)["env"] if e["name"] == variable)


def paths(documents):
    return find(documents, "Ingress", "realms")["spec"]["rules"][0]["http"]["paths"]


# What is broken, and a part of the finding that must follow.
FITTING = [
    (lambda d: first(d, "Deployment", "forge").pop("readinessProbe"), "no readinessProbe"),
    (lambda d: first(d, "StatefulSet", "redis").pop("livenessProbe"), "no livenessProbe"),
    (lambda d: first(d, "StatefulSet", "nexus")["startupProbe"]["httpGet"].update(port="inner"), "asks the port inner"),
    (lambda d: first(d, "CronJob", "backup").pop("resources"), "requests no cpu"),
    (lambda d: first(d, "StatefulSet", "postgres")["resources"].pop("limits"), "no limit of memory"),
    (lambda d: first(d, "Deployment", "forge").update(image="realms:latest"), "without a version"),
    (lambda d: first(d, "StatefulSet", "redis").update(image="docker.io:443/library/redis"), "without a version"),
    (lambda d: first(d, "StatefulSet", "nexus").update(image="r.example.org:5000/realms:0.0.9"), "is version 0.0.9"),
    (lambda d: first(d, "Deployment", "tools").pop("securityContext"), "raise its privileges"),
    (lambda d: first(d, "Deployment", "forge")["securityContext"].update(capabilities={}), "keeps capabilities"),
    (lambda d: pod(d, "StatefulSet", "nexus")["securityContext"].update(runAsUser=0), "may run as root"),
    (lambda d: pod(d, "StatefulSet", "nexus")["securityContext"].update(runAsUser=1000), "as the image's user"),
    (lambda d: pod(d, "StatefulSet", "postgres")["securityContext"].pop("seccompProfile"), "no seccomp"),
    (lambda d: pod(d, "Deployment", "forge").pop("automountServiceAccountToken"), "token of the cluster"),
    (lambda d: pod(d, "Deployment", "forge").update(enableServiceLinks=True), "variables of services"),
    (lambda d: pod(d, "Deployment", "forge")["volumes"].pop(), "mounts signing-keys"),
    (lambda d: pod(d, "Deployment", "forge")["volumes"][-1]["secret"].update(secretName="keys"), "no Secret keys"),
    (lambda d: env(d, "Deployment", "forge", "PUBLIC_URL").update(name="PUBLIC_ADDRESS"), "PUBLIC_ADDRESS is no setting"),
    (lambda d: first(d, "StatefulSet", "nexus")["env"].reverse(), "does not come before it"),
    (lambda d: first(d, "StatefulSet", "nexus")["env"].remove(env(d, "StatefulSet", "nexus", "FORGE_URL")), "FORGE_URL is not set"),
    (lambda d: find(d, "ConfigMap", "settings")["data"].update(COLOUR="blue"), "COLOUR is no setting"),
    (lambda d: find(d, "ConfigMap", "settings")["data"].pop("PUBLIC_HOST"), "no PUBLIC_HOST in the ConfigMap"),
    (lambda d: find(d, "Secret", "redis")["data"].update({"redis-password": "c2VjcmV0"}), "is not empty"),
    (lambda d: find(d, "Service", "nexus-1")["spec"].update(selector={"app": "nexus-1"}), "selects no pod"),
    (lambda d: find(d, "Service", "forge")["spec"]["ports"][0].update(targetPort="web"), "to the port web"),
    (lambda d: find(d, "Service", "nexus")["spec"].update(clusterIP="10.0.0.9"), "not headless"),
    (lambda d: find(d, "StatefulSet", "nexus")["spec"].update(replicas=4), "does not lead /ws/game/cmd/nexus-3 to"),
    (lambda d: find(d, "StatefulSet", "nexus")["spec"].update(replicas=2), "belongs to no nexus"),
    (lambda d: find(d, "StatefulSet", "nexus-flagship")["spec"].update(replicas=3), "the nodes carry"),
    (lambda d: find(d, "StatefulSet", "nexus")["spec"]["selector"]["matchLabels"].update(a="b"), "match its own pods"),
    (lambda d: paths(d)[2]["backend"]["service"].update(name="nexus-0"), "does not lead /ws/game/cmd/nexus-1"),
    (lambda d: paths(d)[0]["backend"]["service"].update(name="nexus-0"), "/ does not lead to the Forge"),
    (lambda d: env(d, "StatefulSet", "nexus", "WS_URI").update(value="wss://$(PUBLIC_HOST)/$(POD_NAME)/ws"), "does not lead /nexus-0/ws"),
    (lambda d: drop(d, "PodDisruptionBudget", "postgres"), "no disruption budget"),
    (lambda d: find(d, "PodDisruptionBudget", "forge")["spec"].update(selector={"matchLabels": {"a": "b"}}), "selects no pod"),
    (lambda d: find(d, "PodDisruptionBudget", "forge")["spec"].update(selector={}), "several disruption budgets"),
    (lambda d: drop(d, "NetworkPolicy", "default-deny"), "refuses what is not named"),
    (lambda d: find(d, "NetworkPolicy", "redis")["spec"]["podSelector"]["matchLabels"].update(a="b"), "selects no pod"),
    (lambda d: find(d, "NetworkPolicy", "postgres")["spec"].update(ingress=[{}]), "lets everything pass"),
    (lambda d: find(d, "NetworkPolicy", "nexus")["spec"]["ingress"][0]["ports"][0].update(port="internal"), "other than the public one"),
    (lambda d: find(d, "NetworkPolicy", "nexus")["spec"]["ingress"].pop(), "the other side lets nobody in"),
    (lambda d: find(d, "NetworkPolicy", "redis")["spec"]["ingress"][0]["ports"][0].update(port="web"), "opens the port web"),
    (lambda d: pod(d, "StatefulSet", "postgres").pop("tolerations"), "tolerates []"),
    (lambda d: pod(d, "Deployment", "forge").pop("nodeSelector"), "the nodes carry"),
    (lambda d: drop(d, "PersistentVolumeClaim", "backups"), "no claim backups"),
    (lambda d: find(d, "Service", "redis")["metadata"].update(namespace="default"), "is not in the namespace"),
    (lambda d: find(d, "Namespace", "realms")["metadata"].pop("labels") and find(d, "Namespace", "realms")["metadata"].update(labels={}), "restricted profile"),
]
# What the schemas must refuse.
SHAPES = [
    (lambda d: first(d, "Deployment", "forge").update(imagePullPolice="Always"), "Deployment"),
    (lambda d: find(d, "StatefulSet", "nexus")["spec"].pop("selector"), "StatefulSet"),
    (lambda d: paths(d)[0].update(pathType=7), "Ingress"),
    (lambda d: find(d, "NetworkPolicy", "forge")["spec"].update(policyTypes="Ingress"), "NetworkPolicy"),
    (lambda d: find(d, "CronJob", "backup")["spec"].pop("schedule"), "CronJob"),
]
# A part of the Containerfile, what it becomes, and a part of the finding that must follow.
IMAGE = [
    ("debian:12.11-slim", "debian:latest", "RUNTIME has no version"),
    ("rust:1.95.0-slim-bookworm", "rust", "RUST has no version"),
    ("USER 10001:10001\nCMD", "CMD", "tools ends as user"),
    ("USER 10001:10001\nSTOPSIGNAL", "STOPSIGNAL", "runtime ends as user"),
]


def is_refused(document):
    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except kubernetes_validate.ValidationError:
        return True
    return False


def main():
    root, file = Path(sys.argv[1]), Path(sys.argv[2])
    good = [d for d in yaml.safe_load_all(file.read_text()) if d]
    missed = 0
    for number, (break_it, expected) in enumerate(FITTING):
        documents = copy.deepcopy(good)
        break_it(documents)
        found = check.findings("four-nodes", documents, root)
        if not any(expected in line for line in found):
            missed += 1
            print(f"mutation {number} was not noticed: expected {expected!r}, found {found}", file=sys.stderr)
    text = (root / "Containerfile").read_text()
    for part, other, expected in IMAGE:
        if part not in text or not any(expected in line for line in check.image_findings(text.replace(part, other))):
            missed += 1
            print(f"in the Containerfile, {part!r} as {other!r} was not noticed", file=sys.stderr)
    for number, (break_it, kind) in enumerate(SHAPES):
        documents = copy.deepcopy(good)
        break_it(documents)
        if not any(is_refused(d) for d in documents if d["kind"] == kind):
            missed += 1
            print(f"broken shape {number} of a {kind} was not refused", file=sys.stderr)
    count = len(FITTING) + len(IMAGE) + len(SHAPES)
    print(f"{count - missed} of {count} mutations were noticed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
