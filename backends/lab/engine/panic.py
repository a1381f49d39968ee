"""The crash of the real engine when ARM cannot be reached or its certificate is not trusted.

Its search for the tenant reads a field of an error that is not there; the shape of the dump is what operators meet.
"""

from __future__ import annotations

import random

from backends.lab.engine.failure import EnginePanic

_PACKAGE = "github.com/Azure/aks-engine-azurestack"
_COBRA = "/src/vendor/github.com/spf13/cobra/command.go"
_EXECUTION = (("execute", 762, "+0x6dc"), ("ExecuteC", 852, "+0x2bf"), ("Execute", 800, "+0x13"))
_PLACES = {
    "upgrade": (
        ("(*upgradeCmd).loadCluster", "upgrade.go", 325, "+0x1546"),
        ("(*upgradeCmd).run", "upgrade.go", 402, "+0x45"),
    ),
    "scale": (("(*scaleCmd).load", "scale.go", 195, "+0x489"), ("(*scaleCmd).run", "scale.go", 263, "+0x6c")),
    "addpool": (("(*addPoolCmd).load", "addpool.go", 167, "+0x4a5"), ("(*addPoolCmd).run", "addpool.go", 210, "+0x8e")),
    "deploy": (
        ("(*deployCmd).loadAPIModel", "deploy.go", 268, "+0x836"), ("newDeployCmd.func1", "deploy.go", 75, "+0x5a"),
    ),
    "rotate-certs": (
        ("(*rotateCertsCmd).init", "rotate_certs.go", 176, "+0x3a1"),
        ("newRotateCertsCmd.func1", "rotate_certs.go", 87, "+0x8b"),
    ),
}  # fmt: skip


def tenant_panic(command: str, has_certificate: bool, dice: random.Random) -> EnginePanic:
    """Return the crash of a command that logs in to `azure_ad`."""

    def address() -> str:
        return f"0x{dice.randrange(0x340000000000, 0x3F0000000000):x}"

    login, line = ("NewClientCertificateCredential", 69) if has_certificate else ("NewClientSecretCredential", 34)
    lines = [
        "panic: runtime error: invalid memory address or nil pointer dereference",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x18159a2]",
        "",
        "goroutine 1 [running]:",
        f"{_PACKAGE}/pkg/armhelpers.GetTenantID({{{address()}, 0x24}}, {{{{{address()}?, 0x15?}}, {address()}?}})",
        "\t/src/pkg/armhelpers/tenantid.go:40 +0x182",
        f"{_PACKAGE}/pkg/armhelpers.getOAuthConfig(...)",
        "\t/src/pkg/armhelpers/credentials.go:127",
        f"{_PACKAGE}/pkg/armhelpers.{login}({{{{{address()}?, {address()}?}}, {address()}?}}, {{{address()}?, 0x0?}})",
        f"\t/src/pkg/armhelpers/credentials.go:{line} +0x85",
        f"{_PACKAGE}/cmd.(*authArgs).getCredentials({address()}, {{{{{address()}?, 0x1f55045?}}, {address()}?}})",
        "\t/src/cmd/root.go:270 +0x1dc",
        f"{_PACKAGE}/cmd.(*authArgs).getClient({address()}, {address()})",
        "\t/src/cmd/root.go:256 +0x265",
    ]
    for function, file, number, offset in _PLACES.get(command, _PLACES["upgrade"]):
        lines += [f"{_PACKAGE}/cmd.{function}({address()})", f"\t/src/cmd/{file}:{number} {offset}"]
    for function, number, offset in (
        ("execute", 762, "+0x6dc"),
        ("ExecuteC", 852, "+0x2bf"),
        ("Execute", 800, "+0x13"),
    ):
        call = "..." if function == "Execute" else address()
        lines += [f"github.com/spf13/cobra.(*Command).{function}({call})", f"\t{_COBRA}:{number} {offset}"]
    lines += ["main.main()", "\t/src/main.go:18 +0x7f"]
    return EnginePanic("\n".join(lines) + "\n")
