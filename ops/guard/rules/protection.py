"""Removed protection: against deletion, by backups, by encryption, by access rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from catalog.data_loss import comes_and_goes
from ops.guard.model import GuardRule, Observation, RuleContext, StepCheck
from ops.guard.preview import PreviewStep
from policy.model import SECRET, Props, hidden, values
from policy.monotonic import GUARDS, WATCHERS, About, Guard, lasting, number, off, on, weaker

_RULESET = "cloudflare:index/ruleset:Ruleset"
# Actions of Cloudflare rules that block requests: of the WAF, of rate limits and of managed rule sets.
_STOPPING = frozenset({"block", "challenge", "execute", "js_challenge", "managed_challenge"})


_WEB_ACL = "aws:wafv2/webAcl:WebAcl"


def _stops(rule: Mapping[str, Any]) -> bool:
    overrides = (rule.get("actionParameters") or {}).get("overrides") or {}
    # A managed rule set that only logs is still one that is executed.
    logs = "log" in (overrides.get("action"), *(one.get("action") for one in overrides.get("rules") or ()))
    return rule.get("action") in _STOPPING and rule.get("enabled") is not False and not logs


def _refuses(rule: Mapping[str, Any]) -> bool:
    """Whether a rule of AWS WAF blocks, and not only counts."""
    return "count" not in (rule.get("action") or rule.get("overrideAction") or {})


# The same by the names that providers use for it, whatever the type.
ANYWHERE: tuple[Guard, ...] = (
    Guard(types=(), path="deletionProtection", about="deletion", worth=lambda value: on(value) or value == "ACTIVE"),
    Guard(types=(), path="deletionProtectionEnabled", about="deletion", worth=on),
    Guard(types=(), path="enableDeletionProtection", about="deletion", worth=on),
    Guard(types=(), path="disableApiTermination", about="deletion", worth=on),
    Guard(types=(), path="skipFinalSnapshot", about="deletion", worth=off),
    Guard(types=(), path="forceDestroy", about="deletion", worth=off),
    Guard(types=(), path="forceDelete", about="deletion", worth=off),
    Guard(types=(), path="deleteAutomatedBackups", about="backups", worth=off),
    Guard(types=(), path="backupRetentionPeriod", about="backups", worth=number),
    Guard(types=(), path="snapshotRetentionLimit", about="backups", worth=number),
    Guard(types=(), path="pointInTimeRecovery.enabled", about="backups", worth=on),
    Guard(types=(), path="versioning.enabled", about="backups", worth=on),
    Guard(
        types=(), path="versioningConfiguration.status", about="backups", worth=lambda value: float(value == "Enabled")
    ),
    Guard(types=("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",),
          path="rules[*].noncurrentVersionExpiration.noncurrentDays", about="backups", worth=lasting),
    Guard(types=(), path="storageEncrypted", about="encryption", worth=on),
    Guard(types=(), path="encrypted", about="encryption", worth=on),
    Guard(types=(), path="isEnabled", about="encryption", worth=lambda value: float(value in (None, True, "true"))),
    Guard(types=(_RULESET,), path="rules", about="exposure", worth=lambda rules: float(sum(map(_stops, rules or ())))),
    Guard(types=(_WEB_ACL,), path="rules", about="exposure",
          worth=lambda rules: float(sum(map(_refuses, rules or ())))),
    Guard(types=(), path="publiclyAccessible", about="exposure", worth=off),
    Guard(types=(), path="endpointPublicAccess", about="exposure", worth=off),
)  # fmt: skip

# Resources that protect by existing, as long as the stage stays: type, and a name if only one resource of the type
# does.
_WITHIN_A_STAGE: Mapping[str, str | None] = MappingProxyType(
    {
        _RULESET: None,
        "aws:cloudwatch/compositeAlarm:CompositeAlarm": None,
        _WEB_ACL: None,
        "aws:wafv2/webAclAssociation:WebAclAssociation": None,
        # Without it, EKS Auto Mode ignores network policies.
        "kubernetes:core/v1:ConfigMap": "amazon-vpc-cni",
    }
)
_BUCKET = "aws:s3/bucket:Bucket"
# What watchers of a provider may watch, but for those of buckets.
_WATCHED = {
    "aws": ("aws:ec2/vpc:Vpc",),
    "kubernetes": ("kubernetes:core/v1:Namespace", "kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"),
}
# Properties whose owner is removed with its stage: a database's version, with the global database.
_WITH_THE_STAGE = frozenset({("aws:rds/cluster:Cluster", "engineVersion")})
# Properties that name an encryption key: kmsKeyId, kmsMasterKeyId, performanceInsightsKmsKeyId, kmsKeyArn.
_KEY = re.compile(r"(\w*[kK]ms\w*|keyId|keyArn|encryptionKey)")


def _weakened(about: About) -> StepCheck:
    rows = [(re.split(r"[.\[]", guard.path)[0], guard) for guard in (*GUARDS, *ANYWHERE) if guard.about == about]
    # Copies in other regions need no protection from deletion, but access and encryption matter there too.
    everywhere = about in ("encryption", "exposure")

    def check(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
        if step.before is None or step.after is None or not (everywhere or context.guards(step)):
            return
        changed = _changed(step.before.inputs, step.after.inputs)
        found = {
            guard.path: guard
            for name, guard in rows
            if name in changed and (not guard.types or step.type in guard.types)
        }
        for path, guard in found.items():
            if weaker(guard, step.before, step.after):
                yield Observation(step.urn, path, f"it goes {_move(step.before.inputs, step.after.inputs, path)}")

    return check


def _changed(before: Props, after: Props) -> set[str]:
    return {name for name in (*before, *after) if before.get(name) != after.get(name)}


_deletable = _weakened("deletion")


def _unprotected(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
    """Resource options, which the engine does not show as an update."""
    if step.before is not None and step.after is not None and context.guards(step):
        if step.before.protect and not step.after.protect:
            yield Observation(step.urn, "protect", "the engine would no longer refuse to delete it")
        if step.before.retained and not step.after.retained:
            yield Observation(step.urn, "retainOnDelete", "it would no longer outlive its deletion from the stack")
    yield from _deletable(step, context)


def _watch_removed(steps: Sequence[PreviewStep], context: RuleContext) -> Iterator[Observation]:
    going = {_place(step) for step in steps if step.op == "delete"}
    for step in steps:
        if step.op != "delete":
            continue
        if _protects_within_a_stage(step) and not (context.ours and context.moves):
            yield Observation(step.urn, "", "it would be deleted, and protects by being there")
        if step.type not in WATCHERS or not context.guards(step):
            continue
        # The resource that it watches is deleted as well.
        if not any((type_, step.region, name) in going for type_, name in _watched(step)):
            yield Observation(step.urn, "", "it would be deleted, and protects by being there")


def _protects_within_a_stage(step: PreviewStep) -> bool:
    if step.type not in _WITHIN_A_STAGE or step.before is None:
        return False
    name = _WITHIN_A_STAGE[step.type]
    return name is None or _at(step.before.inputs, "metadata.name") == name


def _place(step: PreviewStep) -> tuple[str, str | None, str]:
    return step.type, step.region, step.name if step.type == _BUCKET else ""


def _watched(step: PreviewStep) -> list[tuple[str, str]]:
    """Types of resources that it may watch, and the name if its own name has it."""
    if step.type.startswith("aws:s3/"):
        return [(_BUCKET, step.name)]
    return [(type_, "") for type_ in _WATCHED[step.type.partition(":")[0]]]


def _key_changed(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
    del context
    if step.op != "update" or step.before is None or step.after is None:
        return
    before = step.before.inputs
    for path in dict.fromkeys(step.changed):
        name = re.split(r"[.\[]", path)[-1] if not path.endswith("]") else ""
        if _KEY.fullmatch(name) and not hidden(_at(before, path)) and _at(before, path) is not None:
            yield Observation(step.urn, path, "what is written from now on is encrypted with another key, or with none")


def _revealed(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
    """Values that were secret, and are in plain text now. The message never shows them."""
    del context
    if step.before is not None and step.after is not None:
        for path in _plain_now(step.before.inputs, step.after.inputs):
            yield Observation(step.urn, path, "it was secret, and would be in plain text in the state and in previews")


def _plain_now(before: Any, after: Any, path: str = "") -> Iterator[str]:
    if before == SECRET:
        if after is not None and not hidden(after) and not _holds_secret(after):
            yield path
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in before:
            yield from _plain_now(before[key], after.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list):
        for index, pair in enumerate(zip(before, after, strict=False)):
            yield from _plain_now(*pair, path=f"{path}[{index}]")


def _holds_secret(value: Any) -> bool:
    """Whether a part of it is still secret: the engine marks the outermost or the innermost, as the program does."""
    if isinstance(value, Mapping):
        return hidden(value) or any(_holds_secret(one) for one in value.values())
    return isinstance(value, list) and any(map(_holds_secret, value))


def _owner_taken(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
    if context.ours and context.moves and comes_and_goes(step.urn, step.inputs):
        # A part may lose its owner with the stage, such as a cache its global datastore.
        return
    if step.before is not None and step.after is not None:
        moves = context.ours and context.moves
        for path in step.before.ignored:
            if path not in step.after.ignored and not (moves and (step.type, path) in _WITH_THE_STAGE):
                yield Observation(step.urn, path, "from now on, updates would overwrite the value that its owner sets")


def _at(props: Props, path: str) -> Any:
    value: Any = props
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _move(before: Props, after: Props, path: str) -> str:
    pairs = zip(values(before, path), values(after, path), strict=False)
    old, new = next((one for one in pairs if one[0] != one[1]), (None, None))
    return f"from {_shown(old)} to {_shown(new)}"


def _shown(value: Any) -> str:
    return "not set" if value in (None, "") else str(value)[:60]


RULES = (
    GuardRule(
        name="protection-removed",
        severity="critical",
        reason="The next mistake would delete it.",
        step=_unprotected,
    ),
    GuardRule(
        name="backups-shortened",
        severity="critical",
        reason="Backups older than the new limit are deleted at once, and a mistake of last week cannot be undone.",
        step=_weakened("backups"),
    ),
    GuardRule(
        name="encryption-weakened",
        severity="critical",
        reason="What is written or sent meanwhile can be read by others, and stays so.",
        step=_weakened("encryption"),
    ),
    GuardRule(
        name="exposure-widened",
        severity="critical",
        reason="More clients can reach it than before.",
        step=_weakened("exposure"),
    ),
    GuardRule(
        name="watch-removed",
        severity="high",
        reason="Its absence is not noticed until the protection or the log is needed.",
        whole=_watch_removed,
    ),
    GuardRule(
        name="key-changed",
        severity="high",
        reason="Backups, copies and roles know the old key; deleting that key destroys what it encrypted.",
        step=_key_changed,
    ),
    GuardRule(
        name="secret-revealed",
        severity="critical",
        reason="Anyone who can read the state or a log can read a secret in plain text.",
        step=_revealed,
    ),
    GuardRule(
        name="owner-taken",
        severity="high",
        reason="A field has one owner. The next update would undo what autoscaling or a failover set.",
        step=_owner_taken,
    ),
)
