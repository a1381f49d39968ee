"""The rule about room: whether the other stamps could run what this one runs, by requests."""

from __future__ import annotations

from collections.abc import Mapping

from backends.model.proposal import Finding, Level
from backends.model.quantity import format_cores, format_memory_short
from backends.model.room import Room, application_pods, left, without_place

HEADROOM = "headroom"


def headroom(rooms: Mapping[str, Room | str], stamp: str) -> Finding:
    """Refuse unless this stamp's application replicas, by their requests, fit what the others have free.

    `rooms` are all stamps' nodes and pods, or why they could not be read: a stamp that could not offers
    nothing. Pods that wait for a node on the other stamps have a claim before ours.
    """
    own = rooms.get(stamp, "not read")
    if isinstance(own, str):
        return Finding(HEADROOM, Level.REFUSE, f"what {stamp} runs could not be read: {own}", stamp)
    others = {name: room for name, room in rooms.items() if name != stamp}
    readable = [room for room in others.values() if not isinstance(room, str)]
    unread = "".join(f"; {name} could not be read: {why}" for name, why in others.items() if isinstance(why, str))
    pods = application_pods(own.pods)
    asked_cpu, asked_memory = sum(each.cpu_millicores for each in pods), sum(each.memory_bytes for each in pods)
    asked = f"{len(pods)} replicas asking for {_amount(asked_cpu, asked_memory)}"
    waiting = [pod for room in readable for pod in application_pods(room.pods) if not pod.node]
    free = f"the others have {_amount(*left(readable))} free"
    homeless = without_place([*waiting, *pods], readable)
    if not homeless:
        unasked = sum(1 for each in pods if not each.cpu_millicores and not each.memory_bytes)
        blind = f"; {unasked} of them ask for nothing, so this says little of them" if unasked else ""
        return Finding(HEADROOM, Level.PASS, f"{asked} fit: {free}{blind}{unread}", stamp)
    claims = f" ({len(waiting)} pods wait there already)" if waiting else ""
    evidence = f"{asked} do not all fit: {free}{claims}, {len(homeless)} would find no place{unread}"
    return Finding(HEADROOM, Level.REFUSE, evidence, stamp)


def _amount(cpu_millicores: int, memory_bytes: int) -> str:
    cores = format_cores(cpu_millicores)
    unit = "" if cores.endswith("m") else " cores"
    return f"{cores}{unit} and {format_memory_short(memory_bytes)}"
