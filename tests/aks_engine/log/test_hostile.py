"""Whoever can write into the log cannot harm who reads it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.aks_engine.log import EngineLog
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import EngineProgress
from tests.aks_engine.log.samples import sample
from tests.support.hostile import HARMFUL, PAYLOADS

_SHELLS = (
    "{}",
    "Error: loading existing cluster: specified api model does not exist ({})",
    "Error: {}",
    "INFO[0004] {}",
    "\x1b[31mERRO\x1b[0m[0000] Image Publisher: p, Offer: o, SKU: {}, Version: {}",
    'time="2026-11-23T08:07:49Z" level=info msg="Upgrading Agent VM: k8s-{}, pool name: {}"',
    'time="2026-11-23T08:07:49Z" level=error msg="There are pending pods: {}" node={} {}="{}"',
    'time="2026-11-23T08:07:49Z" level=error msg="pod/{}"',
    "NODE  STATUS  VERSION\n{}  Ready  v1.0  {}  {}",
    "panic: {}\n{}",
    "Error: GET https://x/{}",
)
_BEGINNINGS = [b"Error: ", b"\n", b'time="', b"NODE  STATUS  VERSION\n", b"INFO[0001] "]


def _texts(lines: list[EngineLine], progress: EngineProgress) -> list[str]:
    found = [text for each in lines for text in (each.text, each.message, *each.fields.values())]
    found += [progress.pool, progress.target_version, progress.step, *progress.alarms]
    found += [text for node in progress.nodes for text in (node.name, node.pool, node.note)]
    found += [text for each in progress.failures for text in (each.text, each.cause, each.todo)]
    return found


def _read(data: bytes, secrets: tuple[str, ...] = ()) -> list[str]:
    log = EngineLog("upgrade", secrets)
    lines = [*log.feed(data), *log.close()]
    return _texts(lines, log.progress)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_no_text_controls_a_terminal(payload: str) -> None:
    for shell in _SHELLS:
        data = shell.replace("{}", payload).encode(errors="surrogatepass")
        for text in _read(data):
            assert not HARMFUL.search(text), (shell, text)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b"Error: ", b"\n", b'time="', b"NODE  STATUS  VERSION\n"]))
    )
)
def test_any_bytes_are_read(pieces: list[bytes]) -> None:
    for text in _read(b"".join(pieces)):
        assert not HARMFUL.search(text)


@pytest.mark.parametrize(
    "line",
    [
        "a" * 3_000_000,
        "Error: " + "GET https:// " * 60_000,
        'time="2026-11-23T08:07:49Z" level=info msg="' + '\\"' * 400_000 + '"',
        'time="2026-11-23T08:07:49Z" level=info msg=x' + ' a="b"' * 100_000,
        "INFO[0001] Image Publisher: " + ", Offer: , SKU: , Version: " * 20_000,
        "NODE  STATUS  VERSION\nn" + "  " * 300_000 + "!",
        "Error: x\n" + "a." * 200_000 + "!",
        "INFO[0001] Error creating agent node " + "x (index 1): " * 30_000,
        "Error: " + "failed to retrieve custom endpoints " * 20_000,
        "Error: " + "invalid distro '" * 20_000,
        "\x1b[36mINFO\x1b[0m[0001] " + "\x1b[36mnode\x1b[0m=" * 50_000,
    ],
    ids=lambda line: line[:24],
)
def test_no_line_takes_long(line: str) -> None:
    """Reading takes time in proportion: a test that hangs here met a pattern that does not."""
    for text in _read(f"{line}\n".encode() * 2):
        assert len(text) < 20_000


def test_what_is_kept_is_bounded() -> None:
    """Names, alarms and failures made up by the hundred thousand do not fill the memory."""
    log = EngineLog("upgrade")
    logged = 'time="2026-11-23T08:07:49Z" level=info msg='
    for index in range(3_000):
        log.feed(
            f'{logged}"Upgrading Agent VM: k8s-p-10127131-{index}, pool name: p{index}"\n'
            f'{logged}"Skipping VM: n{index} for upgrade as the orchestrator version could not be determined."\n'
            f"Error: made up {index}\n".encode()
        )
    assert len(log.progress.nodes) == 500
    assert len(log.progress.alarms) == 50
    assert len(log.progress.failures) <= 20


def test_known_secrets_are_masked_everywhere() -> None:
    secret = "S3cret-Value"
    shells = (
        *_SHELLS,
        "10962 aks-engine-azurestack upgrade --client-secret {} --subscription-id 9",
        'time="2026-11-23T08:07:49Z" level=info msg="x" secret={} b="{}"',
        "Error: GET https://x/y\n" + "-" * 80 + '\n{"message": "{}"}\n',
    )
    for shell in shells:
        data = shell.replace("{}", secret).encode()
        assert [text for text in _read(data, (secret,)) if secret in text] == []
        assert any("«redacted»" in text for text in _read(data, (secret,))), shell


@pytest.mark.parametrize("before", range(280, 310))
def test_no_piece_of_a_secret_is_cut_out_of_a_message(before: int) -> None:
    """What a failure names is cut out of the message as it was written."""
    secret = "S3cret-Value-of-the-principal"
    data = f"Error: validating API model after populating values: {'x' * before}{secret} and more\n".encode()
    texts = _read(data, (secret,))
    assert [text for text in texts if secret[:6] in text or secret[-6:] in text] == []


def test_no_piece_of_a_secret_passes_for_a_code() -> None:
    data = b'Error: GET https://x/y\n{"code": "S3cret-Value"}\nERROR CODE: S3cret-Value\n"code": "S3cret"\n'
    assert not any("S3cret" in text for text in _read(data, ("S3cret-Value", "S3cret")))


def test_what_looks_like_a_secret_is_masked() -> None:
    data = b"INFO[0001] signing in with client_secret=hunter2-hunter2\n"
    assert not any("hunter2" in text for text in _read(data))


def test_a_field_may_be_a_secret_by_its_name() -> None:
    logged = 'time="2026-11-23T08:07:49Z" level=info msg="signing in" client_secret="hunter2 hunter2" node=n-0\n'
    (line,) = EngineLog("upgrade").feed(logged.encode())
    assert dict(line.fields) == {"client_secret": "«redacted»", "node": "n-0"}


def test_a_private_key_is_masked_to_its_end_and_no_further() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\nafter\n"
    texts = _read(key.encode())
    assert not any("MIIE" in text for text in texts)
    assert "after" in texts


def test_a_key_that_never_ends_does_not_hide_what_the_loggers_say() -> None:
    log = EngineLog("upgrade")
    log.feed(b"-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n")
    beat = b'time="2026-11-23T08:07:49Z" level=info msg="Master node: k8s-master-10127131-0 not ready yet..."\n'
    lines = log.feed(beat * 2)
    assert [each.message for each in lines] == ["master_wait", "master_wait"]
    log.feed(b"-----BEGIN PRIVATE KEY-----\n")
    (beaten, after) = log.feed(beat + b"MIIE\n")
    assert (beaten.message, after.text) == ("master_wait", "MIIE")


def test_a_secret_too_short_to_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be masked"):
        EngineLog("upgrade", ("abc",))


def test_nothing_of_a_real_log_is_masked_by_mistake() -> None:
    taken = sample("61-upgrade-3m-3a-notty")
    assert not any("redacted" in text for text in _read(taken.data))
