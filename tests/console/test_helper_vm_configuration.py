"""What fleet.yaml says about a helper VM: read, shown as it takes effect, and refused when it cannot be meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from backends.errors import ConfigurationError
from backends.model.helper_vm import HelperVmAccess, SshHop
from console.configuration import load_settings
from tests.console.command_line import stampdeck
from tests.console.files import FLEET, write_fleet

PIN = "SHA256:" + "A" * 43
HELPER = f"""\
    helper_vm:
      host: 10.0.0.4
      key_files: [keys/helper]
      api_model: ~/cluster/apimodel.json
      environment: {{SSL_CERT_FILE: /etc/ssl/stack.pem}}
      jump:
        - {{host: bastion.example, user: ops, port: 2222, agent: false, host_key: "{PIN}"}}
"""
WITH_HELPER = FLEET.replace(
    "      context: orlando-admin\n", f"      context: orlando-admin\n      via: helper\n{HELPER}"
)


def test_a_helper_vm_is_read_with_its_jumps(tmp_path: Path) -> None:
    settings = load_settings(str(write_fleet(tmp_path, WITH_HELPER)))
    stamp = settings.stamps[0]
    assert stamp.cluster.via_helper
    assert stamp.helper_vm == HelperVmAccess(
        hop=SshHop("10.0.0.4", "azureuser", 22, (tmp_path / "keys/helper",)),
        jumps=(SshHop("bastion.example", "ops", 2222, agent=False, host_key=PIN),),
        api_model="~/cluster/apimodel.json",
        environment=(("SSL_CERT_FILE", "/etc/ssl/stack.pem"),),
    )
    assert settings.stamps[1].helper_vm is None


def test_what_takes_effect_is_a_file_that_says_the_same(tmp_path: Path) -> None:
    file = write_fleet(tmp_path, WITH_HELPER)
    found = stampdeck("--config", str(file), "config", "show")
    assert (found.code, found.err) == (0, "")
    again = yaml.safe_load(found.out)["stamps"][0]["helper_vm"]
    assert again["key_files"] == [str(tmp_path / "keys/helper")]
    assert again["jump"][0]["host_key"] == PIN
    told = json.loads(stampdeck("--config", str(file), "config", "show", "-o", "json").out)
    assert told["stamps"][0]["helper_vm"] == again


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (PIN, "SHA256:short", "host_key"),
        (PIN, "MD5:aa:bb", "host_key"),
        ("host: 10.0.0.4", "host: -oProxyCommand=x", "host"),
        (HELPER, "", "via is helper, but there is no helper_vm"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, before: str, after: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        load_settings(str(write_fleet(tmp_path, WITH_HELPER.replace(before, after))))
