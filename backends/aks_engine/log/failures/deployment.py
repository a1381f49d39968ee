"""A deployment of Resource Manager failed."""

from __future__ import annotations

from backends.aks_engine.log.failures.kind import Kind
from backends.model.engine.progress import Retry

FAMILY = "deployment"

KINDS = (
    Kind(
        "quota-exceeded",
        r"QuotaExceeded|exceeding (?:approved|quota)|OperationNotAllowed.{0,200}[Qq]uota",
        "the subscription's quota is used up; an upgrade needs room for one more machine in each pool. "
        "A master may have been deleted before this came",
        "have the quota raised, then go on",
        Retry.AFTER,
        FAMILY,
    ),
    Kind(
        "stamp-full",
        r"OverconstrainedAllocation|AllocationFailed|ZonalAllocation",
        "the stamp has no room for a machine of this size",
        "have room made on the stamp, then go on",
        Retry.AFTER,
        FAMILY,
    ),
    Kind(
        "image-gone",
        r"platform image '(?P<image>[^']{1,200})' is not available|PlatformImageNotFound",
        "the base image {image} is not in the stamp's marketplace (any more)",
        "have the stamp's operator download it from the marketplace",
        Retry.AFTER,
        FAMILY,
    ),
    Kind(
        "set-up-failed",
        r"exit status=(?P<status>\d{1,3})",
        "the machine's set-up ended with {status}: {meaning}",
        "collect that machine's logs, mend the cause, then go on",
        Retry.AFTER,
        FAMILY,
    ),
    Kind(
        "set-up-failed",
        r"VMExtensionProvisioningError|VMExtensionProvisioningTimeout",
        "the machine's set-up script failed or did not come to an end",
        "collect that machine's logs, mend the cause, then go on",
        Retry.AFTER,
        FAMILY,
    ),
    Kind(
        "arm-forbidden",
        r"AuthorizationFailed",
        "the service principal may not do that in the resource group",
        "give it the role Contributor there",
        Retry.AFTER,
        FAMILY,
        only_within=True,
    ),
    Kind(
        "template-invalid",
        r"InvalidTemplateDeployment|InvalidTemplate",
        "the stamp refused the deployment before it began, most often for want of quota; its answer says more",
        "look at the inner errors of the answer and at the quotas of the subscription",
        Retry.AFTER,
        FAMILY,
    ),
    Kind(
        "arm-throttled",
        r"TooManyRequests|RESPONSE 429|StatusCode=429",
        "the stamp's ARM was asked too often",
        "wait some minutes, then go on",
        Retry.SAFE,
        FAMILY,
    ),
    Kind(
        "deployment-failed",
        r"DeploymentFailed|ResourceDeploymentFailure|Finished ARM Deployment|"
        r"\b(?:GET|PUT|POST|PATCH|DELETE) https?://\S+",
        "a deployment failed on the stamp; its answer names the resource, not always the cause",
        "look at the deployment's operations in the stamp's portal and collect the machine's logs, then go on",
        Retry.AFTER,
        FAMILY,
    ),
)
