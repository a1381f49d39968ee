"""From the file's text to `Settings`: everything wrong is found in one go, each with its line."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from backends.model.intended import Intended
from backends.model.stamp import ApplicationAccess, ClusterAccess, Stamp
from console.configuration.helper_vm import azure_stack_of, helper_vm_of
from console.configuration.located import Located, read_located
from console.configuration.models import ApplicationSection, FleetFile, StampSection
from console.configuration.paths import whole_path
from console.configuration.problems import InvalidConfiguration, Problem
from console.configuration.refusals import problems_of
from console.settings import Settings


def parse(text: str, file: Path) -> tuple[FleetFile, Located]:
    """Check a file's text; InvalidConfiguration holds everything that is wrong with it."""
    located = read_located(text)
    problems = list(located.problems)
    if not problems and located.value is None:
        problems.append(Problem(1, 1, "", "the file is empty", "`stampdeck init` writes one"))
    if problems and located.value is None:
        raise InvalidConfiguration(file, problems)
    try:
        fleet = FleetFile.model_validate(located.value)
    except ValidationError as error:
        raise InvalidConfiguration(file, problems + problems_of(error, located)) from None
    problems += _check_names(fleet, located)
    if problems:
        raise InvalidConfiguration(file, problems)
    return fleet, located


def settings_of(fleet: FleetFile, file: Path) -> Settings:
    """Return the plain values, with paths made whole."""
    return Settings(
        file=file,
        stamps=tuple(_stamp(section, file.parent) for section in fleet.stamps),
        theme=fleet.theme,
        keys=dict(fleet.keys),
        armed_for_s=fleet.write.armed_for,
        record_shells=fleet.write.record_shells,
        intended=tuple(Intended(each.what, each.path, each.reason) for each in fleet.drift.intended),
    )


def _stamp(section: StampSection, folder: Path) -> Stamp:
    cluster = section.cluster
    return Stamp(
        name=section.name,
        cluster=ClusterAccess(
            kubeconfig=whole_path(cluster.kubeconfig, folder),
            context=cluster.context,
            request_timeout_s=cluster.request_timeout,
            requests_per_second=cluster.requests_per_second,
            watch_pods_up_to=cluster.watch_pods_up_to,
            via_helper=cluster.via == "helper",
        ),
        protection=section.protection,
        application=_application(section.application, folder) if section.application else None,
        location=section.location,
        description=section.description,
        helper_vm=helper_vm_of(section.helper_vm, folder) if section.helper_vm else None,
        azure_stack=azure_stack_of(section.azure_stack, folder) if section.azure_stack else None,
    )


def _application(section: ApplicationSection, folder: Path) -> ApplicationAccess:
    return ApplicationAccess(
        url=section.url,
        host=section.host,
        ca_file=whole_path(section.ca_file, folder) if section.ca_file else None,
        interval_s=section.interval,
        timeout_s=section.timeout,
        expect_status=section.expect_status,
        expect_text=section.expect_text,
    )


def _check_names(fleet: FleetFile, located: Located) -> list[Problem]:
    first: dict[str, int] = {}
    # Not pydantic's min_length: that counts only the valid items, so one wrong stamp would make the list "empty".
    problems = [] if fleet.stamps else [Problem(*located.place(("stamps",)), "stamps", "must name at least one stamp")]
    for number, stamp in enumerate(fleet.stamps):
        path = ("stamps", number, "name")
        if stamp.name in first:
            line = located.place(("stamps", first[stamp.name], "name"))[0]
            problems.append(
                Problem(
                    *located.place(path),
                    f"stamps[{number}].name",
                    f"a second stamp named {stamp.name!r}; the first is on line {line}",
                    "names have to differ",
                )
            )
        first.setdefault(stamp.name, number)
    return problems
