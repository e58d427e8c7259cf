"""What the schemas of Kubernetes cannot see: whether the rendered manifests fit each other, the programs and the image.

    check.py ROOT NAME=FILE...      checks each rendered file; NAME is base, or the name of an overlay

It prints one line per finding and fails if there is one. It changes nothing.
"""

import base64
import re
import sys
from pathlib import Path

import yaml

NAMESPACE = "realms"
IMAGE_USER = 10001
# Made by the manifests to build settings from; the programs do not read them.
HELPERS = {"POD_NAME", "PUBLIC_HOST"}
OUR_IMAGES = ("realms", "realms-tools")
# They serve nobody, so that there is nothing to probe.
UNPROBED = {"tools", "backup"}
NEXUS_LABEL = "app.kubernetes.io/component"
# Which role's nodes carry what, with how many replicas.
FOUR_NODES = {
    "postgres": {"postgres": 1},
    "flagship": {"nexus-flagship": 1},
    "play": {"forge": 2, "nexus": 3, "redis": 1, "tools": 0, "backup": 0},
}


class Rendered:
    """The documents of one rendering, and what is wrong with them."""

    def __init__(self, name, documents, root):
        self.name = name
        self.documents = documents
        self.root = root
        self.findings = []
        self.workloads = [d for d in documents if d["kind"] in ("Deployment", "StatefulSet", "CronJob")]

    def say(self, document, text):
        self.findings.append(f"{self.name}: {document['kind']} {document['metadata']['name']}: {text}")

    def of(self, kind):
        return [d for d in self.documents if d["kind"] == kind]

    def names(self, kind):
        return {d["metadata"]["name"] for d in self.of(kind)}

    def pods(self):
        """(workload, labels of one pod, spec) for each pod; a group's pods carry their names, as in a cluster."""
        for workload in self.workloads:
            template = template_of(workload)
            labels = template["metadata"]["labels"]
            if workload["kind"] != "StatefulSet":
                yield workload, labels, template["spec"]
                continue
            for number in range(workload["spec"]["replicas"]):
                name = f"{workload['metadata']['name']}-{number}"
                yield workload, labels | {"statefulset.kubernetes.io/pod-name": name}, template["spec"]

    def selected(self, selector):
        return [pod for pod in self.pods() if fits(selector, pod[1])]


def template_of(workload):
    spec = workload["spec"]
    return spec["jobTemplate"]["spec"]["template"] if workload["kind"] == "CronJob" else spec["template"]


def fits(selector, labels):
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for wish in selector.get("matchExpressions") or []:
        if wish["operator"] != "In":
            raise SystemExit(f"check.py does not know the operator {wish['operator']}")
        if labels.get(wish["key"]) not in wish["values"]:
            return False
    return True


def ports_of(spec):
    """Names and numbers of a pod's ports."""
    found = set()
    for container in spec["containers"]:
        for port in container.get("ports", []):
            found |= {port["name"], port["containerPort"]}
    return found


def is_ours(container):
    return container["image"].rsplit("/", 1)[-1].rsplit(":", 1)[0] in OUR_IMAGES


