"""A Resource Manager that says what a test wants it to, over TLS on loopback: for answers no stamp should give."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from backends.model.azure_stack import AzureStackAccess, ReaderCredentials
from tests.support.authority import Authority

READER = "33333333-4444-4555-8666-777777777777"
SECRET = "R3ader~s3cret/+=x"
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyZWFkZXIifQ.c2lnbmF0dXJl"
Answer = Callable[[web.Request], web.StreamResponse]


@dataclass
class ScriptedArm:
    """`answers` by path, asked in the order given for each; the last one stays."""

    base: str
    ca_file: Path
    secret_file: Path
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)

    def access(self, **changes: object) -> AzureStackAccess:
        found: dict[str, object] = {
            "management": self.base,
            "subscription": "11111111-2222-4333-8444-555555555555",
            "resource_group": "k8s-orlando",
            "location": "orlando",
            "ca_file": self.ca_file,
            "reader": ReaderCredentials(READER, self.secret_file),
            **changes,
        }
        return AzureStackAccess(**found)  # type: ignore[arg-type]

    def on(self, path: str, *answers: Answer) -> None:
        self.answers[path.lower()] = list(answers)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        path = request.path.lower()
        self.asked.append((request.method, path))
        if request.method == "POST":
            self.forms.append({key: str(value) for key, value in (await request.post()).items()})
        waiting = self.answers.get(path)
        if waiting is None:
            return web.json_response({"error": {"code": "NotFound", "message": "nothing there"}}, status=404)
        return (waiting.pop(0) if len(waiting) > 1 else waiting[0])(request)


def says(document: object, status: int = 200, **headers: str) -> Answer:
    return lambda request: web.json_response(document, status=status, headers=headers)


def says_text(text: str, status: int = 200, kind: str = "text/html", **headers: str) -> Answer:
    return lambda request: web.Response(text=text, status=status, content_type=kind, headers=headers)


@contextlib.asynccontextmanager
async def scripted_arm(folder: Path, *, authority: Authority | None = None) -> AsyncIterator[ScriptedArm]:
    """Serve on a free port, with a login that works until a test says otherwise."""
    known = Authority("stamp")
    certificate, key = (authority or known).server("127.0.0.1", "localhost").write(folder, "arm")
    ca_file = folder / "arm-ca.crt"
    ca_file.write_text(known.pem)
    secret_file = folder / "reader.secret"
    secret_file.touch(mode=0o600)
    secret_file.write_text(f"{SECRET}\n")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    arm = ScriptedArm("", ca_file, secret_file)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", arm.serve)
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    arm.base = f"https://127.0.0.1:{runner.addresses[0][1]}"
    login = {"loginEndpoint": f"{arm.base}/", "audiences": ["https://management.orlando.onmicrosoft.com/guid"]}
    arm.on("/metadata/endpoints", says({"authentication": login}))
    arm.on("/tenant/oauth2/token", says({"access_token": TOKEN, "expires_in": "3599"}))
    try:
        yield arm
    finally:
        await runner.cleanup()
