"""Tokens of service accounts made anew: deleted, and everything that mounts one rolled out."""

from __future__ import annotations

from backends.lab.engine.kube import Kube, KubeFailure

_MERGE = "application/strategic-merge-patch+json"


def renew_tokens(kube: Kube, mark: int) -> None:
    """Delete the tokens' secrets, then restart every deployment and daemon set; raises `KubeFailure`."""
    for account in kube.ask("GET", "/api/v1/serviceaccounts").get("items") or []:
        namespace = account["metadata"]["namespace"]
        for secret in account.get("secrets") or []:
            try:
                kube.ask("DELETE", f"/api/v1/namespaces/{namespace}/secrets/{secret['name']}")
            except KubeFailure as error:
                if error.status != 404:
                    raise
    patch = {"spec": {"template": {"metadata": {"annotations": {"ca-rotation": str(mark)}}}}}
    for resource in ("deployments", "daemonsets"):
        for each in kube.ask("GET", f"/apis/apps/v1/{resource}").get("items") or []:
            namespace, name = each["metadata"]["namespace"], each["metadata"]["name"]
            kube.ask("PATCH", f"/apis/apps/v1/namespaces/{namespace}/{resource}/{name}", patch, _MERGE)
