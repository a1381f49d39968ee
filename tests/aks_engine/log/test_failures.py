"""What went wrong, explained."""

from __future__ import annotations

import re

import pytest

from backends.aks_engine.log import EngineLog, explain_exit
from backends.aks_engine.log.failures import catalogue
from backends.aks_engine.log.failures.kind import Kind
from backends.aks_engine.log.failures.set_up import meaning
from backends.model.engine.progress import Failure, Retry

_RULE = "-" * 80


def failures(text: str, word: str = "upgrade") -> tuple[Failure, ...]:
    """Read a text as the whole of a run's log."""
    log = EngineLog(word)
    log.feed(text.encode())
    log.close()
    return log.progress.failures


def failure(text: str, word: str = "upgrade") -> Failure:
    """Read a text that tells of one failure."""
    (found,) = failures(text, word)
    return found


_UPGRADING, _SCALING = "upgrading cluster: ", "failed to load existing container service: "
_ENDS = [
    ("validating upgrade command: --upgrade-version must be specified", "flag-missing", Retry.AFTER),
    (f"{_SCALING}--node-pool is required if more than one agent pool is defined", "pool-needed", Retry.AFTER),
    ("loading existing cluster: --client-secret must be specified when --auth-method=x", "secret-missing", Retry.AFTER),
    (f"{_SCALING}failed to get client: AADSTS7000222: The provided keys are expired", "secret-expired", Retry.AFTER),
    (f"{_UPGRADING}Total count of master VMs: 4 exceeded expected count: 3", "masters-too-many", Retry.NOT),
    (f"{_UPGRADING}context deadline exceeded", "deadline", Retry.AFTER),
    (f"{_UPGRADING}user-created PodSecurityPolices found in the cluster (try x)", "security-policies", Retry.AFTER),
    ("None of the VMs in the provided resource group contain any nodes", "group-foreign", Retry.AFTER),
    (
        'Got error while draining the nodes to be deleted: Node "n-1" failed to drain with error: '
        "Drain did not complete within 1h0m0s",
        "drain-blocked",
        Retry.AFTER,
    ),
    (f"{_SCALING}profile name 'a' already exists", "pool-exists", Retry.AFTER),
    ("validating API model after populating values: profile name 'a' is odd", "model-invalid", Retry.AFTER),
    (f"{_UPGRADING}write _output/a/apimodel.json: no space left on device", "disk-full", Retry.AFTER),
    (f"{_UPGRADING}open _output/a/apimodel.json: permission denied", "file-denied", Retry.AFTER),
    ("OSProfile.customData: maximum length of 87380 characters", "profile-too-long", Retry.AFTER),
    (f"{_UPGRADING}The platform image 'microsoft-aks:aks:s:1' is not available", "image-gone", Retry.AFTER),
    (f'{_UPGRADING}Get "https://a.b/api/v1/nodes": dial tcp: i/o timeout', "kubernetes-unreachable", Retry.AFTER),
    ("x: Strict host key check failed. Remote host identification has changed.", "host-key-changed", Retry.AFTER),
    ("unknown shorthand flag: 'z' in -z", "flag-unknown", Retry.NOT),
    ("flag needs an argument: --location", "arguments-wrong", Retry.NOT),
    ("validating get-logs args: --vm-names cannot be empty", "arguments-wrong", Retry.NOT),
    (
        "failed to load existing container service: apiserver URL cannot be insecure http://",
        "apiserver-insecure",
        Retry.AFTER,
    ),
    (f"{_SCALING}error parsing the agent pool: invalid character", "pool-file-broken", Retry.AFTER),
    ("validating rotate-certs args: parsing api-model: unexpected end of JSON input", "model-broken", Retry.AFTER),
    ("x: --location flag does not match api-model location", "location-mismatch", Retry.AFTER),
    (
        "loading API model: apimodel: missing masterProfile.dnsPrefix and",
        "model-invalid",
        Retry.AFTER,
    ),
    (f"{_SCALING}failed to get client: Unexpected response from Get Subscription: 502", "arm-answer-odd", Retry.AFTER),
    (f"{_SCALING}failed to get client: Failed to parse rsa private key: x", "certificate-invalid", Retry.AFTER),
    ("validating ssh configuration: dialing ssh (h): ssh: handshake failed: ssh: unable", "ssh-refused", Retry.AFTER),
    (": creating SSH client: dialing jumpbox (h): dial tcp: i/o timeout", "ssh-unreachable", Retry.AFTER),
    (
        f"{_UPGRADING}Node was not ready within 20m0s. Node 'a-1' failed to delete with error: 'x'",
        "agent-not-ready",
        Retry.AFTER,
    ),
    ("something nobody has seen", "unknown", Retry.NOT),
]


