"""The two alarms that target tracking makes for a policy: one to scale out by, and one to scale in by."""

from __future__ import annotations

from collections import deque

from infra.thresholds import Threshold

PERIOD = Threshold(
    60, "seconds", "AWS, EC2 Auto Scaling User Guide, Target tracking scaling policies: 1-minute metrics"
)
# AWS' guides give neither number. People of AWS read both off alarms that target tracking had made: for the readers of
# Aurora in issue 3 of aws-samples/amazon-aurora-labs-for-mysql, for instances in the sample that is named in
# target_tracking.py.
OUT_DATAPOINTS = Threshold(3, "datapoints in a row", "AWS, alarms it has made: 3 datapoints within 3 minutes")
IN_DATAPOINTS = Threshold(15, "datapoints in a row", "AWS, alarms it has made: 15 datapoints within 15 minutes")


class TrackingAlarms:
    """The alarms of a policy, and the datapoints they look at.

    target: above it, the policy scales out.
    low: below it, the policy may scale in.
    """

    def __init__(self, target: float, low: float) -> None:
        self._target = target
        self._low = low
        self._points: deque[float | None] = deque(maxlen=IN_DATAPOINTS.value)
        self._last: float | None = None

    def add(self, now: float, value: float | None) -> None:
        """The datapoint of a minute; None is none. Minutes that were left out since the last call have none either."""
        if self._last is not None:
            left_out = round((now - self._last) / PERIOD.value) - 1
            self._points.extend([None] * min(max(left_out, 0), IN_DATAPOINTS.value))
        self._last = now
        self._points.append(value)

    @property
    def value(self) -> float | None:
        """The latest datapoint, which the adjustment is computed from."""
        return self._points[-1] if self._points else None

    @property
    def out(self) -> bool:
        """Whether the alarm to scale out is on.

        It acts again each minute that it is on: Amazon CloudWatch User Guide, Alarm actions: Auto Scaling actions.
        """
        latest = list(self._points)[-OUT_DATAPOINTS.value :]
        return len(latest) == OUT_DATAPOINTS.value and all(one is not None and one > self._target for one in latest)

    @property
    def inwards(self) -> bool:
        """Whether the alarm to scale in is on."""
        return len(self._points) == IN_DATAPOINTS.value and all(
            one is not None and one < self._low for one in self._points
        )
