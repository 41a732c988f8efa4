"""The program that `pulumi up` runs: a stack's settings in, its platform out."""

from __future__ import annotations

import gc

import pulumi

try:
    from infra.clients import clients
    from infra.config.loading import load
    from infra.config.problems import SettingsError
    from infra.serving import wait
    from infra.wiring import build, endpoints, rotations
except ModuleNotFoundError as error:
    raise pulumi.RunError(f"{error}: the Python environment is not whole. Run: make setup") from None

# Everything is in use until the end, which is soon: to look for garbage takes a fifth of the program's time.
gc.disable()
try:
    settings = load()
except SettingsError as error:
    # The one exception that ends a program with its message alone.
    raise pulumi.RunError(str(error)) from None
aws = clients(settings.account.assume_role)
built = build(settings, aws)
served = wait(built.groups, aws)
rotations.keep(settings, built.turns, served)
endpoints.keep(built.endpoints, served)
