"""The stamp or its identity system did not let the engine in."""

from __future__ import annotations

from backends.aks_engine.log.failures.kind import Kind
from backends.model.engine.progress import Retry

KINDS = (
    Kind(
        "arm-unreachable",
        r"armhelpers\.GetTenantID",
        "the stamp's ARM did not answer, or the VM does not trust its certificate; aks-engine crashes over that",
        "ask the VM for https://management.<region>.<domain>/metadata/endpoints, "
        "mend the name, route, proxy or trust store",
        Retry.AFTER,
        "panic",
    ),
    Kind(
        "identity-system",
        r"Could not find the tenant ID in header",
        "the stamp signs in by ADFS, and aks-engine was told azure_ad",
        "set this stamp's identity system to adfs",
        Retry.AFTER,
    ),
    Kind(
        "secret-expired",
        r"AADSTS7000222|AADSTS7000215|invalid_client",
        "the service principal's secret is refused: expired, or not the right one",
        "renew it and put it into its file on the VM",
        Retry.AFTER,
        "sign-in",
    ),
    Kind(
        "certificate-invalid",
        r"Failed to parse rsa private key|certificate.{1,80}(?:does not match|no PEM)|key of the authority is not RSA",
        "the service principal's certificate or its key cannot be used: it takes an RSA key in PEM",
        "put a matching pair on the VM",
        Retry.AFTER,
        "sign-in",
    ),
    Kind(
        "arm-answer-odd",
        r"Header WWW-Authenticate not found|Unexpected response from Get Subscription",
        "what answers at the address of the stamp's ARM is not ARM: a proxy, or another machine",
        "ask the VM for https://management.<region>.<domain>/metadata/endpoints",
        Retry.AFTER,
        "sign-in",
    ),
    Kind(
        "sign-in-refused",
        r"Error listing registered providers for subscription (?P<subscription>[\w-]{1,60})",
        "the service principal was not let in, aks-engine hides why: its secret expired or wrong, no role on the "
        "subscription {subscription}, the wrong identity system, or the login endpoint is out of reach",
        "look at the preflight: it asks for the token and for the providers itself. Renew the secret or the role",
        Retry.AFTER,
        "sign-in",
    ),
    Kind(
        "group-forbidden",
        r"AuthorizationFailed",
        "the service principal may not write to the resource group",
        "give it the role Contributor there",
        Retry.AFTER,
        "group",
        only_within=True,
    ),
    Kind(
        "group-failed",
        r"error ensuring resource group",
        "the resource group could not be made or looked up",
        "look at what ARM answered",
        Retry.AFTER,
        "group",
    ),
    Kind(
        "group-empty",
        r"The provided resource group does not contain any VMs",
        "there is no machine in this resource group: it is the wrong one",
        "correct the resource group of this stamp",
        Retry.AFTER,
    ),
    Kind(
        "group-foreign",
        r"None of the VMs in the provided resource group contain any nodes",
        "no machine of this resource group belongs to the cluster",
        "correct resource group or api model of this stamp",
        Retry.AFTER,
    ),
    Kind(
        "image-missing",
        r"(?:Image Publisher: \S+, Offer: \S+, SKU: (?P<sku>\S{1,100}), Version: (?P<version>\S{1,60}))",
        "the base image {sku} {version} is not in the stamp's marketplace; nothing was touched",
        "have the stamp's operator download it from the marketplace",
        Retry.AFTER,
        "image",
    ),
    Kind(
        "image-unknown",
        r"some VM images are missing on the target cloud|/vmimage/offers/|OS base image not available",
        "a base image is not in the stamp's marketplace; nothing was touched",
        "have the stamp's operator download it from the marketplace",
        Retry.AFTER,
        "image",
    ),
    Kind(
        "host-key-changed",
        r"Strict host key check failed|does not match a key known for host",
        "a machine shows another host key than before: it was made anew, or somebody stands between",
        "compare the key on the machine, then take the old one out of ~/.aks-engine-azurestack/known_hosts",
        Retry.AFTER,
    ),
    Kind(
        "ssh-refused",
        r"\((?P<host>[^)]{1,200})\): ssh: (?:handshake failed|unable to authenticate)",
        "the machine {host} refuses the SSH key",
        "look whether it is the key the cluster was made with, and the account of the api model",
        Retry.AFTER,
        "ssh",
    ),
    Kind(
        "ssh-unreachable",
        r"dialing (?:ssh|jumpbox|host) \((?P<host>[^)]{1,200})\)",
        "the machine {host} cannot be reached by SSH from the VM",
        "look at its network rules and that it runs",
        Retry.AFTER,
        "ssh",
    ),
)
