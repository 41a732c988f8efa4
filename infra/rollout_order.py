"""How far a rollout is, compared with itself at another time."""

from __future__ import annotations

from infra.config.models.rollout import Phase, Progress, Rollout, Strategy

_ORDER = (Phase.FORWARD, Phase.BACK, Phase.CLEANING)


def is_behind(one: Rollout, other: Rollout) -> bool:
    """Whether `one` is an earlier moment of the rollout that `other` is in."""
    mine, theirs = one.progress, other.progress
    if mine is None or theirs is None or not same(mine, theirs):
        return False
    return _rank(one, mine) < _rank(other, theirs)


def takes_away(one: Rollout, other: Rollout) -> list[str]:
    """Colors that have traffic in `other`, and no image in `one`."""
    return [color for color, was in other.colors.items() if was.weight and one.colors[color].image is None]


def went_back(rollout: Rollout) -> bool:
    """Whether a rollout that is over, or nearly, has brought back what was before it."""
    progress = rollout.progress
    if progress is None:
        return False
    if progress.strategy is Strategy.ROLLING:
        return progress.phase is Phase.BACK
    return progress.phase is Phase.CLEANING and rollout.colors[progress.to].image is None


def same(one: Progress, other: Progress) -> bool:
    """Whether both are of one rollout."""
    return (one.strategy, one.to, one.before, one.began) == (other.strategy, other.to, other.before, other.began)


def _rank(rollout: Rollout, progress: Progress) -> tuple[int, int]:
    forward = progress.phase is Phase.FORWARD
    return _ORDER.index(progress.phase), rollout.colors[progress.to].weight if forward else 0
