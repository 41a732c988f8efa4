"""vCPUs and quotas of instance types, against AWS' own list of types as moto has it."""

from __future__ import annotations

import gzip
import json
import re
from importlib.resources import files
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from infra.config.models.fleet import FleetOverride
from infra.stages import STAGES
from ops.quotas.vcpu import Family, VcpuError, family, vcpus


def known() -> dict[str, Any]:
    """DescribeInstanceTypes, by type."""
    packed = (files("moto.ec2") / "resources" / "instance_types.json.gz").read_bytes()
    found: dict[str, Any] = json.loads(gzip.decompress(packed))
    return found


def accepted(type_: str) -> bool:
    """Whether a stack's file takes it."""
    try:
        TypeAdapter(FleetOverride).validate_json(json.dumps({"instanceTypes": [type_]}))
    except ValidationError:
        return False
    return True


def test_every_type_that_a_stack_may_have_has_its_default_vcpus() -> None:
    types = {name: one["VCpuInfo"]["DefaultVCpus"] for name, one in known().items() if accepted(name)}
    assert len(types) > 300
    assert {name.partition(".")[0] for name in types} >= {"t4g", "m6g", "c7g", "r8g", "x2gd", "g5g", "hpc7g", "is4gen"}
    assert {name: vcpus(name) for name in types} == types
    assert [name for name in types if family(name) is None] == []


def test_the_types_of_the_stages_are_standard_and_known() -> None:
    types = {type_ for stage in STAGES.values() for type_ in stage.sizes.fleet.instance_types}
    assert {vcpus(type_) for type_ in types} == {2}
    assert {family(type_) for type_ in types} == {Family.STANDARD}


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("a1.large", Family.STANDARD),
        ("c7gn.large", Family.STANDARD),
        ("d3.xlarge", Family.STANDARD),
        ("im4gn.large", Family.STANDARD),
        ("is4gen.large", Family.STANDARD),
        ("i8g.large", Family.STANDARD),
        ("t4g.small", Family.STANDARD),
        ("z1d.large", Family.STANDARD),
        ("x2gd.large", Family.X),
        ("g5g.xlarge", Family.GRAPHICS),
        ("vt1.3xlarge", Family.GRAPHICS),
        ("hpc7g.4xlarge", Family.HPC),
        *((name, None) for name in ("p5.48xlarge", "inf2.xlarge", "trn1.2xlarge", "dl1.24xlarge", "mac2.metal")),
        *((name, None) for name in ("f2.6xlarge", "u7i-12tb.224xlarge", "", "7g.large")),
    ],
)
def test_which_types_share_a_quota(type_: str, expected: Family | None) -> None:
    assert family(type_) is expected


@pytest.mark.parametrize("type_", ["c7g", "c7g.", "c7g.huge", "c7g.xxlarge", "c8g.metal-24xl"])
def test_a_name_of_another_form_is_not_guessed(type_: str) -> None:
    with pytest.raises(VcpuError, match=re.escape(type_)):
        vcpus(type_)
