"""`ascent:domain`: the application's host name and its DNS."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from infra.config.models.values import HOST_NAME, HostName
from infra.config.strict import Strict
from infra.edge.hosts import inside, registered


class Dns(StrEnum):
    """Where the DNS of the domain is."""

    CLOUDFLARE = "cloudflare"
    ROUTE53 = "route53"
    EXTERNAL = "external"


class Domain(Strict):
    """The application's host name, and its DNS."""

    name: str = Field(
        pattern=HOST_NAME,
        max_length=200,
        description="Host name of the application, in lower case: app.example.com.",
    )
    dns: Dns = Field(description="Where the DNS of the name is: cloudflare, route53 or external.")
    zone_id: str | None = Field(
        default=None,
        pattern=r"^([0-9a-f]{32}|Z[0-9A-Z]{8,31})$",
        description="Zone of the name: 32 hexadecimal digits at Cloudflare, Z... at Route 53. None with external DNS.",
    )
    zone: HostName | None = Field(
        default=None,
        description="Name of the zone that contains the host name. Without it, the registered domain: example.com.",
    )
    certificate_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]{36}$",
        description="ARN of a validated ACM certificate for the name. Only with external DNS, which needs one.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        external = self.dns is Dns.EXTERNAL
        needed, other = ("certificateArn", "zoneId") if external else ("zoneId", "certificateArn")
        given = {"zoneId": self.zone_id, "certificateArn": self.certificate_arn}
        for key, reason in {other: "no", needed: "a"}.items():
            if (given[key] is None) == (key == needed):
                raise PydanticCustomError(
                    "dns",
                    "{dns} DNS should have {reason} {name}",
                    {
                        "key": f"domain.{key}",
                        "given": given[key],
                        "dns": self.dns.value,
                        "reason": reason,
                        "name": key,
                    },
                )
        if not external and self.zone_id is not None and self.zone_id.startswith("Z") != (self.dns is Dns.ROUTE53):
            raise PydanticCustomError(
                "zone",
                "it should be a zone of {dns}, as domain.dns says",
                {"key": "domain.zoneId", "given": self.zone_id, "dns": self.dns.value},
            )
        if self.zone is not None and not inside(self.name, self.zone):
            raise PydanticCustomError(
                "zone", "{name} is not in it", {"key": "domain.zone", "given": self.zone, "name": self.name}
            )
        return self

    @property
    def zone_name(self) -> str:
        """Name of the zone; where the config does not have it, the registered domain."""
        return self.zone or registered(self.name)
