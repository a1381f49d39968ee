"""Who is let in, and what each may do."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import aiohttp

from tests.lab.api.support import ADMIN, AUTHORITY, NOBODY, READER, Lab, node, pod

_RBAC = "/apis/rbac.authorization.k8s.io/v1"


async def test_an_unknown_token(lab: Lab) -> None:
    answer = await lab.ask("/api/v1/nodes", token="wrong")
    assert (answer.status, answer.json["message"], answer.json["reason"]) == (401, "Unauthorized", "Unauthorized")


async def test_no_credentials_at_all(lab: Lab) -> None:
    answer = await lab.ask("/api/v1/nodes", token="")
    assert answer.status == 403
    assert answer.json["message"] == (
        'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope'
    )
    assert (await lab.ask("/version", token="")).status == 200


async def test_a_client_certificate(lab: Lab, tmp_path: Path) -> None:
    lab.store.create("nodes", node("node-0"))
    certificate, key = AUTHORITY.client("ops", "system:masters").write(tmp_path, "ops")
    tls = ssl.create_default_context(cadata=AUTHORITY.pem)
    tls.load_cert_chain(certificate, key)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session,
        session.get(lab.url + "/api/v1/nodes") as response,
    ):
        assert response.status == 200


async def test_refusals_name_user_verb_and_place(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    cases = {
        "/api/v1/namespaces/default/pods/web-0": (
            'pods "web-0" is forbidden: User "nobody" cannot get resource "pods" in API group "" '
            'in the namespace "default"'
        ),
        "/apis/apps/v1/namespaces/default/deployments/x/scale": (
            'deployments.apps "x" is forbidden: User "nobody" cannot get resource "deployments/scale" '
            'in API group "apps" in the namespace "default"'
        ),
        "/metrics": 'forbidden: User "nobody" cannot get path "/metrics"',
    }
    for path, message in cases.items():
        answer = await lab.ask(path, token=NOBODY)
        assert (answer.status, answer.json["message"]) == (403, message)


async def _bind(lab: Lab, role: str, namespace: str = "") -> None:
    kind = "rolebindings" if namespace else "clusterrolebindings"
    where = f"/namespaces/{namespace}" if namespace else ""
    body = {
        "metadata": {"name": f"readers-{role}"},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "Group", "name": "readers"}],
    }
    assert (await lab.ask(f"{_RBAC}{where}/{kind}", "POST", body)).status == 201


async def test_a_read_only_user(lab: Lab) -> None:
    await _bind(lab, "view")
    assert (await lab.ask("/api/v1/pods", token=READER)).status == 200
    assert (await lab.ask("/api/v1/pods?watch=1&timeoutSeconds=1", token=READER)).status == 200
    assert (await lab.ask("/api/v1/namespaces/default/secrets", token=READER)).status == 403
    answer = await lab.ask("/api/v1/namespaces/default/pods/x", "DELETE", token=READER)
    assert answer.status == 403


async def test_a_role_in_one_namespace(lab: Lab) -> None:
    await _bind(lab, "view", "kube-system")
    assert (await lab.ask("/api/v1/namespaces/kube-system/pods", token=READER)).status == 200
    assert (await lab.ask("/api/v1/namespaces/default/pods", token=READER)).status == 403


async def _may(lab: Lab, token: str, **attributes: str) -> dict[str, Any]:
    body = {
        "kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "spec": {"resourceAttributes": attributes},
    }
    answer = await lab.ask("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "POST", body, token=token)
    assert answer.status == 201
    status: dict[str, Any] = answer.json["status"]
    return status


async def test_access_reviews(lab: Lab) -> None:
    await _bind(lab, "view")
    assert (await _may(lab, NOBODY, verb="list", resource="pods")) == {"allowed": False}
    allowed = await _may(lab, READER, verb="list", resource="pods")
    assert allowed["allowed"]
    assert allowed["reason"] == (
        'RBAC: allowed by ClusterRoleBinding "readers-view" of ClusterRole "view" to Group "readers"'
    )
    assert not (await _may(lab, READER, verb="delete", resource="pods"))["allowed"]
    lab.faults.set("forbidden")
    assert not (await _may(lab, READER, verb="list", resource="pods"))["allowed"]


async def test_rules_reviews(lab: Lab) -> None:
    body = {"spec": {"namespace": "default"}}
    answer = await lab.ask("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "POST", body, token=NOBODY)
    assert answer.status == 201
    rules = answer.json["status"]["resourceRules"]
    assert any("selfsubjectaccessreviews" in rule["resources"] for rule in rules)
    assert not any("pods" in rule["resources"] for rule in rules)


async def test_service_account_tokens(lab: Lab) -> None:
    await lab.ask("/api/v1/namespaces/default/serviceaccounts", "POST", {"metadata": {"name": "robot"}})
    answer = await lab.ask("/api/v1/namespaces/default/serviceaccounts/robot/token", "POST", {"spec": {}})
    assert answer.status == 201
    token = answer.json["status"]["token"]
    refused = await lab.ask("/api/v1/namespaces/default/pods", token=token)
    assert refused.status == 403
    assert 'User "system:serviceaccount:default:robot"' in refused.json["message"]
    review = await lab.ask("/apis/authentication.k8s.io/v1/tokenreviews", "POST", {"spec": {"token": token}})
    assert review.json["status"]["user"]["username"] == "system:serviceaccount:default:robot"


async def test_being_taken_for_another(lab: Lab) -> None:
    await _bind(lab, "view")
    headers = {"Authorization": f"Bearer {ADMIN}", "Impersonate-User": "somebody", "Impersonate-Group": "readers"}
    async with lab.session.get(f"{lab.url}/api/v1/pods", headers=headers) as response:
        assert response.status == 200
    async with lab.session.get(f"{lab.url}/api/v1/nodes", headers=headers) as response:
        assert 'User "somebody" cannot list resource "nodes"' in (await response.json())["message"]
    async with lab.session.get(
        f"{lab.url}/api/v1/pods", headers={**headers, "Authorization": f"Bearer {READER}"}
    ) as response:
        assert (await response.json())["message"] == (
            'users "somebody" is forbidden: User "reader" cannot impersonate resource "users" in API group "" '
            "at the cluster scope"
        )
