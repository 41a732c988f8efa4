"""The program that `pulumi up` runs: a stack's settings in, its platform out."""

from __future__ import annotations

import gc

import pulumi

from infra.clients import clients
from infra.platform import build
from infra.platform.rotations import keep
from infra.serving import wait
from infra.settings import SettingsError, load

# Everything is in use until the end, which is soon: to look for garbage takes a fifth of the program's time.
gc.disable()
try:
    settings = load()
except SettingsError as error:
    # The one exception that ends a program with its message alone.
    raise pulumi.RunError(str(error)) from None
built = build(settings)
keep(settings, built.turns, wait(built.groups, clients(settings.account.assume_role)))
