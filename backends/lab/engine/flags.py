"""The commands and their flags.

Names, letters, kinds and defaults are the interface of aks-engine-azurestack v0.85.0; descriptions are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

PROGRAM = "aks-engine-azurestack"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag: `kind` is string, bool, int, strings (commas split) or stringArray; `shown` stands for its value in help.

    A deprecated flag is not shown in help and says `deprecated` when it is given.
    """

    name: str
    about: str = ""
    short: str = ""
    kind: str = "string"
    default: str = ""
    shown: str = ""
    deprecated: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its line in the list, its longer description, flags, and those cobra itself insists on."""

    name: str
    short: str
    long: str
    flags: tuple[Flag, ...] = ()
    required: tuple[str, ...] = ()


_METHODS = "[client_secret|client_certificate]"
_AUTH = (
    Flag("auth-method", "how to log in: with a secret or with a certificate", default="client_secret",
         shown="client_secret"),
    Flag("azure-env", "cloud to work on", default="AzurePublicCloud"),
    Flag("certificate-path", "file of the client certificate (with --auth-method=client_certificate)"),
    Flag("client-id", f"application id of the service principal (with --auth-method={_METHODS})"),
    Flag("client-secret", "its secret (with --auth-method=client_secret)"),
    Flag("identity-system", "who knows the service principal: Entra ID or ADFS", default="azure_ad", shown="azure_ad"),
    Flag("language", "language of error messages", default="en-us"),
    Flag("private-key-path", "file of the certificate's private key (with --auth-method=client_certificate)"),
    Flag("subscription-id", "subscription of the cluster (required)", "s"),
)  # fmt: skip
_MODEL = Flag("api-model", "file of the finished api model, apimodel.json", "m")
_LOCATION = Flag("location", "location of the stamp", "l")
_GROUP = Flag("resource-group", "resource group of the cluster", "g")
_DEPLOYMENT_DIR = Flag(
    "deployment-dir",
    deprecated="deployment-dir is no longer required for scale or upgrade. Please use --api-model.",
)
_OUTPUT = Flag("output", "form of the answer: human or json", "o", default="human")
_CA = (
    Flag("ca-certificate-path", "certificate of an authority to issue the cluster's certificates with"),
    Flag("ca-private-key-path", "private key of that authority"),
)
_SET = Flag("set", "values that replace those of the api model: key1=val1,key2=val2", kind="stringArray")
_SSH = (
    Flag("linux-ssh-private-key", "file of a private key that opens the cluster's Linux nodes"),
    Flag("ssh-host", "name or address of a machine with SSH that reaches every node"),
)
_WAITS = "minutes to wait for a machine"

HELP = Flag("help", short="h", kind="bool")
DEBUG = Flag("debug", "say more in the log", kind="bool")
ROOT = Command(
    "",
    "",
    "Stand-in of the lab for the engine that makes and runs Kubernetes clusters on Azure Stack Hub",
    (DEBUG, Flag("show-default-model", "print the api model that is used where none is given", kind="bool")),
)

COMMANDS = {
    each.name: each
    for each in (
        Command(
            "addpool", "Add a pool of nodes to a cluster", "Add the pool of nodes that a file describes to a cluster",
            (*_AUTH, _MODEL, _LOCATION, _GROUP, Flag("node-pool", "JSON file that describes the new pool", "p")),
        ),
        Command("completion", "Print completion for bash", "Print a script that completes commands and flags in bash"),
        Command(
            "deploy", "Make a cluster", "Make a cluster by an Azure Resource Manager template",
            (
                *_AUTH, _MODEL, *_CA, _SET, _LOCATION, _GROUP,
                Flag("auto-suffix", "add the time to the DNS prefix, so that it is unique", kind="bool"),
                Flag("dns-prefix", "DNS prefix: the cluster's own name", "p"),
                Flag("force-overwrite", "overwrite files of the output directory", "f", "bool"),
                Flag("output-directory", "directory for what is made (by the DNS prefix if absent)", "o"),
            ),
        ),
        Command(
            "generate", "Write the files of a cluster without making it",
            "Write the Azure Resource Manager template and the other files of a cluster, and make nothing",
            (
                _MODEL, *_CA, _SET, Flag("client-id", "application id of the cluster's service principal"),
                Flag("client-secret", "its secret"),
                Flag("no-pretty-print", "write the template unindented", kind="bool"),
                Flag("output-directory", "directory for what is made (by the DNS prefix if absent)", "o"),
                Flag("parameters-only", "write parameters only", kind="bool"),
            ),
        ),
        Command(
            "get-logs", "Collect the logs of a cluster's nodes", "Collect logs and settings of a cluster's nodes",
            (
                _MODEL, _LOCATION, *_SSH, Flag("control-plane-only", "of the control plane only", kind="bool"),
                Flag("linux-script", "script that collects them on Linux nodes"),
                Flag("output-directory", "directory for the logs, beside the api model if absent", "o"),
                Flag("upload-sas-url", "address with a signature of a storage container to upload them to"),
                Flag("vm-names", "of these machines only", kind="strings"),
                Flag("windows-script", "script that collects them on Windows nodes"),
            ),
            ("api-model", "linux-ssh-private-key", "location", "ssh-host"),
        ),
        Command(
            "get-versions", "Print the Kubernetes versions there are", "Print the versions of Kubernetes and upgrades",
            (
                _OUTPUT, Flag("azure-env", "cloud to work on", default="AzurePublicCloud"),
                Flag("version", "this version only"), Flag("windows", "for a cluster with Windows nodes", kind="bool"),
            ),
        ),
        Command("help", "Print help for a command", "Print help for a command"),
        Command(
            "rotate-certs", "Replace the certificates of a cluster",
            "Replace every certificate of a cluster. Its API is away meanwhile, and a failure can leave it broken",
            (
                *_AUTH, _MODEL, _LOCATION, _GROUP, *_SSH,
                Flag("certificate-profile", "JSON file with the certificates to use"),
                Flag("force", "go on although the API does not answer", kind="bool"),
            ),
            ("api-model", "linux-ssh-private-key", "location", "resource-group", "ssh-host"),
        ),
        Command(
            "scale", "Change the number of nodes of a pool", "Bring a pool of a cluster to a number of nodes",
            (
                *_AUTH, _MODEL, _LOCATION, _GROUP, _DEPLOYMENT_DIR,
                Flag("apiserver", "name of the cluster's API (needed to cordon and drain)"),
                Flag("master-FQDN", deprecated="--apiserver is preferred"),
                Flag("new-node-count", "number of nodes wanted", "c", "int", "0"),
                Flag("node-pool", "the pool"),
            ),
        ),
        Command(
            "upgrade", "Upgrade a cluster", "Upgrade a cluster to another version of Kubernetes, node by node",
            (
                *_AUTH, _MODEL, _LOCATION, _GROUP, _DEPLOYMENT_DIR,
                Flag("control-plane-only", "the control plane only, no pools", kind="bool"),
                Flag("cordon-drain-timeout", f"{_WAITS} to be drained", kind="int", default="-1"),
                Flag("force", "also to the same or an older version", "f", "bool"),
                Flag("kubeconfig", "file of the kubeconfig", "b"),
                Flag("upgrade-version", "version wanted (required)", "k"),
                Flag("upgrade-windows-vhd", "also replace the image of Windows nodes", kind="bool", default="true"),
                Flag("vm-timeout", f"{_WAITS} to be upgraded", kind="int", default="-1"),
            ),
        ),
        Command("version", "Print the version of the engine", "Print the version of the engine", (_OUTPUT,)),
    )
}  # fmt: skip
"""Every command by its name."""
