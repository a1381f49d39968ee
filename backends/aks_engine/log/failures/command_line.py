"""The command was not right: nothing was touched."""

from __future__ import annotations

from backends.aks_engine.log.failures.kind import Kind
from backends.model.engine.progress import Retry

KINDS = (
    Kind(
        "apiserver-needed",
        r"--apiserver is required to scale down",
        "scaling down drains machines, and for that the API server's name is needed",
        "give the API server's name (its name, not an address)",
        Retry.AFTER,
    ),
    Kind(
        "pool-needed",
        r"--node-pool is required if more than one agent pool",
        "the cluster has several pools and none was named",
        "name the pool",
        Retry.AFTER,
    ),
    Kind(
        "secret-missing",
        r"--client-secret must be specified",
        "there is no client secret for the service principal",
        "put the secret into its file on the VM, or use a certificate",
        Retry.AFTER,
    ),
    Kind(
        "flag-missing",
        r"(?P<flag>--[\w-]+) must be specified|required flag\(s\) (?P<flags>.{1,200}) not set",
        "the command line lacks {flag}{flags}",
        "complete the settings of this stamp's helper VM",
        Retry.AFTER,
    ),
    Kind(
        "flags-ambiguous",
        r"ambiguous, please specify only one of (?P<flags>.{1,200})",
        "the command line holds two flags that exclude each other: {flags}",
        "give only one of them",
        Retry.AFTER,
    ),
    Kind(
        "flag-unknown",
        r"unknown (?:shorthand )?flag: (?P<flag>.{1,80})|unknown command \"(?P<command>[^\"]{1,80})\"",
        "this release of aks-engine does not know {flag}{command}",
        "look whether the release on the VM is the one you mean",
        Retry.NOT,
    ),
    Kind(
        "client-id-invalid",
        r"parsing --client-id: invalid UUID",
        "the service principal's id is no UUID",
        "correct the client id of this stamp",
        Retry.AFTER,
    ),
    Kind(
        "subscription-invalid",
        r"--subscription-id is required \(and must be a valid UUID\)",
        "the subscription's id is missing or no UUID",
        "correct the subscription of this stamp",
        Retry.AFTER,
    ),
    Kind(
        "environment-unknown",
        r"failed to parse --azure-env",
        "the cloud's name is not one aks-engine knows",
        "pass --azure-env AzureStackCloud",
        Retry.AFTER,
    ),
    Kind(
        "method-unsupported",
        r"method unsupported\. method=\"(?P<method>[^\"]{1,80})\" identitysystem=\"(?P<system>[^\"]{1,80})\"",
        "there is no way to sign in with {method} and the identity system {system}",
        "the identity system is azure_ad or adfs: correct it for this stamp",
        Retry.AFTER,
    ),
    Kind(
        "ssh-key-missing",
        r"specified --linux-ssh-private-key does not exist \((?P<path>[^)]{1,300})\)",
        "there is no SSH key at {path} on the VM",
        "put the key of the machines there, mode 0600",
        Retry.AFTER,
    ),
    Kind(
        "apiserver-insecure",
        r"apiserver URL cannot be insecure http://",
        "the API server's name was given with http://",
        "give its name alone",
        Retry.AFTER,
    ),
    Kind(
        "arguments-wrong",
        r"flag needs an argument|bad flag syntax|invalid argument|too many arguments were provided|mutually exclusive"
        r"|must be specified together|--[\w-]+ (?:cannot be empty|is a required parameter)",
        "the command line is not what this release of aks-engine takes",
        "look whether the release on the VM is the one you mean",
        Retry.NOT,
    ),
    Kind(
        "output-unknown",
        r"output format .{1,80} is not supported",
        "this release does not write that format",
        "look whether the release on the VM is the one you mean",
        Retry.NOT,
    ),
)