@pytest.mark.parametrize(("said", "id", "retry"), _ENDS, ids=[each[1] for each in _ENDS])
def test_last_words(said: str, id: str, retry: Retry) -> None:
    found = failure(f"Error: {said}\nUsage:\n")
    assert (found.id, found.retry, found.line) == (id, retry, 1)
    assert found.cause and found.todo


_NESTED = (
    '"message": "{\\"code\\":\\"VMExtensionProvisioningError\\",\\"message\\":\\"Enable failed: '
    'command terminated with exit status=50\\"}"'
)


@pytest.mark.parametrize(
    ("body", "id", "cause"),
    [
        ('"code": "QuotaExceeded", "message": "Operation results in exceeding quota"', "quota-exceeded", "quota"),
        ('"code": "OverconstrainedAllocationRequest"', "stamp-full", "no room"),
        ('"code": "AllocationFailed"', "stamp-full", "no room"),
        (_NESTED, "set-up-failed", "ended with 50: the machine does not get out to the internet"),
        ('"message": "VMExtensionProvisioningError"', "set-up-failed", "set-up script failed"),
        ('"code": "AuthorizationFailed"', "arm-forbidden", "may not"),
        ('"message": "The platform image \'microsoft-aks:aks:s:1.2\' is not available."', "image-gone", "aks:s:1.2"),
        ('"code": "Conflict"', "deployment-failed", "a deployment failed"),
    ],
)
def test_the_answer_of_the_stamp_says_more_than_the_error(body: str, id: str, cause: str) -> None:
    block = f"{_RULE}\nRESPONSE 200: 200 OK\nERROR CODE: DeploymentFailed\n{_RULE}\n{{\n  {body}\n}}\n{_RULE}\n"
    found = failure(
        f"INFO[0035] Finished ARM Deployment (k8s-upgrade-a-0-26-11-23T08.14.29-1). Error: GET https://x/y\n{block}"
        f"Error: upgrading cluster: GET https://x/y\n{block}Usage:\n"
    )
    assert found.id == id
    assert cause in found.cause
    assert found.text.startswith("ARM deployment k8s-upgrade-a-0-26-11-23T08.14.29-1: DeploymentFailed")
    assert found.line == 1


def test_a_quota_refused_before_the_deployment_begins() -> None:
    found = failure(
        f"Error: upgrading cluster: PUT https://x/y\n{_RULE}\nRESPONSE 400: 400 X\n"
        f"ERROR CODE: InvalidTemplateDeployment\n"
        f'{_RULE}\n{{\n  "code": "InvalidTemplateDeployment",\n  "details": [\n    {{ "code": "QuotaExceeded" }}\n'
        f"  ]\n}}\n"
        f"{_RULE}\n\nUsage:\n"
    )
    assert found.id == "quota-exceeded"
    assert found.text == "upgrading cluster: InvalidTemplateDeployment, QuotaExceeded"


def test_all_of_it_in_one_line_of_the_log() -> None:
    found = failure(
        'time="2026-11-23T08:14:31Z" level=error msg="Error creating upgraded agent VM k8s-a-10127131-0: '
        'DeploymentName[d] TopError[GET https://x/y\\n---\\n\\"code\\": \\"QuotaExceeded\\"]"\n'
    )
    assert (found.id, found.line) == ("quota-exceeded", 1)