def check_place(r):
    for document in r.documents:
        if document["kind"] == "Namespace":
            if document["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
                r.say(document, "does not enforce the restricted profile")
        elif document["metadata"].get("namespace") != NAMESPACE:
            r.say(document, f"is not in the namespace {NAMESPACE}")
    seen = set()
    for document in r.documents:
        key = (document["kind"], document["metadata"]["name"])
        if key in seen:
            r.say(document, "is there twice")
        seen.add(key)


def check_pods(r):
    for workload in r.workloads:
        template = template_of(workload)
        selector = workload["spec"].get("selector")
        if selector is not None and not fits(selector, template["metadata"]["labels"]):
            r.say(workload, "its selector does not match its own pods")
        spec = template["spec"]
        security = spec.get("securityContext", {})
        if not security.get("runAsNonRoot") or not security.get("runAsUser"):
            r.say(workload, "may run as root")
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            r.say(workload, "has no seccomp profile")
        if spec.get("automountServiceAccountToken") is not False:
            r.say(workload, "gets a token of the cluster")
        if spec.get("enableServiceLinks") is not False:
            r.say(workload, "gets the variables of services among its settings")
        for container in spec["containers"] + spec.get("initContainers", []):
            check_container(r, workload, spec, container)
        mounted = {volume["name"] for volume in spec.get("volumes", [])}
        mounted |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
        for container in spec["containers"]:
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in mounted:
                    r.say(workload, f"mounts {mount['name']}, which it does not have")


def check_container(r, workload, spec, container):
    name = container["name"]
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False or not security.get("readOnlyRootFilesystem"):
        r.say(workload, f"container {name} may raise its privileges or write to its image")
    if security.get("capabilities", {}).get("drop") != ["ALL"] or security.get("capabilities", {}).get("add"):
        r.say(workload, f"container {name} keeps capabilities")
    resources = container.get("resources", {})
    for kind in ("cpu", "memory"):
        if kind not in resources.get("requests", {}):
            r.say(workload, f"container {name} requests no {kind}")
    if "memory" not in resources.get("limits", {}):
        r.say(workload, f"container {name} has no limit of memory")
    tag = container["image"].rsplit("/", 1)[-1].partition(":")[2]
    if not tag or tag == "latest":
        r.say(workload, f"container {name} has an image without a version: {container['image']}")
    if is_ours(container):
        version = re.search(r'^version = "(.+)"$', (r.root / "Cargo.toml").read_text(), re.M)[1]
        if tag != version:
            r.say(workload, f"container {name} is version {tag}, the project is {version} (k8s/versions)")
        if spec["securityContext"].get("runAsUser") != IMAGE_USER:
            r.say(workload, f"container {name} does not run as the image's user {IMAGE_USER}")
        check_environment(r, workload, container)
    if workload["metadata"]["name"] not in UNPROBED:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe not in container:
                r.say(workload, f"container {name} has no {probe}")
            port = container.get(probe, {}).get("httpGet", container.get(probe, {}).get("tcpSocket", {})).get("port")
            if port is not None and port not in ports_of(spec):
                r.say(workload, f"container {name}: its {probe} asks the port {port}, which it does not have")


def check_environment(r, workload, container):
    """Every name is a setting of the programs, and what a value is made of comes before it."""
    known = set(re.findall(r'\benv = "([A-Z_]+)"', (r.root / "src/config.rs").read_text()))
    given = set()
    for source in container.get("envFrom", []):
        maps = [m for m in r.of("ConfigMap") if m["metadata"]["name"] == source["configMapRef"]["name"]]
        given |= {key for one in maps for key in one["data"]}
    before = set()
    for entry in container.get("env", []):
        used = set(re.findall(r"\$\(([A-Z_]+)\)", entry.get("value", "")))
        for missing in sorted(used - before):
            r.say(workload, f"{entry['name']} is made of {missing}, which does not come before it")
        before.add(entry["name"])
    for unknown in sorted((given | before) - known - HELPERS):
        r.say(workload, f"{unknown} is no setting of src/config.rs")
    needed = {"SERVICE_TOKEN_FILE", "BIND", "INTERNAL_ADDR", "DATA_DIR"}
    if workload["metadata"]["labels"][NEXUS_LABEL] == "nexus":
        needed |= {"NEXUS_NAME", "NEXUS_URL", "FORGE_URL", "WS_URI"}
    else:
        needed |= {"DATABASE_URL_FILE", "PUBLIC_URL", "KEYS_DIR"}
    for missing in sorted(needed - given - before):
        r.say(workload, f"{missing} is not set")


def check_references(r):
    """ConfigMaps and Secrets that pods name are there, with the keys; nothing secret is in the project."""
    things = {(d["kind"], d["metadata"]["name"]): d.get("data", {}) for d in r.of("ConfigMap") + r.of("Secret")}
    for workload in r.workloads:
        spec = template_of(workload)["spec"]
        for container in spec["containers"]:
            for source in container.get("envFrom", []):
                if ("ConfigMap", source["configMapRef"]["name"]) not in things:
                    r.say(workload, f"there is no ConfigMap {source['configMapRef']['name']}")
            for entry in container.get("env", []):
                for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                    ref = entry.get("valueFrom", {}).get(field)
                    if ref and ref["key"] not in things.get((kind, ref["name"]), {}):
                        r.say(workload, f"there is no {ref['key']} in the {kind} {ref['name']}")
        for volume in spec.get("volumes", []):
            secret = volume.get("secret")
            if secret:
                have = things.get(("Secret", secret["secretName"]))
                for item in secret.get("items", []):
                    if item["key"] not in (have or {}):
                        r.say(workload, f"there is no {item['key']} in the Secret {secret['secretName']}")
                if have is None:
                    r.say(workload, f"there is no Secret {secret['secretName']}")
            claim = volume.get("persistentVolumeClaim")
            if claim and claim["claimName"] not in r.names("PersistentVolumeClaim"):
                r.say(workload, f"there is no claim {claim['claimName']}")
    for secret in r.of("Secret"):
        for key, value in (secret.get("data") or {}).items():
            if base64.b64decode(value):
                r.say(secret, f"{key} is not empty: secrets are made by k8s/new-cluster, outside of the project")


def check_services(r):
    for service in r.of("Service"):
        pods = r.selected({"matchLabels": service["spec"]["selector"]})
        if not pods:
            r.say(service, "selects no pod")
        for _, _, spec in pods:
            for port in service["spec"]["ports"]:
                if port["targetPort"] not in ports_of(spec):
                    r.say(service, f"sends to the port {port['targetPort']}, which its pods do not have")
    for group in r.of("StatefulSet"):
        govern = [s for s in r.of("Service") if s["metadata"]["name"] == group["spec"]["serviceName"]]
        if not govern or govern[0]["spec"].get("clusterIP") != "None":
            r.say(group, f"its service {group['spec']['serviceName']} is not there or not headless")
        elif not fits({"matchLabels": govern[0]["spec"]["selector"]}, template_of(group)["metadata"]["labels"]):
            r.say(group, f"its service {group['spec']['serviceName']} does not select its pods")


def check_doors(r):
    """Each nexus has its own path to its own pod, the same that it tells the Forge; the rest goes to the Forge."""
    services = {s["metadata"]["name"]: s for s in r.of("Service")}
    paths = {}
    for ingress in r.of("Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                paths[path["path"]] = path["backend"]["service"]
                target = services.get(path["backend"]["service"]["name"])
                if target is None:
                    r.say(ingress, f"{path['path']} leads to a service that is not there")
                elif path["backend"]["service"]["port"]["name"] not in {p["name"] for p in target["spec"]["ports"]}:
                    r.say(ingress, f"{path['path']} leads to a port that its service does not have")
    if paths.get("/", {}).get("name") != "forge":
        r.findings.append(f"{r.name}: / does not lead to the Forge")
    told = set()
    for workload, labels, spec in r.pods():
        if labels.get(NEXUS_LABEL) != "nexus":
            continue
        pod = labels["statefulset.kubernetes.io/pod-name"]
        uri = next(e["value"] for e in spec["containers"][0]["env"] if e["name"] == "WS_URI")
        path = "/" + uri.replace("$(POD_NAME)", pod).split("/", 3)[3]
        told.add(path)
        service = services.get(paths.get(path, {}).get("name"))
        wanted = {"statefulset.kubernetes.io/pod-name": pod}
        if service is None or service["spec"]["selector"] != wanted:
            r.say(workload, f"the ingress does not lead {path} to {pod}")
    for path in sorted(set(paths) - told - {"/"}):
        r.findings.append(f"{r.name}: the ingress has the path {path}, which belongs to no nexus")


def check_disruption(r):
    for budget in r.of("PodDisruptionBudget"):
        if not r.selected(budget["spec"]["selector"]):
            r.say(budget, "selects no pod")
    for workload in r.workloads:
        labels = template_of(workload)["metadata"]["labels"]
        covering = [b for b in r.of("PodDisruptionBudget") if fits(b["spec"]["selector"], labels)]
        if len(covering) > 1:
            r.say(workload, "has several disruption budgets: an eviction is then refused")
        if not covering and workload["metadata"]["name"] not in UNPROBED | {"redis"}:
            r.say(workload, "has no disruption budget")


def check_network(r):
    policies = r.of("NetworkPolicy")
    if not any(p["spec"]["podSelector"] == {} and set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"} for p in policies):
        r.findings.append(f"{r.name}: no network policy refuses what is not named")
    for policy in policies:
        pods = r.selected(policy["spec"]["podSelector"])
        if not pods:
            r.say(policy, "selects no pod")
        for rule in policy["spec"].get("ingress", []):
            for port in rule.get("ports", []):
                if any(port["port"] not in ports_of(spec) for _, _, spec in pods):
                    r.say(policy, f"opens the port {port['port']}, which its pods do not have")
        for rule in policy["spec"].get("ingress", []) + policy["spec"].get("egress", []):
            if not rule.get("from") and not rule.get("to") and not rule.get("ports"):
                r.say(policy, "lets everything pass")
            for peer in rule.get("from", []) + rule.get("to", []):
                if "podSelector" in peer and not r.selected(peer["podSelector"]):
                    r.say(policy, "names a peer that is no pod")
        for rule in policy["spec"].get("egress", []):
            for peer in rule.get("to", []):
                if "podSelector" in peer:
                    check_way(r, policy, peer["podSelector"], rule["ports"])
    # Metrics and internal calls are nobody else's business.
    for policy in policies:
        for rule in policy["spec"].get("ingress", []):
            outside = any("podSelector" not in peer for peer in rule.get("from", [{}]))
            if outside and any(port["port"] != "public" for port in rule.get("ports", [{"port": None}])):
                r.say(policy, "opens a port other than the public one to others than our pods")


def check_way(r, policy, target, ports):
    """What a policy lets out, the policy of the other side lets in."""
    senders = r.selected(policy["spec"]["podSelector"])
    for _, labels, spec in r.selected(target):
        names = {p["containerPort"]: p["name"] for c in spec["containers"] for p in c.get("ports", [])}
        open_to = [
            rule
            for other in r.of("NetworkPolicy")
            if fits(other["spec"]["podSelector"], labels)
            for rule in other["spec"].get("ingress", [])
        ]
        for port in ports:
            for _, sender, _ in senders:
                peers = [
                    peer["podSelector"]
                    for rule in open_to
                    if names.get(port["port"]) in [p["port"] for p in rule.get("ports", [])]
                    for peer in rule.get("from", [])
                    if "podSelector" in peer
                ]
                if not any(fits(peer, sender) for peer in peers):
                    r.say(policy, f"lets out to port {port['port']}, where the other side lets nobody in")
                    return


def check_four_nodes(r):
    found = {}
    for workload in r.workloads:
        spec = template_of(workload)["spec"]
        name = workload["metadata"]["name"]
        role = spec.get("nodeSelector", {}).get("realms-role")
        found.setdefault(role, {})[name] = workload["spec"].get("replicas", 0)
        tolerated = [t["value"] for t in spec.get("tolerations", [])]
        if tolerated != ([] if role == "play" else [role]):
            r.say(workload, f"is for the nodes {role} and tolerates {tolerated}")
    if found != FOUR_NODES:
        r.findings.append(f"{r.name}: the nodes carry {found}, not {FOUR_NODES}")


def image_findings(text):
    """The Containerfile: versions named, and in each stage that says a user, the one that the manifests count on."""
    found = []
    for name, image in re.findall(r"^ARG (\w+)=(\S+)$", text, re.M):
        tag = image.rsplit("/", 1)[-1].partition(":")[2]
        if not tag or tag == "latest":
            found.append(f"Containerfile: {name} has no version: {image}")
    stages = re.split(r"^FROM ", text, flags=re.M)[1:]
    users = {stage.split()[2]: re.findall(r"^USER (\S+)$", stage, re.M) for stage in stages}
    for stage, said in users.items():
        if stage == "runtime" or said:
            if said[-1:] != [f"{IMAGE_USER}:{IMAGE_USER}"]:
                found.append(f"Containerfile: {stage} ends as user {said[-1:]}, the manifests count on {IMAGE_USER}")
    return found


def findings(name, documents, root):
    r = Rendered(name, documents, root)
    checks = [check_place, check_pods, check_references, check_services, check_doors, check_disruption, check_network]
    for check in checks + [check_four_nodes] * (name == "four-nodes"):
        check(r)
    return r.findings


def main():
    root = Path(sys.argv[1])
    found = image_findings((root / "Containerfile").read_text())
    for argument in sys.argv[2:]:
        name, _, file = argument.partition("=")
        documents = [d for d in yaml.safe_load_all(Path(file).read_text()) if d]
        found += findings(name, documents, root)
        print(f"{name}: {len(documents)} objects")
    for line in found:
        print(line, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
