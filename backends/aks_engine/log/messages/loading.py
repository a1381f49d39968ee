"""What every command says while it reads the api model and signs in."""

from __future__ import annotations

from backends.aks_engine.log.messages.table import table
from backends.model.engine.progress import Phase
from backends.model.fleet import Severity

MESSAGES = (
    *table(
        (
            ("cloud_profile", "Writing cloud profile to: <path>"),
            (
                "distro_overwrite",
                "Distro '<distro>' is not longer supported on Azure Stack Hub, "
                "overwriting master profile distro to '<becomes>'",
            ),
            (
                "distro_overwrite",
                "Distro '<distro>' is not longer supported on Azure Stack Hub, "
                "overwriting agent pool profile <pool> distro to '<becomes>'",
            ),
            (
                "distro_unsupported",
                "Distro '<distro>' is not longer supported on Azure Stack Hub, use '<becomes>' instead",
            ),
            (
                "ccm_forced",
                "The in-tree cloud provider is not longer supported on Azure Stack Hub for v1.21+ clusters, "
                "overwriting UseCloudControllerManager to 'true'",
            ),
            (
                "docker_to_containerd",
                "The docker runtime is no longer supported for v1.24+ clusters, "
                "overwriting ContainerRuntime to 'containerd'",
            ),
            (
                "docker_to_containerd",
                "The docker runtime is no longer supported for v1.24+ clusters, "
                "setting ContainerRuntime to 'containerd'",
            ),
            ("cloud_provider_forced", "Forcing '--cloud-provider' to 'external' in <where…>"),
            ("apimodel_forced", "apimodel: <what…>"),
            ("component_bump", "etcd will be upgraded to version <version>"),
            ("component_bump", "containerd will be upgraded to version <version>"),
            ("component_bump", "Moby will be upgraded to version <version>"),
            ("component_bump", "Any new nodes will have containerd version <version>"),
            ("component_bump", "Any new nodes will have Moby version <version>"),
            (
                "register_rp",
                'Registering subscription to resource provider. provider="<provider>" subscription="<subscription>"',
            ),
            ("dns_suffix", "Generated random suffix <suffix>, DNS Prefix is <prefix>"),
            (
                "group_by_prefix",
                "--resource-group was not specified. Using the DNS prefix from the apimodel as the resource group "
                "name: <rg>",
            ),
            ("default_model", "no --api-model was specified, using default model"),
            ("default_model", "default api model generated at <path…>"),
            ("merged_model", "new API model file has been generated during merge: <path…>"),
            ("gen_assets", "Generating assets into <dir>..."),
            ("one_master_warn", "Running only 1 control plane VM not recommended<why…>"),
        ),
        phase=Phase.LOADING,
    ),
    *table(
        (
            ("debug_tenant", "Resolving tenantID for subscriptionID: <subscription>"),
            ("debug_registered", 'Already registered for "<provider>"'),
            ("debug_image", "Validate OS image is available on the target cloud: <image…>"),
            ("debug_pki", "pki: PKI asset creation took <duration>"),
            ("debug_wrote", "output: wrote <path>"),
        ),
        is_noise=True,
    ),
    *table(
        (
            ("known_hosts_missing", "failed to open file <path…>/known_hosts"),
            ("known_hosts_not_copied", "failed to copy <path…>/known_hosts: <error…>"),
        ),
        is_noise=True,
    ),
    *table(
        (("deprecated_flag", "Flag --<flag> has been deprecated, <instead…>"),),
        severity=Severity.WARNING,
    ),
)
