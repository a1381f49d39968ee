"""The write gate: every step can say no, nothing is sent before all agreed and the intent is on disk."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from backends.errors import (
    Conflict,
    Forbidden,
    JournalFailed,
    Refused,
    SourceError,
    Throttled,
    Unreachable,
)
from backends.model.change import Impact
from backends.model.journal import EventKind
from backends.model.proposal import Ask, Consent, Finding, Level, Result, Step
from backends.model.stamp import Protection
from backends.operations.work import PartlyDone, Verified
from tests.operations.gate_stage import YES, FakeWork, Stage, a_change

NO_ANSWER = Unreachable("cannot restart it", why="no answer came", todo="check the network", stamp="orlando")
DEGRADED = Finding("others-healthy", Level.REFUSE, "seattle: 1 of 6 nodes is not ready", "seattle")


async def test_what_all_agree_to_is_done_verified_and_recorded() -> None:
    stage, work = Stage(), FakeWork()
    outcome = await stage.do(work)
    assert (outcome.result, outcome.step, outcome.what, outcome.why) == (
        Result.DONE,
        Step.OUTCOME,
        "restarted",
        "as intended",
    )
    assert work.acted == 1 and stage.lock.taken == ["orlando"] and stage.lock.held == {}
    assert stage.journal.kinds(outcome.operation) == [EventKind.INTENT, EventKind.STEP, EventKind.OUTCOME]
    intent = stage.journal.written[0].data
    assert intent["diff"] == "-a\n+b" and intent["locked_on"] == ["orlando", "seattle"]
    assert intent["command"] == "kubectl rollout restart deployment/web"


async def _refused(stage: Stage, work: FakeWork, consent: Consent = YES) -> tuple[Step, str]:
    outcome = await stage.do(work, consent)
    assert outcome.result is Result.REFUSED
    assert work.acted == 0 and stage.lock.held == {}
    assert stage.journal.kinds() == [EventKind.REFUSED]
    assert stage.journal.written[0].data["step"] == outcome.step
    assert stage.journal.written[0].data["why"] == outcome.why
    return outcome.step, f"{outcome.why} — {outcome.todo}"


async def test_read_only_refuses() -> None:
    stage = Stage()
    stage.arming.disarm("disarmed after 15 minutes")
    step, words = await _refused(stage, FakeWork())
    assert step is Step.ARMED
    assert words == "disarmed after 15 minutes — arm writing first: W, or --write on the command line"


async def test_a_missing_right_refuses_in_the_apis_words() -> None:
    stage = Stage()
    stage.cluster.allowed = lambda verb, kind: (False, "no RBAC policy matched")
    assert await _refused(stage, FakeWork()) == (
        Step.ALLOWED,
        "patch deployment in default: no RBAC policy matched — ask whoever grants rights on this stamp",
    )


async def test_rights_that_cannot_be_asked_refuse_at_their_step() -> None:
    stage = Stage()
    stage.cluster.failing["may"] = NO_ANSWER
    step, words = await _refused(stage, FakeWork())
    assert step is Step.ALLOWED and "no answer came" in words


async def test_a_rule_refuses_by_its_name() -> None:
    stage = Stage()
    stage.preconditions.found = (DEGRADED,)
    assert await _refused(stage, FakeWork()) == (
        Step.PRECONDITIONS,
        "others-healthy: seattle: 1 of 6 nodes is not ready — mend it, or override others-healthy with a reason",
    )


async def test_rules_that_cannot_be_asked_refuse_at_their_step() -> None:
    stage = Stage()
    stage.preconditions.failing = NO_ANSWER
    assert (await _refused(stage, FakeWork()))[0] is Step.PRECONDITIONS
    stage, work = Stage(), FakeWork(failing={"findings": NO_ANSWER})
    assert (await _refused(stage, work))[0] is Step.PRECONDITIONS


async def test_an_override_names_the_rule_and_a_reason() -> None:
    for consent in (
        Consent(True, overrides=("others-serve",), reason="game day"),
        Consent(True, overrides=("others-healthy",), reason="  "),
    ):
        stage = Stage()
        stage.preconditions.found = (DEGRADED,)
        assert (await _refused(stage, FakeWork(), consent))[0] is Step.PRECONDITIONS
    stage = Stage()
    stage.preconditions.found = (DEGRADED,)
    outcome = await stage.do(FakeWork(), Consent(True, overrides=("others-healthy",), reason="game day"))
    assert outcome.is_well
    intent = stage.journal.written[0].data
    assert (intent["overrides"], intent["reason"]) == (["others-healthy"], "game day")
    assert intent["findings"] == ["others-healthy: seattle: 1 of 6 nodes is not ready"]


async def test_a_rule_that_cannot_be_overridden_stays() -> None:
    stage = Stage()
    stage.preconditions.found = (replace(DEGRADED, rule="stamp-free", overridable=False),)
    consent = Consent(True, overrides=("stamp-free",), reason="game day")
    assert (await _refused(stage, FakeWork(), consent))[1].endswith("— mend it first")


async def test_the_works_own_rules_count_too() -> None:
    work = FakeWork(own=(Finding("last-ready-node", Level.REFUSE, "no other node is ready", "orlando"),))
    assert (await _refused(Stage(), work))[0] is Step.PRECONDITIONS


async def test_warnings_do_not_refuse() -> None:
    stage = Stage()
    stage.preconditions.found = (replace(DEGRADED, level=Level.WARN),)
    assert (await stage.do(FakeWork())).is_well


async def test_a_refused_dry_run_refuses() -> None:
    problem = Forbidden("cannot patch deployment web", why="denied by a webhook", stamp="orlando")
    step, words = await _refused(Stage(), FakeWork(failing={"preview": problem}))
    assert step is Step.DRY_RUN and "denied by a webhook" in words


async def test_what_changed_since_it_was_shown_refuses() -> None:
    stage, work = Stage(), FakeWork()
    proposal = await stage.gate.propose(work)
    await stage.clock.advance(60)
    work.diff = "-a\n+c"
    outcome = await stage.runs.start(work, proposal, YES).finished()
    assert (outcome.result, outcome.step) == (Result.REFUSED, Step.DRY_RUN)
    assert outcome.why == "the object changed since the plan was shown"
    assert work.acted == 0


async def test_an_old_plan_is_examined_again() -> None:
    stage, work = Stage(), FakeWork()
    proposal = await stage.gate.propose(work)
    await stage.clock.advance(60)
    stage.preconditions.found = (DEGRADED,)
    outcome = await stage.runs.start(work, proposal, YES).finished()
    assert (outcome.result, outcome.step) == (Result.REFUSED, Step.PRECONDITIONS)
    # Unreachable meanwhile is told as that, not as another plan.
    work.failing["preview"] = NO_ANSWER
    stage.preconditions.found = ()
    outcome = await stage.runs.start(work, proposal, YES).finished()
    assert outcome.step is Step.DRY_RUN and "no answer came" in outcome.why


async def test_without_confirmation_nothing_is_done() -> None:
    assert await _refused(Stage(), FakeWork(), Consent()) == (Step.CONFIRM, "it was not confirmed — ")


async def test_a_protected_stamp_wants_its_name() -> None:
    stage = Stage(Protection.TYPED)
    step, words = await _refused(stage, FakeWork(), Consent(True, typed_names=("seattle",)))
    assert step is Step.CONFIRM and words.endswith("type its name: orlando")
    assert (await Stage(Protection.TYPED).do(FakeWork(), Consent(True, ("orlando",)))).is_well


async def test_what_is_asked_follows_the_protection() -> None:
    asked = {each: (await Stage(each).gate.propose(FakeWork())).ask for each in Protection}
    assert asked == {Protection.OPEN: Ask.ONCE, Protection.CONFIRM: Ask.EACH, Protection.TYPED: Ask.NAME}


async def test_a_lock_of_somebody_else_refuses() -> None:
    stage = Stage()
    stage.lock.refusing = Refused("refused", step=Step.LOCK, why="held by bob@helper: drain n1", todo="ask bob")
    assert await _refused(stage, FakeWork()) == (Step.LOCK, "held by bob@helper: drain n1 — ask bob")
    stage.lock.refusing = NO_ANSWER
    stage.journal.written.clear()
    assert (await _refused(stage, FakeWork()))[0] is Step.LOCK


async def test_two_that_looked_at_once_are_told_apart_under_their_locks() -> None:
    stage = Stage()
    stage.preconditions.locked = (Finding("one-stamp-at-a-time", Level.REFUSE, "bob drains n1 on seattle", "seattle"),)
    step, words = await _refused(stage, FakeWork())
    assert step is Step.PRECONDITIONS and "bob drains n1" in words
    harmless = FakeWork(change=a_change(Impact.NONE))
    assert (await stage.do(harmless)).is_well
    consent = Consent(True, overrides=("one-stamp-at-a-time",), reason="agreed with bob")
    assert (await stage.do(FakeWork(), consent)).is_well


async def test_without_an_intent_on_disk_nothing_is_done() -> None:
    stage, work = Stage(), FakeWork()
    stage.journal.failing = {EventKind.INTENT}
    outcome = await stage.do(work)
    assert (outcome.result, outcome.step, work.acted) == (Result.REFUSED, Step.INTENT, 0)
    assert outcome.why == "no space left on device" and stage.lock.held == {}
    assert stage.journal.kinds() == [EventKind.REFUSED]
    stage.journal.failing = {EventKind.INTENT, EventKind.REFUSED}
    outcome = await stage.do(work)
    assert (outcome.result, outcome.operation, work.acted) == (Result.REFUSED, "", 0)


async def test_an_outcome_that_cannot_be_written_down_is_said() -> None:
    stage, work = Stage(), FakeWork()
    stage.journal.failing = {EventKind.OUTCOME}
    outcome = await stage.do(work)
    assert (outcome.result, outcome.what, work.acted) == (Result.UNVERIFIED, "restarted", 1)
    assert "the outcome could not be written down" in outcome.why and "no space left" in outcome.why
    assert [each.operation for each in await stage.journal.open_operations()] == [outcome.operation]


@pytest.mark.parametrize(
    ("error", "verified", "result", "says"),
    [
        (Conflict("cannot patch", why="it was modified"), True, Result.FAILED, "it was modified"),
        (Throttled("cannot patch", why="asked to slow down"), True, Result.FAILED, "asked to slow down"),
        (PartlyDone("2 of 5 pods evicted", why="the API died"), True, Result.FAILED, "the API died"),
        (NO_ANSWER, True, Result.DONE, "as intended, though acting ended with: cannot restart it: no answer came"),
        (NO_ANSWER, False, Result.FAILED, "no answer came; read back: as it was"),
        (JournalFailed("cannot write", why="disk full"), False, Result.FAILED, "disk full; read back: as it was"),
        (KeyError("spec"), False, Result.FAILED, "KeyError: 'spec'; read back: as it was"),
    ],
)
async def test_how_an_act_that_failed_ends(error: Exception, verified: bool, result: Result, says: str) -> None:
    found = Verified(verified, "as intended" if verified else "as it was")
    stage, work = Stage(), FakeWork(failing={"act": error}, verified=found)
    outcome = await stage.do(work)
    assert (outcome.result, outcome.why) == (result, says)
    assert outcome.what
    assert stage.journal.kinds()[-1] is EventKind.OUTCOME
    assert stage.journal.written[-1].data["result"] == result


@pytest.mark.parametrize("error", [NO_ANSWER, RuntimeError("ours")])
async def test_an_act_without_an_answer_that_cannot_be_read_back_is_unverified(error: Exception) -> None:
    stage, work = Stage(), FakeWork(failing={"act": error, "verify": SourceError("cannot read", why="gone")})
    outcome = await stage.do(work)
    assert outcome.result is Result.UNVERIFIED
    assert outcome.why.endswith("could not be read back: cannot read: gone")
    assert outcome.todo


@pytest.mark.parametrize("error", [NO_ANSWER, RuntimeError("ours")])
async def test_what_cannot_be_read_back_is_unverified(error: Exception) -> None:
    outcome = await Stage().do(FakeWork(failing={"verify": error}))
    assert (outcome.result, outcome.step, outcome.what) == (Result.UNVERIFIED, Step.VERIFY, "restarted")
    outcome = await Stage().do(FakeWork(verified=Verified(False, "2 replicas are there")))
    assert (outcome.result, outcome.why) == (Result.UNVERIFIED, "but 2 replicas are there")


async def test_proposing_reads_and_asks_but_never_raises_for_a_system() -> None:
    stage = Stage()
    stage.preconditions.failing = NO_ANSWER
    stage.cluster.failing["may"] = Forbidden("cannot ask", why="no reviews here", stamp="orlando")
    proposal = await stage.gate.propose(FakeWork(failing={"preview": NO_ANSWER}))
    assert (proposal.problem_at, proposal.access, proposal.findings) == (Step.ALLOWED, (), ())
    assert "no reviews here" in proposal.problem
    assert stage.journal.kinds() == []


async def test_a_cancelled_task_leaves_the_operation_open() -> None:
    stage, work = Stage(), FakeWork()
    work.go_on.clear()
    run = await stage.start(work)
    await stage.clock.until(lambda: run.status.value.step is Step.ACT)
    await stage.runs.close()
    (left,) = await stage.journal.open_operations()
    assert left.intent.data["action"] == "restart"
    assert stage.lock.held == {}
    with pytest.raises(asyncio.CancelledError):
        await run.finished()


# Taking up what another process left open


async def _left_open(stage: Stage, consent: Consent = YES) -> str:
    work = FakeWork()
    work.go_on.clear()
    run = await stage.start(work, consent)
    await stage.clock.until(lambda: run.status.value.step is Step.ACT)
    await stage.runs.close()
    return run.operation


NOT_YET = Verified(False, "as it was")


async def test_an_open_operation_is_taken_up_under_its_number() -> None:
    stage = Stage()
    operation = await _left_open(stage)
    work = FakeWork(verified=NOT_YET)
    run = stage.runs.take_up(work, operation)
    outcome = await run.finished()
    assert (outcome.operation, work.acted, run.operation) == (operation, 1, operation)
    kinds = stage.journal.kinds(operation)
    assert kinds == [EventKind.INTENT, EventKind.RESUMED, EventKind.STEP, EventKind.OUTCOME]


async def test_what_is_done_already_is_not_done_twice() -> None:
    stage = Stage()
    operation = await _left_open(stage)
    work = FakeWork()
    outcome = await stage.runs.take_up(work, operation).finished()
    assert (outcome.result, work.acted) == (Result.DONE, 0)
    assert outcome.what == "nothing was left to do: restart deployment/web on orlando"
    assert await stage.journal.open_operations() == []


async def test_taking_up_asks_the_rules_anew_and_keeps_the_consent_given_then() -> None:
    stage = Stage(Protection.TYPED)
    stage.preconditions.found = (DEGRADED,)
    then = Consent(True, ("orlando",), ("others-healthy",), "game day")
    operation = await _left_open(stage, then)
    # Something else is wrong by now: that was not consented to.
    new = Finding("others-serve", Level.REFUSE, "seattle does not answer", "seattle")
    stage.preconditions.found = (DEGRADED, new)
    work = FakeWork(verified=NOT_YET)
    outcome = await stage.runs.take_up(work, operation).finished()
    assert (outcome.result, outcome.step, work.acted) == (Result.REFUSED, Step.PRECONDITIONS, 0)
    assert outcome.why == "others-serve: seattle does not answer"
    assert [each.operation for each in await stage.journal.open_operations()] == [operation]
    outcome = await stage.runs.take_up(
        work, operation, Consent(overrides=("others-serve",), reason="agreed")
    ).finished()
    assert work.acted == 1
    assert stage.journal.written[-3].data["overrides"] == ["others-serve", "others-healthy"]


@pytest.mark.parametrize("obstacle", ["armed", "allowed", "lock", "journal"])
async def test_what_cannot_be_taken_up_stays_open(obstacle: str) -> None:
    stage = Stage()
    operation = await _left_open(stage)
    if obstacle == "armed":
        stage.arming.disarm()
    elif obstacle == "allowed":
        stage.cluster.allowed = lambda verb, kind: (False, "no RBAC policy matched")
    elif obstacle == "lock":
        stage.lock.refusing = Refused("refused", step=Step.LOCK, why="held by bob")
    else:
        stage.journal.failing = {EventKind.RESUMED}
    work = FakeWork(verified=NOT_YET)
    outcome = await stage.runs.take_up(work, operation).finished()
    assert (outcome.result, work.acted) == (Result.REFUSED, 0)
    assert stage.journal.kinds(operation) == [EventKind.INTENT]


async def test_an_outcome_reads_as_one_line() -> None:
    stage = Stage()
    stage.preconditions.found = (DEGRADED,)
    outcome = await stage.do(FakeWork())
    assert str(outcome) == (
        "refused to restart deployment/web on orlando: others-healthy: seattle: 1 of 6 nodes is not ready"
        " — mend it, or override others-healthy with a reason"
    )
