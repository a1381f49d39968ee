"""The api model of a cluster: read as the engine reads it, written back at the end and not before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.go_text import file_problem, quoted
from backends.lab.engine.login import Cloud
from backends.lab.engine.session import Session

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ApiModel:
    """An api model and its file; `content` is what will be written back, key by key in the file's order."""

    path: str
    content: dict[str, Any]

    @property
    def properties(self) -> Properties:
        """What describes the cluster."""
        return dict_at(self.content, "properties")

    @property
    def location(self) -> str:
        """The stamp's location."""
        return str(self.content.get("location", ""))

    @property
    def orchestrator(self) -> Properties:
        """The part with the versions and kubernetesConfig."""
        return dict_at(self.properties, "orchestratorProfile")

    @property
    def kubernetes(self) -> Properties:
        """The settings of Kubernetes."""
        return dict_at(self.orchestrator, "kubernetesConfig")

    @property
    def version(self) -> str:
        """The cluster's version of Kubernetes."""
        return str(self.orchestrator.get("orchestratorVersion", ""))

    @property
    def masters(self) -> Properties:
        """The profile of the control plane."""
        return dict_at(self.properties, "masterProfile")

    @property
    def pools(self) -> list[Properties]:
        """The profiles of the agent pools."""
        found = self.properties.get("agentPoolProfiles")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    @property
    def environment(self) -> Properties:
        """The addresses of the stamp."""
        return dict_at(dict_at(self.properties, "customCloudProfile"), "environment")

    def pool(self, name: str) -> Properties | None:
        """Return the profile of a pool."""
        return next((each for each in self.pools if each.get("name") == name), None)

    @property
    def dns_prefix(self) -> str:
        """The cluster's own name."""
        return str(self.masters.get("dnsPrefix", ""))

    @property
    def fqdn(self) -> str:
        """The name clients reach the cluster's API by."""
        suffix = str(self.environment.get("resourceManagerVMDNSSuffix") or "cloudapp.azurestack.external")
        return f"{self.dns_prefix}.{self.location}.{suffix}"

    @property
    def cluster_id(self) -> str:
        """The eight digits in every name of the cluster.

        From the model, or from the parameters beside it, where a deployment left them. The real engine reckons them
        from the DNS prefix; what is reckoned here, when nothing tells them, are other digits than it would have.
        """
        if own := self.properties.get("clusterID"):
            return str(own)
        try:
            parameters = json.loads((Path(self.path).parent / "azuredeploy.parameters.json").read_text())
            return str(parameters["parameters"]["nameSuffix"]["value"])
        except (OSError, ValueError, KeyError, TypeError):
            return reckoned_cluster_id(self.dns_prefix)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig that was written with the model."""
        return Path(self.path).parent / "kubeconfig" / f"kubeconfig.{self.location}.json"

    def cloud(self) -> Cloud:
        """Return where the stamp's ARM is."""
        environment = self.environment
        manager = str(environment.get("resourceManagerEndpoint", ""))
        return Cloud(
            manager,
            str(environment.get("activeDirectoryEndpoint", "")),
            str(environment.get("serviceManagementEndpoint") or manager),
        )

    def image_places(self) -> Iterator[Properties]:
        """Yield every container of addons and components that names an image."""
        for part in ("addons", "components"):
            for each in self.kubernetes.get(part) or []:
                yield from (container for container in each.get("containers") or [] if "image" in container)


def dict_at(parent: dict[str, Any], key: str) -> dict[str, Any]:
    """Return an object's object, an empty one when it has none."""
    found = parent.get(key)
    return found if isinstance(found, dict) else {}


def reckoned_cluster_id(dns_prefix: str) -> str:
    """Return eight digits that always belong to a DNS prefix."""
    return str(10_000_000 + int.from_bytes(hashlib.sha256(dns_prefix.encode()).digest()[:6]) % 90_000_000)


def load_model(path: str) -> ApiModel:
    """Read an api model; raises `EngineFailure` when it is not there or cannot be parsed."""
    if not Path(path).exists():
        raise EngineFailure(f"specified api model does not exist ({path})")
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise EngineFailure(f"error parsing the api model: error reading file {path}: {error}") from error
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise EngineFailure(f"error parsing the api model: {json_problem(text, error)}") from error
    if not isinstance(content, dict):
        raise EngineFailure("error parsing the api model: json: cannot unmarshal array into Go value")
    version = content.get("apiVersion")
    if version != "vlabs":
        raise EngineFailure(f"error parsing the api model: unrecognized APIVersion '{version or ''}'")
    return ApiModel(path, content)


def json_problem(text: str, error: json.JSONDecodeError) -> str:
    """Return what Go's JSON decoder says of a text that Python's could not take."""
    rest = text[error.pos :].lstrip()
    if not rest or error.msg.startswith("Unterminated"):
        return "unexpected end of JSON input"
    wanted = {
        "Expecting ',' delimiter": "after object key:value pair",
        "Expecting ':' delimiter": "after object key",
        "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
        "Extra data": "after top-level value",
    }.get(error.msg, "looking for beginning of value")
    return f"invalid character {quoted(rest[0])[1:-1].join(chr(39) * 2)} {wanted}"


def save_model(session: Session, model: ApiModel) -> None:
    """Write the model over its file, truncated first and without a copy, as the engine does."""
    content = json.dumps(model.content, indent=2, ensure_ascii=False).encode()
    path = Path(model.path)
    ends_in_newline = path.read_bytes().endswith(b"\n") if path.exists() else False
    if session.faults.is_on("save-failed"):
        path.write_bytes(content[: len(content) // 2])
        raise EngineFailure(f"write {model.path}: no space left on device")
    try:
        with path.open("wb") as file:
            file.write(content + (b"\n" if ends_in_newline else b""))
    except OSError as error:
        raise EngineFailure(f"write {model.path}: {file_problem(error)}") from error
    session.streams.debug(f"output: wrote {model.path}")
