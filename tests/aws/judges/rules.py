"""What cfn-lint's own rules say, which know more than the registry's schemas: combinations, classes by region, IAM."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from catalog.values import Unknown
from tests.aws.judges.model import RULES, Finding
from tests.aws.translate import View

# Rules about templates and their style, which a plan is not. All other errors and warnings count.
OF_TEMPLATES = {
    "E1002": "size of a template",
    "E1016": "a list that nobody knows yet is no import in a template",
    "E3019": "parts of one bucket or queue, which are resources of their own in a plan",
    "E3002": "the registry's schemas are held by a judge of their own",
    "W3010": "a plan names zones by the table of regions",
    "W1100": "style of YAML",
    "W6001": "style of outputs",
}
# Of what is only advised, that actions and resources of a statement belong together.
ADVISED = ("I3510",)
MOST = 400  # resources of a template; CloudFormation takes 500


def findings(views: Iterable[tuple[str, View]]) -> Iterator[tuple[View, Finding]]:
    """What the rules say of properties, each in its region."""
    by_region: dict[str, list[View]] = {}
    for region, view in views:
        by_region.setdefault(region, []).append(view)
    for region, found in sorted(by_region.items()):
        for first in range(0, len(found), MOST):
            yield from _of_template(region, found[first : first + MOST])


def _of_template(region: str, views: list[View]) -> Iterator[tuple[View, Finding]]:
    from cfnlint.decode.decode import decode_str  # type: ignore[import-untyped]
    from cfnlint.runner.template.runner import run_template_by_data  # type: ignore[import-untyped]

    resources = {
        f"R{number}": {"Type": view.name, "Properties": _Known().of(view.value)} for number, view in enumerate(views)
    }
    text = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
    template, problems = decode_str(text)
    assert not problems
    config, rules = _setup(region)
    for match in run_template_by_data(template, config, rules):
        path = [str(one) for one in match.path or ()]
        view = views[int(path[1][1:])]
        yield view, Finding(RULES, ".".join([view.name, *path[3:]]), f"{match.rule.id}: {match.message[:300]}")


class _Known:
    """Puts a value of another template in place of each unknown one: no two are the same."""

    def __init__(self) -> None:
        self.count = 0

    def of(self, value: Any) -> Any:
        if isinstance(value, Unknown):
            self.count += 1
            return {"Fn::ImportValue": f"unknown{self.count}"}
        if isinstance(value, dict):
            return {key: self.of(one) for key, one in value.items()}
        return [self.of(one) for one in value] if isinstance(value, list) else value


@cache
def _setup(region: str) -> tuple[Any, Any]:
    from cfnlint.config import ConfigMixIn, ManualArgs  # type: ignore[import-untyped]
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

    # Not newer ones that the user's cache may have: what is pinned decides.
    shipped = Path(str(files("cfnlint.data.schemas")))
    PROVIDER_SCHEMA_MANAGER._providers_dir = shipped / "providers"
    PROVIDER_SCHEMA_MANAGER._resources_dir = shipped / "resources"
    config = ConfigMixIn(**ManualArgs(regions=[region], ignore_checks=[*OF_TEMPLATES], include_checks=[*ADVISED]))
    return config, _rules()


@cache
def _rules() -> Any:
    """All rules, which are the same everywhere; to load them takes longer than to judge a region by them."""
    from cfnlint.config import ConfigMixIn, ManualArgs
    from cfnlint.runner import Runner  # type: ignore[import-untyped]

    return Runner(ConfigMixIn(**ManualArgs(ignore_checks=[*OF_TEMPLATES], include_checks=[*ADVISED]))).rules
