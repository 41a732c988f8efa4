"""Cases at random, of each kind of thing that an autoscaler has to get right. The same seed makes the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from random import Random

from ops.scaling.hpa import (
    PERCENT,
    PODS,
    SYNC_SECONDS,
    HorizontalPodAutoscaler,
    HpaDirection,
    HpaMetric,
    HpaPolicy,
    HpaRules,
    Select,
)
from ops.scaling.pods import CPU, MEMORY, Measurement, ObservedPod
from ops.scaling.rules import pod_rules
from tests.scaling.upstream import HpaCase, HpaLook

MIB = 1024 * 1024 * 1000  # thousandths of a byte
REQUEST = {CPU: 500, MEMORY: 512 * MIB}
TARGETS = {CPU: 70, MEMORY: 80}
# Where something changes: figures just inside, on and just outside of the tolerance, of the target and of nothing.
EDGES = (0, 1, 62, 63, 64, 69, 70, 71, 76, 77, 78, 100, 140, 141, 300)
# Seconds between two looks: a sync, and what lands before, on and after the end of a window or period.
GAPS = (15, 15, 15, 15, 1, 14, 16, 30, 45, 59, 60, 61, 120, 285, 299, 300, 301)
AGES = (0, 1, 9, 10, 11, 29, 30, 31, 60, 119, 120, 121, 299, 300, 301, 4000)


def pod(usage: Mapping[str, int], now: float, figures: tuple[float, float] = (5, 15)) -> ObservedPod:
    """One that has been ready for long.

    usage: in percent of its request.
    figures: how many seconds ago the window of its figures ended, and the length of that.
    """
    ago, window = figures
    return ObservedPod(
        request=REQUEST,
        usage={
            name: Measurement(value=REQUEST[name] * part // 100, at=now - ago, window=window)
            for name, part in usage.items()
        },
        started=now - 5000,
        ready=True,
        ready_since=now - 4900,
    )


def rules(random: Random, *resources: str) -> HpaRules:
    """Bounds and targets."""
    least = random.choice((1, 2, 3))
    return HpaRules(
        minimum=least,
        maximum=least + random.choice((0, 3, 7, 40)),
        metrics=tuple(HpaMetric(resource=name, utilization=TARGETS[name]) for name in resources or (CPU,)),
        tolerance=random.choice((0.1, 0.1, 0.0, 0.2)),
    )


def inside(random: Random, given: HpaRules) -> int:
    """A number of pods within the bounds."""
    return random.randint(given.minimum, min(given.maximum, given.minimum + 12))


def tolerance(random: Random) -> HpaCase:
    """All pods are ready, and use what is next to an edge."""
    target = random.choice((70, 50, 80, 99, 120))
    given = replace(rules(random), metrics=(HpaMetric(resource=CPU, utilization=target),), up=_way(random, plain=True))
    count = inside(random, given)
    edge = round(target * random.choice((1 - given.tolerance, 1 + given.tolerance, 1))) + random.choice((-1, 0, 0, 1))
    pods = ((count, pod({CPU: max(edge, 0)}, 0)),)
    return HpaCase(given, (HpaLook(0, pods, count),))


def missing(random: Random) -> HpaCase:
    """Some pods have no figures, of one metric or of all."""
    names = random.choice(((CPU,), (MEMORY,), (CPU, MEMORY)))
    given = rules(random, *names)
    count = inside(random, given)
    without = random.randint(0, count)
    known = {name: random.choice(EDGES) for name in names}
    left = {name: part for name, part in known.items() if random.random() < 0.3}
    pods = ((count - without, pod(known, 0)), (without, pod(left, 0)))
    return HpaCase(given, (HpaLook(0, pods, count),))


def unready(random: Random) -> HpaCase:
    """Pods at all ages and phases, ready since all times."""
    names = random.choice(((CPU,), (MEMORY,), (CPU, MEMORY)))
    given = replace(
        rules(random, *names), initialization=random.choice((300, 120, 0)), readiness_delay=random.choice((30, 10, 0))
    )
    count = inside(random, given)
    return HpaCase(given, (HpaLook(0, tuple((1, _any_pod(random, names, 0)) for _ in range(count)), count),))


def _any_pod(random: Random, names: tuple[str, ...], now: float) -> ObservedPod:
    age = random.choice(AGES)
    since = random.choice(AGES)
    usage = {name: random.choice(EDGES) for name in names if random.random() < 0.85}
    figures = (random.choice((0, 1, 15, 30, 45)), random.choice((15, 30, 60)))
    phase = random.choices(("running", "pending", "failed"), weights=(17, 2, 1))[0]
    return replace(
        pod(usage, now, figures),
        started=random.choice((None, now - age, now - age, now - age, now - age)),
        ready=random.choice((None, True, True, True, False, False)),
        ready_since=now - age + since if random.random() < 0.5 else now - since,
        pending=phase == "pending",
        failed=phase == "failed",
        deleted=random.random() < 0.1,
    )


def several(random: Random) -> HpaCase:
    """Two metrics that want different things, of which some fail."""
    given = rules(random, CPU, MEMORY)
    count = inside(random, given)
    failed = tuple(name for name in (CPU, MEMORY) if random.random() < 0.3)
    parts = {name: random.choice(EDGES) for name in (CPU, MEMORY)}
    # What never asked for memory has no utilization of it.
    some = pod(parts, 0)
    if random.random() < 0.1:
        # What never asked for memory has no utilization of it.
        some = replace(some, request={CPU: REQUEST[CPU]})
    pods = ((count - 1, pod(parts, 0)), (1, some)) if random.random() < 0.15 else ((count, some),)
    return HpaCase(given, (HpaLook(0, pods, count, failed),))


def outside(random: Random) -> HpaCase:
    """Somebody sets the number by hand: to nothing, below and above the bounds."""
    given = replace(rules(random), up=_way(random), down=_way(random))
    looks, now = [], 0.0
    for _ in range(6):
        count = random.choice((0, 1, given.minimum, given.maximum, given.maximum + 1, given.maximum + 9))
        looks.append(HpaLook(now, ((count, pod({CPU: random.choice(EDGES)}, now)),), count))
        now += random.choice(GAPS)
    return HpaCase(given, tuple(looks))


def _way(random: Random, *, plain: bool = False) -> HpaDirection | None:
    """A direction of a behavior; with `plain`, no more than a tolerance."""
    tolerated = random.choice((None, None, 0.05, 0.2, 0.0))
    if plain:
        return None if tolerated is None else HpaDirection(tolerance=tolerated)
    if random.random() < 0.15:
        return None
    policies = tuple(
        HpaPolicy(
            kind=kind,
            value=random.choice((1, 2, 5, 10, 25, 50, 100, 200) if kind == PERCENT else (1, 2, 3, 4, 8)),
            period=random.choice((15, 30, 60, 60, 120, 300, 1800)),
        )
        for kind in random.choices((PERCENT, PODS), k=random.choice((0, 1, 1, 2, 3)))
    )
    return HpaDirection(
        window=random.choice((None, 0, 15, 60, 300, 600)),
        policies=policies,
        select=random.choice((Select.MAX, Select.MAX, Select.MIN, Select.MIN, Select.DISABLED)),
        tolerance=tolerated,
    )


def _walk(random: Random, given: HpaRules, *, gaps: tuple[int, ...], length: int) -> HpaCase:
    """A load that rises and falls, spread over the pods that were seen last; now and then without figures."""
    looks, now = [], 0.0
    count = inside(random, given)
    load = count * 60.0
    names = tuple(metric.resource for metric in given.metrics)
    for index in range(length):
        load = max(load * random.choice((0.2, 0.6, 0.8, 0.95, 1.0, 1.0, 1.05, 1.3, 1.7, 4.0)), 5.0)
        load = min(load, 100.0 * (given.maximum + 10))
        parts = {name: min(int(load / count), 400) for name in names}
        young, new = random.choice((0, 0, 0, 1, 2)), pod({} if random.random() < 0.5 else parts, now)
        pods = (
            (max(count - young, 1), pod(parts, now)),
            (young, replace(new, started=now - 10, ready=False, ready_since=now - 9)),
        )
        failed = names if random.random() < 0.03 else ()
        looks.append(HpaLook(now, pods, count if index == 0 or random.random() < 0.03 else None, failed))
        # Pods follow the load by and by: what the autoscaler decides is not known here, and need not be.
        count = max(1, min(count + random.choice((-3, -1, 0, 0, 1, 3)), given.maximum))
        now += random.choice(gaps)
    return HpaCase(given, tuple(looks))


def without_behavior(random: Random) -> HpaCase:
    """The older rules over time."""
    given = replace(rules(random), downscale_window=random.choice((300, 60, 0)))
    return _walk(random, given, gaps=GAPS, length=25)


def with_behavior(random: Random) -> HpaCase:
    """Windows and policies over time."""
    names = random.choice(((CPU,), (CPU, MEMORY)))
    given = replace(
        rules(random, *names), up=_way(random), down=_way(random), downscale_window=random.choice((300, 60))
    )
    return _walk(random, given, gaps=GAPS, length=25)


def steady_sync(random: Random) -> HpaCase:
    """The same, at each sync, where ends of windows and periods fall exactly on a look."""
    given = replace(rules(random), up=_way(random), down=_way(random))
    return _walk(random, given, gaps=(15,), length=45)


def closed_loop(random: Random) -> HpaCase:
    """The program's own rules for an hour, with pods that come and go as the autoscaler decides, and take time to."""
    least = random.choice((1, 2, 3, 6))
    given = pod_rules(least, least * random.choice((2, 5, 10)), by_memory=random.random() < 0.5)
    names = tuple(metric.resource for metric in given.metrics)
    autoscaler, begun = HorizontalPodAutoscaler(given), [-5000.0] * least
    load, looks = least * 60.0, []
    for index in range(240):
        now = float(index * SYNC_SECONDS)
        # Mostly a drift; now and then a wave, or its end.
        load *= random.choice((3.0, 0.3)) if random.random() < 0.03 else random.uniform(0.97, 1.03)
        load = min(max(load, 10.0), given.maximum * 120.0)
        serving = max(sum(now - one >= _READY for one in begun), 1)
        parts = {name: min(round(load / serving), 200) for name in names}
        pods = tuple((count, _aged(parts, now, one)) for one, count in sorted(Counter(begun).items()))
        looks.append(HpaLook(now, pods, least if index == 0 else None))
        replicas = autoscaler.decide(now, len(begun), [pod for count, pod in pods for _ in range(count)]).replicas
        begun = sorted(begun)[:replicas] + [now] * max(replicas - len(begun), 0)
    return HpaCase(given, tuple(looks))


# Seconds until a pod has a node, and until it is ready.
_PLACED, _READY = 20, 50


def _aged(parts: Mapping[str, int], now: float, begun: float) -> ObservedPod:
    age = now - begun
    if age < _PLACED:
        return replace(pod({}, now), pending=True, started=None, ready=None)
    ready = age >= _READY
    # At its start it is busier than when it serves, and what is measured first is of that.
    busy = parts if age >= _READY + SYNC_SECONDS else dict.fromkeys(parts, 150)
    since = begun + (_READY if ready else _PLACED)
    return replace(pod(busy, now), started=begun + _PLACED, ready=ready, ready_since=since)


KINDS: Mapping[Callable[[Random], HpaCase], int] = {
    tolerance: 2000,
    missing: 2000,
    unready: 2500,
    several: 1500,
    outside: 400,
    without_behavior: 200,
    with_behavior: 500,
    steady_sync: 150,
    closed_loop: 20,
}
"""How many cases the tests make of each kind."""


@cache
def made(kind: Callable[[Random], HpaCase]) -> tuple[HpaCase, ...]:
    """The cases of a kind, always the same."""
    random = Random(kind.__name__)  # noqa: S311
    return tuple(kind(random) for _ in range(KINDS[kind]))
