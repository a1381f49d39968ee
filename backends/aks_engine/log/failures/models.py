"""The api model or the version asked for was not right: nothing was touched."""

from __future__ import annotations

from backends.aks_engine.log.failures.kind import Kind
from backends.model.engine.progress import Retry

_METADATA = r"failed to retrieve custom endpoints|/metadata/endpoints"

KINDS = (
    Kind(
        "metadata-untrusted",
        rf"(?:{_METADATA}).{{0,300}}(?:x509|certificate)",
        "the VM does not trust the certificate of the stamp's ARM",
        "add the stamp's root certificate to the VM's trust store (update-ca-certificates)",
        Retry.AFTER,
        "metadata",
    ),
    Kind(
        "metadata-unreachable",
        _METADATA,
        "the stamp's ARM cannot be reached from the VM: its name, the route, or a proxy",
        "ask the VM for https://management.<region>.<domain>/metadata/endpoints, mend what fails",
        Retry.AFTER,
        "metadata",
    ),
    Kind(
        "model-missing",
        r"specified api model does not exist \((?P<path>[^)]{1,300})\)",
        "there is no api model at {path} on the VM",
        "correct the path of this stamp's api model, or put back a copy",
        Retry.AFTER,
    ),
    Kind(
        "pool-file-missing",
        r"specified agent pool spec does not exist \((?P<path>[^)]{1,300})\)",
        "there is no description of the pool at {path} on the VM",
        "put the file there",
        Retry.AFTER,
    ),
    Kind(
        "pool-file-broken",
        r"error parsing the agent pool",
        "the description of the pool is no valid JSON",
        "correct that file",
        Retry.AFTER,
    ),
    Kind(
        "version-unsupported",
        r"OrchestratorVersion: \"(?P<version>[^\"]{1,40})\"\. "
        r"Please use one of the following versions: (?P<known>.{1,200})",
        "this release of aks-engine does not build Kubernetes {version}: it knows {known}",
        "choose a version of the list, or the release that knows it",
        Retry.AFTER,
    ),
    Kind(
        "model-broken",
        r"error parsing (?:the )?api.model\b|parsing (?:the )?api.model: ",
        "the api model cannot be read: it may have been cut by a full disk",
        "put back the copy made before the last run",
        Retry.AFTER,
    ),
    Kind(
        "distro-unsupported",
        r"invalid .{1,40}distro '(?P<distro>[^']{1,60})'"
        r"|Distro '(?P<other>[^']{1,60})' is not longer supported.{1,40}, use ",
        "the base system {distro}{other} of the api model is no longer built",
        "set it to aks-ubuntu-22.04, whatever the message proposes",
        Retry.AFTER,
        "model-invalid",
    ),
    Kind(
        "model-invalid",
        r"validating API model after populating values: (?P<what>.{1,300})"
        r"|(?P<other>(?:apimodel: )?missing (?:masterProfile|Properties)\S{1,100}|error merging --set values.{1,200})",
        "the api model is refused: {what}{other}",
        "correct the api model",
        Retry.AFTER,
    ),
    Kind(
        "output-exists",
        r"Output directory already exists and forceOverwrite flag is not set: (?P<path>\S{1,300})",
        "{path} is there already: an earlier deploy wrote it before its deployment failed",
        "do not overwrite it: that makes a new CA and keys. Delete the resource group and the folder first",
        Retry.NOT,
    ),
    Kind(
        "location-mismatch",
        r"--location (?:flag )?does not match api.model location",
        "the region given is not that of the api model",
        "correct the region of this stamp",
        Retry.AFTER,
    ),
    Kind(
        "version-same",
        r"upgrading from Kubernetes version (?P<version>[\w.+-]{1,40}) to version (?P=version) is not supported",
        "the api model says {version} already: also after an upgrade of the control plane only",
        "nothing to do. Only a new base image needs the same version once more, and then every machine is replaced",
        Retry.NOT,
        "version",
    ),
    Kind(
        "version-not-offered",
        r"upgrading from Kubernetes version (?P<old>[\w.+-]{1,40}) to version (?P<new>[\w.+-]{1,40}) is not supported",
        "this release does not go from {old} to {new}",
        "follow the upgrade plan; never force it",
        Retry.NOT,
        "version",
    ),
    Kind(
        "engine-too-old",
        r"Missing Orchestrator Version",
        "this release of aks-engine does not know the version that the api model names",
        "use the release that made it, or a newer one",
        Retry.NOT,
        "version",
    ),
    Kind(
        "version-invalid",
        r"Invalid --upgrade-version value '(?P<version>[^']{1,60})'"
        r"|Kubernetes version (?P<other>\S{1,60}) is not supported",
        "{version}{other} is no version that aks-engine knows",
        "give it as x.y.z, of those that are offered",
        Retry.NOT,
        "version",
    ),
    Kind(
        "pool-unknown",
        r"node pool (?P<pool>\S{1,60}) was not found in the deployed api model",
        "the api model has no pool {pool}",
        "choose one of its pools",
        Retry.AFTER,
    ),
    Kind(
        "pool-exists",
        r"(?:profile name|node pool) \S{1,60} already exists|profile names must be unique",
        "the cluster has a pool of this name",
        "give the new pool another name",
        Retry.AFTER,
    ),
    Kind(
        "pool-mixed",
        r"mixed mode availability profiles are not allowed",
        "the new pool has another availabilityProfile than the pools of the cluster",
        "set availabilityProfile to AvailabilitySet in the description of the pool",
        Retry.AFTER,
    ),
    Kind(
        "profile-too-long",
        r"OSProfile.{1,200}maximum length of 87380",
        "what the machine is given at its start is too long: too many addons in the api model",
        "take addons out of the api model",
        Retry.AFTER,
        "deployment",
    ),
)
