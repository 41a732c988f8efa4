"""A provider with its configuration: what operations on its resources need to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from catalog import config as configuration
from catalog import tables, templates
from catalog.schema import Schema
from catalog.values import UNKNOWN, Properties, Secret, Unknown, plain


@dataclass(frozen=True)
class Provider:
    """What operations on resources need to know of their provider."""

    name: str
    config: Properties

    @property
    def stateless(self) -> bool:
        """Whether this provider keeps nothing outside the engine's state."""
        return bool(tables.common().get(self.name, {}).get("stateless"))

    def region(self, schema: Schema, properties: Properties) -> str:
        """Region of a resource; of a global one, the provider's."""
        own = plain(properties.get("region")) if "region" in schema.inputs else None
        return own if isinstance(own, str) and own else configuration.region(self.config)

    def place(self, schema: Schema, properties: Properties) -> dict[str, Any]:
        """Where a resource is, for templates."""
        return templates.facts(self.region(schema, properties), configuration.account(self.config))

    def scope(self, schema: Schema, properties: Properties) -> str:
        """Where the names of such a resource must be unique."""
        if self.name == "kubernetes":
            return configuration.cluster(self.config)
        if within := tables.row(schema.token).get("within"):
            return str(plain(properties.get(within)) or "")
        return self.region(schema, properties) if self.name == "aws" and "region" in schema.inputs else ""

    def default_tagged(self, schema: Schema, inputs: Properties) -> Properties:
        """`tags` of a resource with the provider's default tags under its own, which is what AWS's provider checks."""
        if self.name != "aws" or "tagsAll" not in schema.outputs or "tags" not in schema.inputs:
            return {}
        own = inputs.get("tags")
        defaults = configuration.default_tags(self.config)
        if isinstance(own, Unknown) or isinstance(defaults, Unknown):
            return {"tags": UNKNOWN}
        merged = {**defaults, **(plain(own) if isinstance(own, Secret) else own or {})}
        if not merged:
            return {}
        return {"tags": Secret(merged) if isinstance(own, Secret) else merged}

    def tagged(self, schema: Schema, inputs: Properties) -> Properties:
        """`tagsAll` of a resource: all its tags."""
        if self.name != "aws" or "tagsAll" not in schema.outputs or "tags" not in schema.inputs:
            return {}
        return {"tagsAll": inputs.get("tags") or {}}
