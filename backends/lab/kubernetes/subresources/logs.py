"""The log subresource: what a container wrote, once or as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from backends.lab.clock import rfc3339_nano
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.node_services import ContainerUnavailable, LogEntry
from backends.lab.kubernetes.reading import stored_object
from backends.lab.kubernetes.statuses import ApiError, Cause, invalid
from backends.lab.kubernetes.subresources.containers import check_log_exists, choose_container
from backends.lab.kubernetes.tables.texts import seconds_of
from backends.lab.wire_times import WireTimes


@dataclass(slots=True)
class LogOptions:
    """PodLogOptions: which lines, and how they are written."""

    tail: int | None
    since: float
    timestamps: bool
    left_bytes: int | None
    follow: bool
    previous: bool

    def choose(self, entries: Sequence[LogEntry]) -> Sequence[LogEntry]:
        """Return the entries that are asked for, of those there are."""
        if self.since:
            entries = [entry for entry in entries if entry.at >= self.since]
        if self.tail is not None:
            entries = entries[len(entries) - self.tail :] if self.tail < len(entries) else entries
            entries = entries if self.tail else ()
        return entries

    def lines(self, entries: Sequence[LogEntry], times: WireTimes) -> bytes:
        """Return entries as bytes, within what limitBytes leaves."""
        if self.timestamps:
            text = "".join(f"{rfc3339_nano(times.real(entry.at))} {entry.text}\n" for entry in entries)
        else:
            text = "".join(f"{entry.text}\n" for entry in entries)
        data = text.encode("utf-8", "surrogateescape")
        if self.left_bytes is not None:
            data = data[: self.left_bytes]
            self.left_bytes -= len(data)
        return data


def parse_log_options(call: Call, now: float) -> LogOptions:
    """Read the query; 422 for numbers that make no sense."""
    causes: list[Cause] = []

    def number(name: str, least: int) -> int | None:
        text = call.query.get(name, "")
        if not text:
            return None
        try:
            value = int(text)
        except ValueError:
            raise ApiError(400, "BadRequest", f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
        if value < least:
            why = "must be greater than or equal to 0" if not least else "must be greater than 0"
            causes.append(Cause(name, "FieldValueInvalid", f"{value}: {why}"))
        return value

    tail, limit = number("tailLines", 0), number("limitBytes", 1)
    seconds, moment = number("sinceSeconds", 1), call.query.get("sinceTime", "")
    if seconds is not None and moment:
        text = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        causes.append(Cause("", "FieldValueForbidden", text))
    if causes:
        raise invalid("PodLogOptions", "", call.name, causes)
    since = now - seconds if seconds is not None else seconds_of(moment) if moment else 0.0
    return LogOptions(tail, since, call.flag("timestamps"), limit, call.flag("follow"), call.flag("previous"))


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.StreamResponse:
    """Answer GET of a container's log."""
    pod = stored_object(context, call, resource)
    container = choose_container(call, pod)
    options = parse_log_options(call, context.times.real(context.clock.now()))
    options.since = context.times.simulated(options.since)
    if not pod["spec"].get("nodeName"):
        return web.Response(status=204)  # nobody to ask yet, and that is no error
    check_log_exists(pod, container, previous=options.previous)
    try:
        entries = context.nodes.log(call.namespace, call.name, container, previous=options.previous)
    except ContainerUnavailable as error:
        raise ApiError(error.code, "BadRequest" if error.code == 400 else "", str(error)) from None
    first = options.lines(options.choose(entries), context.times)
    if not options.follow or options.previous:
        return web.Response(body=first, content_type="text/plain")
    return await _follow(context, call, request, container, options, first, len(entries))


async def _follow(
    context: ApiContext,
    call: Call,
    request: web.Request,
    container: str,
    options: LogOptions,
    first: bytes,
    after: int,
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        if first:
            await response.write(first)
        async for batch in context.nodes.follow_log(call.namespace, call.name, container, after):
            chunk = options.lines(batch, context.times)
            if chunk:
                await response.write(chunk)
            if options.left_bytes == 0:
                break
        await response.write_eof()
    except ConnectionError:
        pass  # the caller went away
    except ContainerUnavailable:
        if request.transport is not None:
            request.transport.abort()  # its node fell silent: too late for a status, the stream breaks
    return response
