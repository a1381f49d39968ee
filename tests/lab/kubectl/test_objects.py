"""Objects in general: create, apply, diff, patch, replace, delete, and how they are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml

from tests.lab.kubectl.printed import Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]

NAMESPACE = "objects"
SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: hello}}
data: {color: blue, size: "1"}
"""
APPLICATION = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello, labels: {app: hello}}
spec:
  replicas: 1
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec:
      containers:
      - {name: hello, image: "registry.example/hello:v1", ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: hello}
spec: {selector: {app: hello}, ports: [{port: 80, targetPort: 8080}]}
"""


@pytest.fixture(scope="module", autouse=True)
def namespace(kubectl: Kubectl) -> Iterator[None]:
    kubectl.run("create", "namespace", NAMESPACE)
    yield
    kubectl.run("delete", "namespace", NAMESPACE)


def run(kubectl: Kubectl, *arguments: str, stdin: str | None = None, code: int | None = 0) -> str:
    printed = kubectl.run(*arguments, "-n", NAMESPACE, stdin=stdin, code=code)
    return printed.out if printed.code == 0 else printed.out + printed.err


def test_apply_creates_changes_and_leaves_alone(kubectl: Kubectl) -> None:
    assert (
        run(kubectl, "apply", "-f", "-", stdin=APPLICATION) == "deployment.apps/hello created\nservice/hello created\n"
    )
    assert run(kubectl, "apply", "-f", "-", stdin=APPLICATION) == (
        "deployment.apps/hello unchanged\nservice/hello unchanged\n"
    )
    changed = APPLICATION.replace(
        "containers:\n", "containers:\n      - {name: side, image: registry.example/side:v1}\n"
    )
    assert run(kubectl, "apply", "-f", "-", stdin=changed).startswith("deployment.apps/hello configured\n")
    images = run(kubectl, "get", "deployment", "hello", "-o", "jsonpath={.spec.template.spec.containers[*].image}")
    assert images == "registry.example/side:v1 registry.example/hello:v1"
    run(kubectl, "apply", "-f", "-", stdin=APPLICATION)
    images = run(kubectl, "get", "deployment", "hello", "-o", "jsonpath={.spec.template.spec.containers[*].image}")
    assert images == "registry.example/hello:v1"
    deleted = run(kubectl, "delete", "-f", "-", stdin=APPLICATION)
    assert deleted == (
        f'deployment.apps "hello" deleted from {NAMESPACE} namespace\n'
        f'service "hello" deleted from {NAMESPACE} namespace\n'
    )


def test_server_side_apply_owns_fields_and_reports_conflicts(kubectl: Kubectl) -> None:
    apply = ("apply", "--server-side", "-f", "-")
    assert run(kubectl, *apply, "--field-manager=one", stdin=SETTINGS) == "configmap/settings serverside-applied\n"
    other = SETTINGS.replace("blue", "red")
    refused = run(kubectl, *apply, "--field-manager=two", stdin=other, code=1)
    assert 'error: Apply failed with 1 conflict: conflict with "one": .data.color\n' in refused
    run(kubectl, *apply, "--field-manager=two", "--force-conflicts", stdin=other)
    assert run(kubectl, "get", "configmap", "settings", "-o", "jsonpath={.data.color}") == "red"
    managers = run(kubectl, "get", "configmap", "settings", "--show-managed-fields", "-o", "jsonpath={..manager}")
    assert set(managers.split()) == {"one", "two"}
    run(kubectl, "delete", "configmap", "settings")


def test_diff_shows_what_apply_would_change(kubectl: Kubectl) -> None:
    run(kubectl, "apply", "-f", "-", stdin=SETTINGS)
    assert run(kubectl, "diff", "-f", "-", stdin=SETTINGS) == ""
    shown = run(kubectl, "diff", "-f", "-", stdin=SETTINGS.replace("blue", "green"), code=1)
    assert "-  color: blue\n+  color: green\n" in shown
    assert run(kubectl, "get", "configmap", "settings", "-o", "jsonpath={.data.color}") == "blue"
    run(kubectl, "delete", "-f", "-", stdin=SETTINGS)


def test_dry_runs_change_nothing(kubectl: Kubectl) -> None:
    assert run(kubectl, "apply", "--dry-run=server", "-f", "-", stdin=SETTINGS) == (
        "configmap/settings created (server dry run)\n"
    )
    assert run(kubectl, "create", "--dry-run=client", "-f", "-", stdin=SETTINGS) == (
        "configmap/settings created (dry run)\n"
    )
    assert "NotFound" in run(kubectl, "get", "configmap", "settings", code=1)


def test_create_twice_and_replace(kubectl: Kubectl) -> None:
    assert run(kubectl, "create", "-f", "-", stdin=SETTINGS) == "configmap/settings created\n"
    again = run(kubectl, "create", "-f", "-", stdin=SETTINGS, code=1)
    assert again.endswith(
        'Error from server (AlreadyExists): error when creating "STDIN": configmaps "settings" already exists\n'
    )
    assert run(kubectl, "replace", "-f", "-", stdin=SETTINGS.replace("blue", "pink")) == "configmap/settings replaced\n"
    stale = SETTINGS.replace("metadata: {", 'metadata: {resourceVersion: "1", ')
    conflict = run(kubectl, "replace", "-f", "-", stdin=stale, code=1)
    assert conflict.endswith(
        'Operation cannot be fulfilled on configmaps "settings": '
        "the object has been modified; please apply your changes to the latest version and try again\n"
    )
    run(kubectl, "delete", "configmap", "settings")


def test_patches_of_every_kind(kubectl: Kubectl) -> None:
    run(kubectl, "create", "-f", "-", stdin=SETTINGS)
    patch = ("patch", "configmap", "settings", "-p")
    assert run(kubectl, *patch, '{"data":{"color":"grey"}}') == "configmap/settings patched\n"
    assert run(kubectl, *patch, '{"data":{"color":"grey"}}') == "configmap/settings patched (no change)\n"
    run(kubectl, *patch, '{"data":{"size":null}}', "--type=merge")
    run(kubectl, *patch, '[{"op":"add","path":"/data/shape","value":"round"}]', "--type=json")
    data = json.loads(run(kubectl, "get", "configmap", "settings", "-o", "jsonpath={.data}"))
    assert data == {"color": "grey", "shape": "round"}
    failed = run(kubectl, *patch, '[{"op":"remove","path":"/data/nothing"}]', "--type=json", code=1)
    assert "The request is invalid" in failed
    failed = run(kubectl, *patch, '{"immutable":"maybe"}', "--type=merge", code=1)
    assert failed.startswith('The request is invalid: patch: Invalid value: "{')
    assert failed.endswith("json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool\n")
    run(kubectl, "delete", "configmap", "settings")


def test_labels_and_annotations(kubectl: Kubectl) -> None:
    run(kubectl, "create", "-f", "-", stdin=SETTINGS)
    assert run(kubectl, "label", "configmap", "settings", "tier=front") == "configmap/settings labeled\n"
    assert run(kubectl, "annotate", "configmap", "settings", "note=hello") == "configmap/settings annotated\n"
    assert run(kubectl, "get", "configmap", "-l", "tier in (front, back),app", "-o", "name") == "configmap/settings\n"
    assert (
        run(kubectl, "get", "configmap", "-l", "tier!=front", "--ignore-not-found", "-o", "name").find("settings") == -1
    )
    row = kubectl.run("get", "configmap", "settings", "--show-labels", "-n", NAMESPACE).table.row("settings")
    assert row["LABELS"] == "app=hello,tier=front"
    run(kubectl, "delete", "configmap", "settings")


def test_output_forms(kubectl: Kubectl) -> None:
    run(kubectl, "create", "-f", "-", stdin=SETTINGS)
    get = ("get", "configmap", "settings")
    as_json = json.loads(run(kubectl, *get, "-o", "json"))
    as_yaml = yaml.safe_load(run(kubectl, *get, "-o", "yaml"))
    assert as_json == as_yaml
    assert as_json["data"] == {"color": "blue", "size": "1"}
    assert "managedFields" not in as_json["metadata"]
    assert run(kubectl, *get, "-o", "custom-columns=N:.metadata.name,C:.data.color").split() == [
        "N",
        "C",
        "settings",
        "blue",
    ]
    assert run(kubectl, *get, "-o", "go-template={{.data.size}}") == "1"
    listed = json.loads(run(kubectl, "get", "configmaps", "-o", "json"))
    assert listed["kind"] == "List"
    run(kubectl, "delete", "configmap", "settings")


def test_wrong_objects_are_refused_in_the_servers_words(kubectl: Kubectl) -> None:
    unknown = APPLICATION.replace("replicas: 1", "replica: 1")
    assert 'strict decoding error: unknown field "spec.replica"' in run(
        kubectl, "create", "-f", "-", stdin=unknown, code=1
    )
    wrong = APPLICATION.replace("matchLabels: {app: hello}", "matchLabels: {app: other}")
    text = run(kubectl, "create", "-f", "-", stdin=wrong.partition("---")[0], code=1)
    assert 'The Deployment "hello" is invalid: spec.template.metadata.labels: Invalid value: ' in text
    assert "`selector` does not match template `labels`" in text
    text = run(kubectl, "create", "configmap", "Not_A_Name", code=1)
    assert 'ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name": ' in text
    assert "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters" in text
    run(kubectl, "delete", "-f", "-", "--ignore-not-found", stdin=APPLICATION)


def test_wait_for_deletion(kubectl: Kubectl) -> None:
    run(kubectl, "create", "-f", "-", stdin=SETTINGS)
    waiting = kubectl.start("wait", "--for=delete", "configmap/settings", "-n", NAMESPACE, "--timeout=20s")
    run(kubectl, "delete", "configmap", "settings")
    out, err = waiting.communicate(timeout=20)
    assert waiting.returncode == 0, err
    # Before the watch began there may have been nothing left to report.
    assert out in ("configmap/settings condition met\n", "")


def test_delete_leaves_nothing_behind(kubectl: Kubectl) -> None:
    run(kubectl, "create", "deployment", "brief", "--image=registry.example/brief:v1")
    kubectl.until(lambda each: "brief-" in each.out, "get", "pods", "-n", NAMESPACE)
    assert (
        run(kubectl, "delete", "deployment", "brief") == f'deployment.apps "brief" deleted from {NAMESPACE} namespace\n'
    )
    kubectl.until(lambda each: "brief-" not in each.out, "get", "pods,replicasets", "-n", NAMESPACE)


def test_typed_creations(kubectl: Kubectl) -> None:
    """These commands send protobuf."""
    assert run(kubectl, "create", "secret", "generic", "s", "--from-literal=a=b") == "secret/s created\n"
    assert run(kubectl, "create", "serviceaccount", "deployer") == "serviceaccount/deployer created\n"
    assert run(
        kubectl, "create", "rolebinding", "edit", "--clusterrole=edit", f"--serviceaccount={NAMESPACE}:deployer"
    ) == ("rolebinding.rbac.authorization.k8s.io/edit created\n")
    assert run(kubectl, "create", "job", "once", "--image=registry.example/once:v1") == "job.batch/once created\n"
    assert run(kubectl, "create", "cronjob", "nightly", "--image=i:1", "--schedule=0 3 * * *") == (
        "cronjob.batch/nightly created\n"
    )
    assert run(kubectl, "create", "quota", "q", "--hard=pods=10") == "resourcequota/q created\n"
    assert run(kubectl, "create", "poddisruptionbudget", "b", "--min-available=1", "--selector=app=x") == (
        "poddisruptionbudget.policy/b created\n"
    )
    token = run(kubectl, "create", "token", "deployer").strip()
    assert token.count(".") == 2
    asked = kubectl.run("auth", "whoami", "--token", token, "-o", "json", "--as=", code=None)
    assert asked.code == 0, asked
