"""What every component has in common. Components are discovered, so a new one is held to it from its first day."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

import pulumi
import pytest

from infra import components
from infra.wiring import build
from ops.engine.recorder import Recorded
from ops.engine.render import render
from tests.unit.configs import settings
from tests.unit.runtime import record
from tests.unit.test_existing_network import ONE

Component = type[pulumi.ComponentResource]


def _discovered() -> Iterator[Component]:
    for module in pkgutil.walk_packages(components.__path__, f"{components.__name__}."):
        loaded = importlib.import_module(module.name)
        for _, one in inspect.getmembers(loaded, inspect.isclass):
            if issubclass(one, pulumi.ComponentResource) and one.__module__ == loaded.__name__:
                yield one


COMPONENTS = tuple(_discovered())
# These make more when they are asked to, with their outputs registered: passwords of roles, and the log of what flows.
LATER = {"Credentials", "Network"}


@cache
def everything() -> dict[str, Recorded]:
    both = {"image": "registry.example.com/app:1.0.0", "weight": 50}
    alerts = {"slack": {"workspaceId": "T0EXAMPLE", "channelId": "C0EXAMPLE"}}
    rollout = {"blue": both, "green": both, "kubernetesShare": 40}
    chosen = settings(stage=7, runtime="both", rollout=rollout, alerts=alerts, database={"roles": True})
    # In the background, either instances or pods work.
    pods = settings(stage=6, runtime="kubernetes", cache={"inCluster": True})
    # What a young stack in somebody else's network has.
    vault = "arn:aws:backup:us-east-1:210987654321:backup-vault:copies"
    young = settings(
        network=ONE,
        backup={"region": "eu-west-1", "vaultArn": vault},
        firewall=True,
        registry={"repositories": ["app"], "credentials": {"registry.example.com": "robot:token"}},
        application={"schedules": {"digest": {"cron": "0 6 * * *", "command": ["digest"]}}},
    )
    rendered = {one.urn: one for one in render(young, "test").resources}
    return rendered | record(lambda: build(pods)) | record(lambda: build(chosen))


def test_all_that_a_stack_registers_are_found() -> None:
    registered = {one.type.rpartition(":")[2] for one in everything().values() if one.type.startswith("ascent:infra:")}
    assert registered == {one.__name__ for one in COMPONENTS}


@pytest.mark.parametrize("component", COMPONENTS)
def test_it_takes_a_name_its_arguments_and_options(component: Component) -> None:
    parameters = list(inspect.signature(component.__init__).parameters.values())[1:]
    assert [one.name for one in parameters] == ["name", "args", "opts"]
    assert parameters[2].default is None


@pytest.mark.parametrize("component", COMPONENTS)
def test_its_arguments_are_frozen_and_named(component: Component) -> None:
    hints = inspect.get_annotations(component.__init__, eval_str=True)
    arguments = hints["args"]
    assert arguments.__name__ == f"{component.__name__}Args"
    assert dataclasses.is_dataclass(arguments)
    assert vars(arguments)["__dataclass_params__"].frozen
    assert all(field.kw_only for field in dataclasses.fields(arguments))
    assert arguments.__doc__
    assert component.__doc__


def test_each_registers_its_outputs_once_and_last(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[pulumi.Resource] = []
    late: set[str] = set()
    register, make = pulumi.ComponentResource.register_outputs, pulumi.Resource.__init__

    def registering(self: pulumi.ComponentResource, outputs: Any) -> None:
        registered.append(self)
        register(self, outputs)

    def making(self: Any, t: str, name: str, *args: Any, **kwargs: Any) -> None:
        make(self, t, name, *args, **kwargs)
        given = [one for one in [*args, *kwargs.values()] if isinstance(one, pulumi.ResourceOptions)]
        late.update(type(one).__name__ for opts in given for one in registered if opts.parent is one)

    monkeypatch.setattr(pulumi.ComponentResource, "register_outputs", registering)
    monkeypatch.setattr(pulumi.Resource, "__init__", making)
    chosen = settings(stage=7, runtime="both", database={"roles": True})
    found = record(lambda: build(chosen))
    components = {type(one).__name__ for one in registered if isinstance(one, COMPONENTS)}
    assert late == LATER
    assert len(registered) == len({id(one) for one in registered})
    assert components == {one.type.rpartition(":")[2] for one in found.values() if one.type.startswith("ascent:infra:")}


def test_every_resource_but_providers_and_the_host_record_is_a_child() -> None:
    orphans = {one.type for one in everything().values() if one.custom and one.parent is None}
    assert orphans == {"pulumi:providers:aws", "pulumi:providers:kubernetes"}


def test_every_parent_is_a_component_of_ours() -> None:
    found = everything()
    for one in found.values():
        if one.parent is not None:
            assert found[one.parent].type.startswith("ascent:infra:")


def test_every_aws_resource_has_a_provider_of_its_region() -> None:
    # Without one it would go to whatever region the environment names, and lose the default tags.
    lost = [one.urn for one in everything().values() if one.type.startswith("aws:") and one.region is None]
    assert lost == []
    used = {one.region for one in everything().values() if one.type.startswith("aws:")}
    assert used == {"us-east-1", "eu-west-1", "ap-southeast-2"}


def test_every_provider_tags_what_it_makes() -> None:
    providers = [one for one in everything().values() if one.type == "pulumi:providers:aws"]
    assert len(providers) == 3
    for one in providers:
        assert "ascent:stack" in str(one.inputs["defaultTags"])


def test_a_child_takes_neither_the_name_nor_the_alias_of_its_parent() -> None:
    names = [(one.type, one.name) for one in everything().values()]
    assert len(set(names)) == len(names)
