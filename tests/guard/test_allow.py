"""What `ascent:allow` lets pass: this finding, of this resource, until that day, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml

from infra.config.models.allowance import Allowance
from infra.config.problems import SettingsError
from infra.thresholds import ALLOWANCE_DAYS, DEAD_LETTER_RETENTION, QUEUE_RETENTION
from ops import stackfile
from ops.config_file import parse
from ops.guard.allowances import lines
from ops.guard.judge import GuardVerdict
from tests.guard.previews import judged
from tests.guard.small import BUCKET, CLUSTER, Raw, document, step, urn
from tests.unit.configs import config, settings

TODAY = datetime.now(UTC).date()
WHY = "the old one is copied and empty"


@pytest.fixture(autouse=True)
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """One day for the whole file: a suite that runs past midnight would else have two."""
    monkeypatch.setattr("infra.config.models.allowance.today", lambda: TODAY)


def _entry(what: str = "data-deleted", resource: str = "live-use1-db", days: int = 1, **changes: Any) -> Raw:
    return {"what": what, "resource": resource, "until": (TODAY + timedelta(days)).isoformat(), "why": WHY, **changes}


def _judged(*steps: Raw, allow: list[Raw], today: date = TODAY) -> GuardVerdict:
    whole = document(*steps, project="ascent")
    values = config(allow=allow, budget={"monthlyUsd": 100_000})
    whole["config"] = {f"ascent:{key}": one if isinstance(one, str) else json.dumps(one) for key, one in values.items()}
    return judged(whole, today)


def _delete(type_: str = CLUSTER, name: str = "live-use1-db") -> Raw:
    return step("delete", type_, name, project="ascent")


@pytest.mark.parametrize("resource", ["live-use1-db", urn(CLUSTER, "live-use1-db", "ascent")])
def test_an_entry_lets_pass_what_it_is_about(resource: str) -> None:
    verdict = _judged(_delete(), allow=[_entry(resource=resource)])
    assert (verdict.answer, [one.use for one in verdict.allowed]) == ("fine", ["used"])
    assert [one.rule for one in verdict.findings] == ["data-deleted"]


@pytest.mark.parametrize(
    ("entry", "use"),
    [
        (_entry(what="data-replaced"), "unused"), (_entry(resource="live-use1-d"), "unused"),
        (_entry(resource=f"{urn(CLUSTER, 'live-use1-db', 'ascent')}2"), "unused"),
        (_entry(days=-1), "expired"), (_entry(what="data-lots"), "unknown"),
    ],
)  # fmt: skip
def test_an_entry_about_something_else_lets_nothing_pass_and_is_told(entry: Raw, use: str) -> None:
    verdict = _judged(_delete(), allow=[entry])
    assert (verdict.answer, [one.use for one in verdict.allowed]) == ("stopped", [use])


def test_an_entry_holds_on_its_last_day_and_not_on_the_next() -> None:
    allow = [_entry(days=3)]
    assert _judged(_delete(), allow=allow, today=TODAY + timedelta(3)).answer == "fine"
    assert _judged(_delete(), allow=allow, today=TODAY + timedelta(4)).answer == "stopped"


def test_a_name_that_stands_for_several_lets_none_of_them_pass() -> None:
    both = (_delete(), _delete(BUCKET))
    verdict = _judged(*both, allow=[_entry()])
    assert ([one.use for one in verdict.allowed], len(verdict.stopping)) == (["ambiguous"], 2)
    verdict = _judged(*both, allow=[_entry(resource=urn(BUCKET, "live-use1-db", "ascent"))])
    assert [one.kind for one in verdict.stopping] == ["Cluster"]


def test_every_finding_comes_with_the_line_that_lets_it_pass_once_it_says_why() -> None:
    steps = (_delete(), _delete(BUCKET), _delete(name="live-use1-other"))
    found = _judged(*steps, allow=[])
    offered = lines(found.stopping, TODAY).values()
    entries = yaml.safe_load("\n".join(offered))
    # Three days, for a review and the update after it; by name where that is enough to know which is meant.
    assert {one["until"] for one in entries} == {TODAY + timedelta(3)}
    assert [one["resource"] for one in entries if one["resource"].startswith("live-")] == ["live-use1-other"]
    with pytest.raises(SettingsError, match=r"allow\[0\]\.why"):
        settings(allow=[{**one, "until": one["until"].isoformat()} for one in entries])
    filled = [{**one, "why": WHY, "until": one["until"].isoformat()} for one in entries]
    assert _judged(*steps, allow=filled).answer == "fine"


def test_a_preview_that_is_not_complete_is_let_pass_by_nothing() -> None:
    whole = document(_delete(), errors=("it broke",), project="ascent")
    values = config(allow=[_entry()])
    whole["config"] = {f"ascent:{key}": one if isinstance(one, str) else json.dumps(one) for key, one in values.items()}
    verdict = judged(whole)
    assert (verdict.answer, verdict.stopping) == ("incomplete", ())


def test_the_door_takes_a_day_without_quotes_as_yaml_reads_it() -> None:
    text = f"config: {{ascent:allow: [{{what: data-deleted, resource: x, until: {TODAY}, why: {WHY}}}]}}"
    written = parse(text, "Pulumi.x.yaml", "ascent")["config"]["ascent:allow"]
    assert stackfile.read({**config(), "allow": written}, "Pulumi.x.yaml").allow == (
        Allowance.model_validate({"what": "data-deleted", "resource": "x", "until": TODAY, "why": WHY}),
    )


def test_the_door_takes_a_day_as_the_engine_hands_it_over() -> None:
    assert settings(allow=[_entry(until=f"{TODAY} 00:00:00 +0000 UTC")]).allow[0].until == TODAY


def test_the_program_does_not_look_at_it() -> None:
    assert settings(allow=[_entry(days=-400)]).model_dump(exclude={"allow"}) == settings().model_dump(exclude={"allow"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"until": (TODAY + timedelta(ALLOWANCE_DAYS.value + 1)).isoformat()}, "14 days ahead"),
        ({"until": "soon"}, "it should be a day such as"), ({"until": 20260131}, "valid date"),
        ({"why": "because"}, "too short"), ({"why": " " * 40}, "too short"),
        ({"what": "Everything"}, "right form"), ({"who": "me"}, "Known here: what, resource, until, why"),
        ({"resource": ""}, "too short"), ({"why": None}, "given null"),
    ],
)  # fmt: skip
def test_the_door_refuses_what_is_no_exception(changes: Raw, said: str) -> None:
    with pytest.raises(SettingsError, match=r"ascent:allow\[0\]\.") as refused:
        settings(allow=[_entry(**changes)])
    assert said in str(refused.value)


def test_a_stack_whose_queues_kept_messages_for_longer_is_told_so_and_comes_through() -> None:
    queue, name = "aws:sqs/queue:Queue", "live-use1-jobs-notifications"

    def shorter(name: str, seconds: int) -> Raw:
        old, new = ({"messageRetentionSeconds": one} for one in (1_209_600, seconds))
        return step("update", queue, name, old=old, new=new, project="ascent")

    steps = (
        shorter(name, QUEUE_RETENTION.value),
        shorter(f"{name}-dead", DEAD_LETTER_RETENTION.value),
    )
    stopped = _judged(*steps, allow=[])
    assert [(one.rule, one.name) for one in stopped.stopping] == [("backups-shortened", name)]
    assert _judged(*steps, allow=[_entry(what="backups-shortened", resource=name)]).answer == "fine"
