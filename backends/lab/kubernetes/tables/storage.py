"""Volumes, claims, storage classes and CSI drivers."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.tables.printer import AGE, NAME, Cells, Object, Printer, PrinterOf, column, same_for_all
from backends.lab.kubernetes.tables.texts import UNSET, age

_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_ANNOTATIONS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_ATTRIBUTES_CLASS_SINCE = 29


def _modes_text(modes: list[str] | None) -> str:
    listed = modes or ()
    return ",".join(short for name, short in _MODES.items() if name in listed)


def _phase(obj: Object) -> str:
    return "Terminating" if obj["metadata"].get("deletionTimestamp") else (obj.get("status") or {}).get("phase", "")


def _class_name(obj: Object) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    return str(annotations.get(_CLASS_ANNOTATION) or (obj.get("spec") or {}).get("storageClassName") or "")


def _volume_cells(obj: Object, now: float, with_attributes: bool) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    claim = spec.get("claimRef")
    attributes = [spec.get("volumeAttributesClassName") or UNSET] if with_attributes else []
    return [
        obj["metadata"]["name"],
        (spec.get("capacity") or {}).get("storage", "0"),
        _modes_text(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        _phase(obj),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        _class_name(obj),
        *attributes,
        (obj.get("status") or {}).get("reason", ""),
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _attributes_column(minor: int) -> tuple[dict[str, Any], ...]:
    if minor < _ATTRIBUTES_CLASS_SINCE:
        return ()
    return (column("VolumeAttributesClass", "Class of the volume's changeable settings."),)


def _volumes(minor: int) -> Printer:
    columns = (
        NAME,
        column("Capacity", "Size of the volume."),
        column("Access Modes", "Ways in which nodes may mount the volume."),
        column("Reclaim Policy", "What becomes of the volume when its claim goes."),
        column("Status", "Whether the volume is free, bound or failed."),
        column("Claim", "Claim that the volume is bound to."),
        column("StorageClass", "Storage class of the volume."),
        *_attributes_column(minor),
        column("Reason", "Why the volume failed."),
        AGE,
        column("VolumeMode", "Whether the volume is a file system or a block device.", wide=True),
    )
    return Printer(columns, lambda obj, now: _volume_cells(obj, now, minor >= _ATTRIBUTES_CLASS_SINCE))


def _claim_cells(obj: Object, now: float, with_attributes: bool) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    status: dict[str, Any] = obj.get("status") or {}
    bound = bool(spec.get("volumeName"))
    attributes = [spec.get("volumeAttributesClassName") or UNSET] if with_attributes else []
    return [
        obj["metadata"]["name"],
        _phase(obj),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", "0") if bound else "",
        _modes_text(status.get("accessModes")) if bound else "",
        _class_name(obj),
        *attributes,
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _claims(minor: int) -> Printer:
    columns = (
        NAME,
        column("Status", "Whether the claim has its volume."),
        column("Volume", "Volume that the claim is bound to."),
        column("Capacity", "Size of that volume."),
        column("Access Modes", "Ways in which nodes may mount it."),
        column("StorageClass", "Storage class that was asked for."),
        *_attributes_column(minor),
        AGE,
        column("VolumeMode", "Whether the volume is a file system or a block device.", wide=True),
    )
    return Printer(columns, lambda obj, now: _claim_cells(obj, now, minor >= _ATTRIBUTES_CLASS_SINCE))


def _class_cells(obj: Object, now: float) -> Cells:
    meta = obj["metadata"]
    annotations = meta.get("annotations") or {}
    default = any(annotations.get(key) == "true" for key in _DEFAULT_ANNOTATIONS)
    return [
        f"{meta['name']} (default)" if default else meta["name"],
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now),
    ]


def _attachment_cells(obj: Object, now: float) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    return [
        obj["metadata"]["name"],
        spec.get("attacher", ""),
        (spec.get("source") or {}).get("persistentVolumeName", ""),
        spec.get("nodeName", ""),
        bool((obj.get("status") or {}).get("attached")),
        age(obj, now),
    ]


def _csi_node_cells(obj: Object, now: float) -> Cells:
    return [obj["metadata"]["name"], len((obj.get("spec") or {}).get("drivers") or ()), age(obj, now)]


def _csi_driver_cells(obj: Object, now: float, newer: bool) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    tokens = ",".join(each.get("audience", "") for each in spec.get("tokenRequests") or ()) or UNSET
    between = [bool(spec.get("storageCapacity")), tokens, bool(spec.get("requiresRepublish"))] if newer else []
    return [
        obj["metadata"]["name"],
        spec.get("attachRequired", True),
        bool(spec.get("podInfoOnMount")),
        *between,
        ",".join(spec.get("volumeLifecycleModes") or ()) or "<none>",
        age(obj, now),
    ]


def _csi_drivers(minor: int) -> Printer:
    newer = minor >= 22
    between = (
        column("StorageCapacity", "Whether pods are placed by free capacity.", "boolean"),
        column("TokenRequests", "Audiences of the tokens the driver gets."),
        column("RequiresRepublish", "Whether the driver is asked to refresh mounts.", "boolean"),
    )
    columns = (
        NAME,
        column("AttachRequired", "Whether volumes are attached before they are mounted.", "boolean"),
        column("PodInfoOnMount", "Whether the driver is told of the pod.", "boolean"),
        *(between if newer else ()),
        column("Modes", "Kinds of volume the driver serves."),
        AGE,
    )
    return Printer(columns, lambda obj, now: _csi_driver_cells(obj, now, newer))


PRINTERS: dict[str, PrinterOf] = {
    "persistentvolumes": _volumes,
    "persistentvolumeclaims": _claims,
    "storageclasses.storage.k8s.io": same_for_all(
        (
            NAME,
            column("Provisioner", "What makes the volumes."),
            column("ReclaimPolicy", "What becomes of a volume when its claim goes."),
            column("VolumeBindingMode", "When volumes are made and bound."),
            column("AllowVolumeExpansion", "Whether volumes can grow."),
            AGE,
        ),
        _class_cells,
    ),
    "volumeattachments.storage.k8s.io": same_for_all(
        (
            NAME,
            column("Attacher", "Driver that attaches the volume.", format="name"),
            column("PV", "Volume that is attached."),
            column("Node", "Node it is attached to."),
            column("Attached", "Whether that is done.", "boolean"),
            AGE,
        ),
        _attachment_cells,
    ),
    "csinodes.storage.k8s.io": same_for_all(
        (NAME, column("Drivers", "Drivers registered on the node.", "integer"), AGE), _csi_node_cells
    ),
    "csidrivers.storage.k8s.io": _csi_drivers,
}
