"""The application's secret in Secrets Manager, one in each region."""

from __future__ import annotations

import pulumi

from infra.components.data.app_secret import AppSecret, AppSecretArgs
from infra.wiring.data_tier import RegionData
from infra.wiring.region_context import RegionContext


def app_secret(region: RegionContext, data: RegionData) -> AppSecret:
    """Declare the secret of a region: the application's own secrets, and the URLs of the data tier."""
    settings = region.settings
    own = {name: pulumi.Output.secret(value.get_secret_value()) for name, value in settings.app_secrets.items()}
    values = settings.described.renamed({**own, **data.secrets})
    return AppSecret(
        f"{region.base}-app",
        AppSecretArgs(key_arn=region.key_arn, values=values, protect=region.protect),
        opts=region.options,
    )
