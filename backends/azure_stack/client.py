"""A stamp's Azure Resource Manager, read only: the only requests it is ever sent are GETs.

Versions are those of the API profile 2020-09-01-hybrid.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from backends.azure_stack import failures, reading
from backends.azure_stack.login import Login
from backends.azure_stack.sending import Sending, origin
from backends.clock import Clock
from backends.errors import Invalid, Malformed, NotFound
from backends.model.azure_stack import AzureStackAccess, BaseImage, Deployment, Usage, VirtualMachine
from backends.retry import Backoff

_COMPUTE, _NETWORK, _RESOURCES = "2020-06-01", "2018-11-01", "2018-05-01"
_MOST_PAGES = 100
_TRIES = 4
_LONGEST_WAIT_S = 30.0
"""A server that wants to be left alone for longer is not waited for: whoever asks hears of it."""
_AT_ONCE = 6


class StampArmClient:
    """Reads one stamp's resource group. Calls raise only SourceError."""

    def __init__(self, stamp: str, access: AzureStackAccess, clock: Clock) -> None:
        self._stamp = stamp
        self._access = access
        self._clock = clock
        self._sending = Sending(stamp, access)
        self._login = Login(stamp, access, self._sending, clock)

    async def machines(self) -> Sequence[VirtualMachine]:
        """Return the machines of the resource group with their tags and power state, by name."""
        what = "the machines of the resource group could not be read"
        path = f"{self._group}/providers/Microsoft.Compute/virtualMachines"
        try:
            found = [each async for each in self._pages(path, _COMPUTE, what, "&$expand=instanceView")]
        except Invalid:
            # Stamps whose list does not take $expand: their machines are asked one by one.
            found = [each async for each in self._pages(path, _COMPUTE, what)]
        slots = asyncio.Semaphore(_AT_ONCE)
        seen = await asyncio.gather(*(self._with_view(each, path, slots) for each in found))
        machines = [reading.machine_of(each) for each in seen if each is not None]
        return sorted((each for each in machines if each is not None), key=lambda each: each.name)

    async def has_image(self, image: BaseImage) -> bool:
        """Return whether the marketplace has an image in exactly this version."""
        parts = [quote(each, safe="") for each in (image.publisher, image.offer, image.sku, image.version)]
        publisher, offer, sku, version = parts
        path = f"{self._location('Compute')}/publishers/{publisher}/artifacttypes/vmimage/offers/{offer}"
        try:
            await self._get(f"{path}/skus/{sku}/versions/{version}", _COMPUTE, f"whether {image} is there is not known")
        except NotFound:
            return False
        return True

    async def usages(self) -> Sequence[Usage]:
        """Return the quotas of the subscription for machines and networks."""
        what = "the quotas could not be read"
        found = [each async for each in self._pages(f"{self._location('Compute')}/usages", _COMPUTE, what)]
        found += [each async for each in self._pages(f"{self._location('Network')}/usages", _NETWORK, what)]
        usages = map(reading.usage_of, found)
        return tuple(each for each in usages if each is not None)

    async def deployments(self, last: int = 20) -> Sequence[Deployment]:
        """Return the newest deployments of the resource group, newest first: what runs of the engine left there."""
        what = "the deployments of the resource group could not be read"
        path = f"{self._group}/providers/Microsoft.Resources/deployments"
        found = [reading.deployment_of(each) async for each in self._pages(path, _RESOURCES, what)]
        known = sorted((each for each in found if each is not None), key=lambda each: -each.at)
        return tuple(known[:last])

    async def aclose(self) -> None:
        """Close its connections."""
        await self._sending.close()

    @property
    def _group(self) -> str:
        group = quote(self._access.resource_group, safe="()")
        return f"/subscriptions/{self._access.subscription}/resourcegroups/{group}"

    def _location(self, provider: str) -> str:
        subscription, location = self._access.subscription, quote(self._access.location, safe="")
        return f"/subscriptions/{subscription}/providers/Microsoft.{provider}/locations/{location}"

    async def _with_view(
        self, machine: Mapping[str, Any], path: str, slots: asyncio.Semaphore
    ) -> Mapping[str, Any] | None:
        """Return a machine with its instance view, None when it went meanwhile."""
        properties = machine.get("properties")
        name = machine.get("name")
        if not isinstance(properties, Mapping) or not isinstance(name, str) or "instanceView" in properties:
            return machine
        async with slots:
            try:
                what = f"the state of {name} could not be read"
                view = await self._get(f"{path}/{quote(name, safe='')}/instanceView", _COMPUTE, what)
            except NotFound:
                return None
        return {**machine, "properties": {**properties, "instanceView": view}}

    async def _pages(self, path: str, version: str, what: str, more: str = "") -> AsyncIterator[Mapping[str, Any]]:
        """Yield the entries of a list, page by page."""
        url = f"{self._access.management}{path}?api-version={version}{more}"
        for _ in range(_MOST_PAGES):
            document = await self._get_url(url, what)
            entries = document.get("value")
            if not isinstance(entries, list):
                raise Malformed(what, why="the answer has no list named value", stamp=self._stamp)
            for each in entries:
                if isinstance(each, Mapping):
                    yield each
            link = document.get("nextLink")
            if not isinstance(link, str) or not link:
                return
            if not link.startswith("https://") or origin(link) != origin(self._access.management):
                why = "it leads on to another address, which is not followed with our token"
                raise Malformed(what, why=why, stamp=self._stamp)
            url = link
        raise Malformed(what, why=f"more than {_MOST_PAGES} pages", stamp=self._stamp)

    async def _get(self, path: str, version: str, what: str) -> Mapping[str, Any]:
        return await self._get_url(f"{self._access.management}{path}?api-version={version}", what)

    async def _get_url(self, url: str, what: str) -> Mapping[str, Any]:
        backoff = Backoff(base_s=0.5, cap_s=5.0)
        token = await self._login.token()
        for left in reversed(range(_TRIES)):
            headers = {"Authorization": f"Bearer {token}"}
            response = await self._sending.send("GET", url, what, headers=headers)
            if response.status_code == 200:
                return self._document(response, what)
            wait_s = failures.retry_after(response) or 0.0
            if response.status_code == 401 and left == _TRIES - 1:
                # It may have been revoked before its time: one more, and no third.
                token = await self._login.token(refused=token)
            elif left and response.status_code in (429, 502, 503, 504) and wait_s <= _LONGEST_WAIT_S:
                await self._clock.sleep(backoff.next_delay(wait_s))
            else:
                raise failures.of_answer(response, what, self._stamp)
        raise failures.of_answer(response, what, self._stamp)

    def _document(self, response: httpx.Response, what: str) -> Mapping[str, Any]:
        try:
            found = response.json()
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, Mapping):
            kind = response.headers.get("Content-Type", "nothing").partition(";")[0]
            why = f"{kind} came instead of JSON: is something between us and the stamp?"
            raise Malformed(what, why=why, stamp=self._stamp)
        return found
