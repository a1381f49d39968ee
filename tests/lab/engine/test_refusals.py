"""What the engine finds at the stamp and does not go on with, and what it needs not do: as the real one."""

from __future__ import annotations

import json
from pathlib import Path

from backends.lab.faults import FAULTS
from tests.lab.engine.stand import SECRET_FLAGS, Stand, engine_stand


def given_version(stand: Stand, version: str) -> None:
    model = stand.model
    model["properties"]["orchestratorProfile"]["orchestratorVersion"] = version
    stand.model_path.write_text(json.dumps(model, indent=2))


async def test_versions_and_places_that_do_not_fit_are_refused_before_anything_is_touched(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        before = stand.model_path.read_bytes()
        (await stand.upgrade("1.35.0")).agrees_with("62-upgrade-unsupported-version")
        (await stand.upgrade("1.34")).agrees_with("63-upgrade-invalid-semver")
        (await stand.upgrade("1.33.10")).agrees_with("65-upgrade-same-version-noforce")
        assert stand.model_path.read_bytes() == before
        wrong_place = json.loads(before)
        wrong_place["location"] = "elsewhere"
        stand.model_path.write_text(json.dumps(wrong_place))
        (await stand.upgrade("1.34.4")).agrees_with("64-upgrade-location-mismatch")
        given_version(stand, "1.34.2")
        stand.model_path.write_text(stand.model_path.read_text().replace("elsewhere", "orlando"))
        (await stand.upgrade("1.35.0")).agrees_with("a1-upgrade-apimodel-unknown-version")


async def test_what_the_stamp_refuses_is_told_as_little_as_by_the_real_one(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        board = stand.stamp.board
        assert {"image-missing", "spn-expired", "arm-forbidden", "arm-down", "arm-untrusted"} <= set(FAULTS)
        board.set("image-missing")
        missing = await stand.upgrade("1.34.4")
        missing.agrees_with("66-upgrade-missing-base-image")
        assert "RESPONSE 404: 404 Not Found\nERROR CODE: " in missing.out
        assert "fetching virtual machine image\ngithub.com/Azure/aks-engine-azurestack/pkg/armhelpers." in missing.out
        board.clear()
        board.set("spn-expired")
        (await stand.upgrade("1.34.4")).agrees_with("67-upgrade-spn-expired")
        board.clear()
        board.set("arm-forbidden", "write")
        forbidden = await stand.upgrade("1.34.4")
        forbidden.agrees_with("68-upgrade-rg-forbidden")
        assert "\nERROR CODE: AuthorizationFailed\n" in forbidden.err
        board.set("arm-forbidden")
        (await stand.upgrade("1.34.4")).agrees_with("69-upgrade-providers-forbidden")
        board.clear()
        for fault in ("arm-untrusted", "arm-down"):
            board.set(fault)
            crashed = await stand.upgrade("1.34.4")
            crashed.agrees_with("a5-upgrade-untrusted-arm-cert")
            board.clear()


async def test_a_machine_of_another_version_and_pools_that_are_not_there(tmp_path: Path) -> None:
    async with engine_stand(tmp_path) as stand:
        (await stand.scale(3)).agrees_with("60-scale-same-count")
        (await stand.scale(1)).agrees_with("76-scale-down-noapiserver")
        (await stand.scale(1, pool="nope")).agrees_with("77-scale-unknown-pool")
        (await stand.scale(4, group="typo-rg")).agrees_with("91-scale-wrong-empty-rg")
        shown = await stand.scale(3, *stand.api_server)
        assert shown.out.splitlines()[-4].startswith("NODE") and "desired count 3:" in shown.out
        assert (await stand.scale(1, "--apiserver", "http://x")).error.endswith(
            "apiserver URL cannot be insecure http://"
        )
        stand.retag(stand.stamp.name("linuxpool", 0), version="1.32.9")
        (await stand.upgrade("1.34.4")).agrees_with("a4-upgrade-vm-version-mismatch")


async def test_either_identity_system_and_a_certificate_log_in(tmp_path: Path) -> None:
    certificate = ("--auth-method", "client_certificate", "--certificate-path", ".stampdeck-sp/client.pem",
                   "--private-key-path", ".stampdeck-sp/key.pem")  # fmt: skip
    for adfs in (False, True):
        async with engine_stand(tmp_path / str(adfs), adfs=adfs) as stand:
            (await stand.scale(3)).agrees_with("ac-scale-adfs-ok")
            by_certificate = ["scale", "-g", "k8s-orlando", "-l", "orlando", "-m", str(stand.model_path), "-c", "3",
                              *SECRET_FLAGS, *certificate]  # fmt: skip
            if adfs:
                by_certificate += ["--identity-system", "adfs"]
                wrong_system = await stand.scale(3, "--identity-system", "azure_ad")
                wrong_system.agrees_with("ab-scale-azure_ad-flag-on-adfs-stamp")
            (await stand.run(*by_certificate)).agrees_with("ae-scale-client-certificate")