def test_a_master_that_is_not_ready_is_not_simply_tried_again() -> None:
    """The same command would take it for done and delete the next one."""
    text = (
        'time="2026-11-23T08:23:00Z" level=error msg="Node was not ready within 20m0s"\n'
        'time="2026-11-23T08:23:00Z" level=info msg="Error validating upgraded master VM: k8s-master-10127131-0"\n'
        "Error: upgrading cluster: Node was not ready within 20m0s\nUsage:\n"
    )
    found = failure(text)
    assert (found.id, found.retry) == ("master-not-ready", Retry.NOT)
    assert "k8s-master-10127131-0" in found.cause


def test_an_agent_that_is_not_ready_can_be_tried_again() -> None:
    said = "Node was not ready within 20m0s. Succeeded to delete node k8s-a-10127131-1."
    found = failure(f"Error: upgrading cluster: {said}\n")
    assert (found.id, found.retry) == ("agent-not-ready", Retry.AFTER)


def test_a_deploy_that_failed_is_not_given_again_as_it_is() -> None:
    """Its output directory is there already, and overwriting it makes a new CA."""
    text = "INFO[0004] Finished ARM Deployment (g-1). Error: GET https://x/y\n"
    assert failure(text, "scale").retry is Retry.AFTER
    deployed = failure(text, "deploy")
    assert deployed.retry is Retry.NOT
    assert "new CA" in deployed.todo


def test_what_is_unknown_yields_to_what_is_known() -> None:
    known = "Error: upgrading cluster: context deadline exceeded\n"
    assert [each.id for each in failures(f"Error: odd\n{known}")] == ["deadline"]
    assert [each.id for each in failures(f"{known}Error: odd\n")] == ["deadline"]


def test_panics() -> None:
    assert failure("panic: odd\n\ngoroutine 1 [running]:\nmain.main()\n").id == "panic"
    crashed = "panic: runtime error\n\ngoroutine 1 [running]:\ngithub.com/x/armhelpers.GetTenantID({0x0})\n"
    assert failure(crashed).id == "arm-unreachable"


def test_words_that_do_not_tell_of_an_end_are_no_failure() -> None:
    """A drain that is given up is an alarm: the run goes on."""
    assert failures(
        'time="2026-11-23T08:24:10Z" level=error msg="There are pending pods when an error occurred: Drain did not '
        'complete within 1m0s\\n"\ntime="2026-11-23T08:24:10Z" level=info msg="no space left on device"\n'
    ) == ()  # fmt: skip


@pytest.mark.parametrize("kind", catalogue.KINDS, ids=lambda kind: kind.id)
def test_every_entry_names_only_what_its_pattern_catches(kind: Kind) -> None:
    caught = {*re.compile(kind.pattern).groupindex, "meaning"}
    assert set(re.findall(r"{(\w+)}", kind.cause + kind.todo)) <= caught
    assert kind.cause and kind.todo
    assert not kind.todo.endswith(".")


def test_exit_statuses_of_the_set_up() -> None:
    assert "etcd" in meaning("14")
    assert "service principal" in meaning("120")
    assert meaning("77") == meaning("x") == "its own log on the machine says why"


@pytest.mark.parametrize(
    ("status", "id"),
    [
        (1, "failed"),
        (2, "crashed"),
        (73, "not-copied"),
        (77, "secret-unreadable"),
        (127, "not-installed"),
        (129, "hung-up"),
        (130, "interrupted"),
        (137, "killed"),
        (141, "pipe-closed"),
        (143, "terminated"),
        (139, "signalled"),
        (255, "failed"),
        (78, "failed"),
    ],
)
def test_exit_statuses(status: int, id: str) -> None:
    found = explain_exit(status)
    assert found is not None
    assert (found.id, found.text, found.line) == (id, f"exit status {status}", 0)
    assert found.cause and found.todo


def test_no_failure_without_a_status() -> None:
    assert explain_exit(0) is None
    found = explain_exit(139)
    assert found is not None
    assert "SIGSEGV" in found.cause
