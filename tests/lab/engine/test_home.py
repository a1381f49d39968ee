"""The files of a helper VM's home: the same as the engine's own, private, and cheap to make."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from backends.lab.engine.home import write_home
from tests.lab.engine.cluster import SECRET, make_cluster
from tests.support.peers import require_kubectl

# What the real one listed after a deploy of three masters.
FILES = [
    "apimodel.json", "apiserver.crt", "apiserver.key", "azuredeploy.json", "azuredeploy.parameters.json", "ca.crt",
    "ca.key", "client.crt", "client.key", "etcdclient.crt", "etcdclient.key", "etcdpeer0.crt", "etcdpeer0.key",
    "etcdpeer1.crt", "etcdpeer1.key", "etcdpeer2.crt", "etcdpeer2.key", "etcdserver.crt", "etcdserver.key",
    "kubeconfig", "kubectlClient.crt", "kubectlClient.key",
]  # fmt: skip
# Which keys a finished model has on its upper floors, of the sample.
PROPERTIES = [
    "agentPoolProfiles", "certificateProfile", "customCloudProfile", "featureFlags", "linuxProfile", "masterProfile",
    "orchestratorProfile", "servicePrincipalProfile", "telemetryProfile",
]  # fmt: skip


@pytest.fixture
def output(tmp_path: Path) -> Path:
    write_home(tmp_path, make_cluster())
    return tmp_path / "_output" / "k8s-orlando"


def test_the_output_directory_has_every_file_of_the_real_one(output: Path) -> None:
    assert sorted(each.name for each in output.iterdir()) == FILES
    assert [each.name for each in (output / "kubeconfig").iterdir()] == ["kubeconfig.orlando.json"]


def test_nothing_in_the_home_is_open_to_others(output: Path, tmp_path: Path) -> None:
    for folder, _, files in os.walk(tmp_path):
        if Path(folder) != tmp_path:
            assert os.stat(folder).st_mode & 0o777 == 0o700, folder
        for name in files:
            assert os.stat(Path(folder, name)).st_mode & 0o777 == 0o600, name


def test_the_api_model_is_a_finished_one(output: Path) -> None:
    model = json.loads((output / "apimodel.json").read_text())

    assert (model["apiVersion"], model["location"]) == ("vlabs", "orlando")
    properties = model["properties"]
    assert sorted(properties) == PROPERTIES
    profile = properties["orchestratorProfile"]
    assert (profile["orchestratorRelease"], profile["orchestratorVersion"]) == ("1.33", "1.33.10")
    components = {each["name"]: each for each in profile["kubernetesConfig"]["components"]}
    assert components["kube-apiserver"]["containers"][0]["image"].endswith("/kube-apiserver:v1.33.10")
    assert (properties["masterProfile"]["count"], properties["masterProfile"]["distro"]) == (3, "aks-ubuntu-22.04")
    assert [(each["name"], each["count"]) for each in properties["agentPoolProfiles"]] == [("linuxpool", 3)]
    cloud = properties["customCloudProfile"]
    assert cloud["environment"]["resourceManagerEndpoint"] == "https://127.0.0.1:1/"
    assert cloud["portalURL"] == "https://portal.orlando.azurestack.external"
    assert properties["servicePrincipalProfile"]["secret"] == SECRET
    assert len(properties["certificateProfile"]["etcdPeerPrivateKeys"]) == 3


def test_certificates_belong_to_their_keys_and_to_the_authority(output: Path) -> None:
    authority = x509.load_pem_x509_certificate((output / "ca.crt").read_bytes())
    for path in output.glob("*.crt"):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        key = load_pem_private_key(path.with_suffix(".key").read_bytes(), None)
        assert key.public_key() == certificate.public_key()
        certificate.verify_directly_issued_by(authority)
    model = json.loads((output / "apimodel.json").read_text())
    assert (
        model["properties"]["certificateProfile"]["kubeConfigCertificate"] == (output / "kubectlClient.crt").read_text()
    )


def test_the_template_names_every_machine_with_its_tags(output: Path) -> None:
    template = json.loads((output / "azuredeploy.json").read_text())
    machines: dict[str, dict[str, Any]] = {each["name"]: each for each in template["resources"]}

    assert sorted(machines) == [f"k8s-{pool}-35064155-{i}" for pool in ("linuxpool", "master") for i in range(3)]
    tags = machines["k8s-master-35064155-1"]["tags"]
    assert tags == {
        "creationSource": "aksengine-k8s-master-35064155-1", "orchestrator": "Kubernetes:1.33.10",
        "aksEngineVersion": "v0.85.0", "poolName": "master", "resourceNameSuffix": "35064155",
    }  # fmt: skip
    parameters = json.loads((output / "azuredeploy.parameters.json").read_text())["parameters"]
    assert parameters["nameSuffix"]["value"] == "35064155"
    assert parameters["servicePrincipalClientSecret"]["value"] == SECRET
    assert SECRET not in (output / "azuredeploy.json").read_text()


@pytest.mark.kubectl
def test_the_kubeconfig_can_be_used(output: Path) -> None:
    kubectl = require_kubectl()
    path = output / "kubeconfig" / "kubeconfig.orlando.json"
    shown = subprocess.run(
        [kubectl, "--kubeconfig", path, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout == "https://127.0.0.1:2"
    document = json.loads(path.read_text())
    assert document["current-context"] == "k8s-orlando"
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=make_cluster().access.authority.decode())


def test_material_for_further_commands_lies_in_the_home(tmp_path: Path) -> None:
    write_home(tmp_path, make_cluster(version="1.29.15"))

    definition = json.loads((tmp_path / "kubernetes.json").read_text())["properties"]
    assert definition["masterProfile"]["dnsPrefix"] == "k8s-orlando-2"
    assert definition["masterProfile"]["distro"] == "aks-ubuntu-22.04"
    assert definition["orchestratorProfile"]["orchestratorVersion"] == "1.29.15"
    assert json.loads((tmp_path / "linuxpool2.json").read_text())["name"] == "linuxpool2"
    assert (tmp_path / ".stampdeck-sp" / "secret").read_text() == f"{SECRET}\n"
    assert (tmp_path / ".stampdeck-sp" / "client.pem").read_bytes().startswith(b"-----BEGIN CERTIFICATE")
