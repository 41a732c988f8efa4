"""`ascent:edge`: Cloudflare, from stage 5 on."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from infra.config.models.values import BucketName, HostName, StackName
from infra.config.strict import Strict
from infra.edge.plans import ZonePlan, cheapest
from infra.edge.rules import Mode
from infra.thresholds import MOST_SITES

PerMinute = Annotated[int, Field(ge=1, le=100_000)]


class RateLimits(Strict):
    """This stack's own rate limits, in requests a minute from one address."""

    general: PerMinute | None = Field(default=None, description="Requests to the API, 1 to 100000 a minute.")
    uploads: PerMinute | None = Field(default=None, description="Uploads, 1 to 100000 a minute.")
    analysis: PerMinute | None = Field(default=None, description="Analyses, 1 to 100000 a minute.")


class EdgeCertificate(StrEnum):
    """The certificate that visitors see."""

    UNIVERSAL = "universal"
    ADVANCED = "advanced"
    OWN = "own"


class EdgeSite(Strict):
    """Another stack whose hosts are in the same zone, as its output `edgeSite` says."""

    app: HostName = Field(description="Host name of the application of that stack.")
    storage: HostName = Field(description="Host name of the public files of that stack.")
    buckets: dict[BucketName, HostName] = Field(
        default_factory=dict, description="Host name at S3 of each of its public buckets."
    )


class EdgeConfig(Strict):
    """What is in front of the application from stage 5 on."""

    plan: ZonePlan = Field(
        default=ZonePlan.FREE, description="The Cloudflare zone's plan: free, pro, business or enterprise."
    )
    rate_limit_per_minute: RateLimits = Field(
        default_factory=RateLimits, description="Requests a minute from one address: general, uploads, analysis."
    )
    rate_limits: Literal["log", "enforce"] = Field(
        default="enforce",
        description="What rate limits do: enforce, they refuse requests; log, they log what they would have refused, "
        "which needs the enterprise plan.",
    )
    managed_rules: Mode = Field(
        default=Mode.ENFORCE,
        description="What the managed rules do: enforce, Cloudflare's own actions; challenge, a browser gets through; "
        "log, they only log, which needs the enterprise plan.",
    )
    certificate: EdgeCertificate = Field(
        default=EdgeCertificate.UNIVERSAL,
        description="Certificate that visitors see: universal, which every zone has; advanced, which the stack orders; "
        "own, which you upload and renew.",
    )
    storage_host: HostName | None = Field(
        default=None,
        description="Host name of public files, in the same zone. Without it, storage- before the domain's name, or "
        "storage. if that is the name of the zone.",
    )
    storage_origin: HostName | None = Field(
        default=None,
        description="Host name of an external storage behind it, which answers requests for storageHost: "
        "abc.supabase.co.",
    )

    owner: StackName | None = Field(
        default=None,
        description="Stack that writes the rules of the zone, also for this stack, which its edge.sites lists.",
    )
    sites: dict[StackName, EdgeSite] = Field(
        default_factory=dict,
        max_length=MOST_SITES.value,
        description="Other stacks in the zone whose rules this one writes, by name: app, storage, buckets.",
    )

    @model_validator(mode="after")
    def _plan_has_them(self) -> Self:
        own: dict[str, object] = {
            "sites": list(self.sites),
            "rateLimitPerMinute": list(self.rate_limit_per_minute.model_dump(exclude_none=True)),
            "rateLimits": self.rate_limits if self.rate_limits != "enforce" else None,
            "managedRules": self.managed_rules.value if self.managed_rules != Mode.ENFORCE else None,
        }
        for key, given in own.items():
            if self.owner and given:
                raise PydanticCustomError(
                    "owner",
                    "the stack {owner} writes the rules of the zone; say it there",
                    {"key": f"edge.{key}", "given": given, "owner": self.owner},
                )
        self._refuse_modes()
        return self

    def _refuse_modes(self) -> None:
        """Refuse what the plan's rules cannot do."""
        limits = self.plan.limits
        if self.managed_rules is not Mode.ENFORCE and not limits.managed_rules:
            raise PydanticCustomError(
                "no_managed_rules",
                "the {plan} plan has no managed rules to choose for; leave it out, or take the {needed} plan",
                {
                    "key": "edge.managedRules",
                    "given": self.managed_rules.value,
                    "plan": self.plan.value,
                    "needed": cheapest(lambda one: one.managed_rules).value,
                },
            )
        instead = {
            "rateLimits": (Mode(self.rate_limits), "raise rateLimitPerMinute until you know what visitors need"),
            "managedRules": (self.managed_rules, "take challenge, by which a browser gets through"),
        }
        for key, (mode, advice) in instead.items():
            if mode is Mode.LOG and not limits.logs:
                raise PydanticCustomError(
                    "no_log",
                    "rules of the {plan} plan cannot only log, which takes the {needed} plan; {advice}",
                    {
                        "key": f"edge.{key}",
                        "given": mode.value,
                        "plan": self.plan.value,
                        "needed": cheapest(lambda one: one.logs).value,
                        "advice": advice,
                    },
                )
