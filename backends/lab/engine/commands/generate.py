"""`generate`: write the output directory of a cluster, and make nothing."""

from __future__ import annotations

from pathlib import Path

from backends.lab.engine.cloud import complete_environment
from backends.lab.engine.definition import check_definition, check_distros, load_definition, merge
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.making import finish, read_authority, suffix_of, take_principal, write_artifacts
from backends.lab.engine.model import ApiModel
from backends.lab.engine.output import write_json
from backends.lab.engine.session import Session
from backends.lab.engine.template import parameters


def run(session: Session) -> None:
    """Do it; raises `EngineFailure`."""
    try:
        path = _definition_path(session)
    except EngineFailure as error:
        raise error.under("validating generateCmd") from error
    try:
        path = merge(session, path)
    except EngineFailure as error:
        raise error.under("merging API model in generateCmd") from error
    try:
        model = load_definition(path, session.release)
        folder = session.call.text("output-directory") or str(Path("_output", model.dns_prefix))
        authority = read_authority(session)
        check_distros(session, model)
        take_principal(session, model)
    except EngineFailure as error:
        raise error.under("loading API model in generateCmd") from error
    check_definition(session, model)
    session.streams.info(f"Generating assets into {folder}...")
    _write(session, path, model, folder, authority)


def _definition_path(session: Session) -> str:
    arguments = session.call.arguments
    path = session.call.text("api-model")
    if not path and len(arguments) > 1:
        raise EngineFailure("too many arguments were provided to 'generate'", shows_usage_first=True)
    if not path and not arguments:
        raise EngineFailure(
            "--api-model was not supplied, nor was one specified as a positional argument", shows_usage_first=True
        )
    path = path or arguments[0]
    if not Path(path).exists():
        raise EngineFailure(f"specified api model does not exist ({path})")
    return path


def _write(session: Session, path: str, model: ApiModel, folder: str, authority: tuple[bytes, bytes] | None) -> None:
    try:
        complete_environment(session, model)
    except EngineFailure as error:
        text = f"in SetPropertiesDefaults template {path}: Failed to set environment - {error.text}"
        raise EngineFailure(text) from error
    issued = finish(session, model, authority)
    if session.call.flag("parameters-only"):
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(Path(folder) / "azuredeploy.parameters.json", parameters(model.content, suffix_of(session, model)))
        return
    write_artifacts(session, folder, model, issued, is_pretty=not session.call.flag("no-pretty-print"))
