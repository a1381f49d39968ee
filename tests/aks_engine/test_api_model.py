"""The api model as read from a helper VM: what is told of it, what never is, and what is wrong with it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from backends.aks_engine.api_model import read_api_model
from backends.aks_engine.model_secrets import text_without_secrets, without_secrets
from backends.errors import ConfigurationError, Forbidden, Malformed, NotFound, Unreachable
from backends.model.helper_vm import Finished
from backends.model.redact import MASK
from tests.aks_engine.local_vm import LocalVm, vm_access
from tests.aks_engine.model_files import SECRETS, SUFFIX, document, write_output


@pytest.fixture
def vm(tmp_path: Path) -> LocalVm:
    return LocalVm(tmp_path, vm_access())


async def test_what_an_operator_decides_by_is_read(vm: LocalVm) -> None:
    path = write_output(vm.home)
    model = await read_api_model(vm)
    assert (model.version, model.dns_prefix, model.location) == ("1.33.10", "k8s-orlando", "orlando")
    assert (model.masters.name, model.masters.count, model.masters.distro) == ("master", 3, "aks-ubuntu-22.04")
    (pool,) = model.pools
    assert (pool.name, pool.count, pool.vm_size, pool.os) == ("linuxpool", 3, "Standard_D2_v2", "Linux")
    assert model.suffix == SUFFIX and model.identity_system == "azure_ad"
    assert model.api_server == "k8s-orlando.orlando.cloudapp.azurestack.external"
    assert model.portal == "https://portal.orlando.azurestack.external"
    assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert model.modes == ()


async def test_nothing_secret_comes_out(vm: LocalVm) -> None:
    write_output(vm.home)
    model = await read_api_model(vm)
    for secret in SECRETS:
        assert secret not in model.text and secret not in repr(model)
    shown = json.loads(model.text)["properties"]
    assert shown["servicePrincipalProfile"]["secret"] == MASK
    assert shown["certificateProfile"]["etcdPeerPrivateKeys"] == [MASK] * 3
    assert shown["linuxProfile"]["note"] == f"login with {MASK}"
    assert shown["extensionProfiles"][0]["extensionParameters"] == MASK
    # What is no secret stays, also where a name speaks of keys.
    kubelet = shown["orchestratorProfile"]["kubernetesConfig"]["kubeletConfig"]
    assert kubelet["--tls-private-key-file"] == "/etc/kubernetes/certs/kubeletserver.key"
    assert shown["linuxProfile"]["ssh"]["publicKeys"][0]["keyData"].startswith("ssh-rsa ")


def test_every_secret_of_the_real_model_is_masked_and_nothing_else_changes() -> None:
    before, after = document(), without_secrets(document())
    changed = sorted(_changed("", before, after))
    certificates = "properties.certificateProfile"
    assert changed == sorted(
        [
            *(f"{certificates}.{name}PrivateKey" for name in ("apiServer", "ca", "client", "etcdClient", "etcdServer")),
            *(f"{certificates}.etcdPeerPrivateKeys[{at}]" for at in range(3)),
            f"{certificates}.kubeConfigPrivateKey",
            "properties.servicePrincipalProfile.secret",
            "properties.linuxProfile.note",
            "properties.windowsProfile.adminPassword",
            "properties.orchestratorProfile.kubernetesConfig.etcdEncryptionKey",
            "properties.orchestratorProfile.kubernetesConfig.addons[0].data",
            "properties.extensionProfiles[0].extensionParameters",
        ]
    )
    shown = json.loads(text_without_secrets(document()))["properties"]
    assert shown["masterProfile"] == before["properties"]["masterProfile"]


def _changed(path: str, before: object, after: object) -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        assert before.keys() == after.keys()
        return [each for key in before for each in _changed(f"{path}.{key}".lstrip("."), before[key], after[key])]
    if isinstance(before, list) and isinstance(after, list):
        pairs = enumerate(zip(before, after, strict=True))
        return [found for at, (old, new) in pairs for found in _changed(f"{path}[{at}]", old, new)]
    return [] if before == after else [path]


async def test_noise_of_a_login_shell_is_left_out(vm: LocalVm) -> None:
    write_output(vm.home)
    vm.noise = b"Welcome to Ubuntu\nstate missing\nmodel 3\nabc"
    assert (await read_api_model(vm)).version == "1.33.10"


async def test_permissions_that_let_others_in_are_told(vm: LocalVm) -> None:
    path = write_output(vm.home)
    path.chmod(0o644)
    path.parent.chmod(0o755)
    path.with_name("ca.key").chmod(0o640)
    modes = (await read_api_model(vm)).modes
    assert [each.split(" is ")[1].split(":")[0] for each in modes] == [
        "0755 and not 0700",
        "0644 and not 0600",
        "0640 and not 0600",
    ]
    assert modes[1].startswith(str(path))


async def test_a_broken_file_is_told_with_its_line_and_the_copies_there_are(vm: LocalVm) -> None:
    path = write_output(vm.home)
    copies = path.parent / "apimodel-copies"
    copies.mkdir()
    for stamp in ("20261120T080000Z-a", "20261121T080000Z-b"):
        (copies / f"apimodel-{stamp}.json").write_text("{}")
    whole = path.read_text()
    kept = whole[: whole.index('"masterProfile"')]
    path.write_text(kept)
    with pytest.raises(Malformed) as caught:
        await read_api_model(vm)
    said = str(caught.value)
    lines = kept.count("\n") + 1
    assert f"line {lines}," in said
    assert said.index("apimodel-20261121T080000Z-b.json") < said.index("apimodel-20261120T080000Z-a.json")
    assert not any(secret in said for secret in SECRETS)


@pytest.mark.parametrize(
    "text",
    ["[]", '"text"', "{}", '{"properties": {"masterProfile": 3}}', "", "null", "[" * 100_000],
    ids=lambda t: t[:9],
)
async def test_json_that_is_no_api_model_is_malformed(vm: LocalVm, text: str) -> None:
    write_output(vm.home).write_text(text)
    with pytest.raises(Malformed):
        await read_api_model(vm)


async def test_bytes_that_are_no_text_are_malformed(vm: LocalVm) -> None:
    write_output(vm.home).write_bytes(b'{"location": "\xff\xfe"}')
    with pytest.raises(Malformed):
        await read_api_model(vm)


async def test_what_is_missing_is_named(vm: LocalVm) -> None:
    with pytest.raises(NotFound, match="no folder"):
        await read_api_model(vm)
    path = write_output(vm.home)
    path.unlink()
    with pytest.raises(NotFound, match=r"apimodel\.json"):
        await read_api_model(vm)
    path.mkdir()
    with pytest.raises(Malformed, match="is no file"):
        await read_api_model(vm)
    with pytest.raises(ConfigurationError, match="api_model"):
        await read_api_model(LocalVm(vm.home, vm_access(api_model="")))


async def test_a_file_of_somebody_else_is_forbidden(vm: LocalVm) -> None:
    path = write_output(vm.home)
    path.chmod(0)
    # An account that may read everything reads this too: what the shell says then is put in its place.
    answer = await vm.run("id -u")
    if answer.output.strip() == b"0":
        original = vm.run

        async def as_another(command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
            return await original(command, data.replace(b'[ ! -r "$model" ]', b"true"), timeout_s=timeout_s)

        vm.run = as_another  # type: ignore[method-assign]
    with pytest.raises(Forbidden, match="not ours to read"):
        await read_api_model(vm)


async def test_an_answer_cut_short_is_no_broken_file(vm: LocalVm) -> None:
    write_output(vm.home)
    original = vm.run

    async def cut(command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
        found = await original(command, data, timeout_s=timeout_s)
        return Finished(0, found.output[:-100], found.errors)

    vm.run = cut  # type: ignore[method-assign]
    with pytest.raises(Unreachable, match="not read whole"):
        await read_api_model(vm)


async def test_an_account_without_a_shell_is_told(vm: LocalVm) -> None:
    async def nologin(command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
        return Finished(1, b"This account is currently not available.\n", b"")

    vm.run = nologin  # type: ignore[method-assign]
    with pytest.raises(Malformed, match="currently not available"):
        await read_api_model(vm)


async def test_paths_with_odd_characters_are_paths(tmp_path: Path) -> None:
    vm = LocalVm(tmp_path, vm_access(api_model="~/it's $(touch hacked) & so/apimodel.json"))
    shutil.move(write_output(tmp_path).parent, tmp_path / "it's $(touch hacked) & so")
    assert (await read_api_model(vm)).version == "1.33.10"
    assert not (tmp_path / "hacked").exists()
