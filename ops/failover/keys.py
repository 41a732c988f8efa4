"""The key that a stack's secrets are encrypted with: used in another region once its own is lost."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import yaml

from infra.clients import Clients
from ops.engine.deployment import Run, exported, imported
from ops.failover.errors import CloudError, StepError, explained

KMS = "awskms://"
# Parameters of the URL that are the encryption context (Go CDK, awskms: URLs).
_CONTEXT = "context_"


def provider(text: str) -> str | None:
    """The secrets provider of a stack's file; None for a KMS key that it does not name, and without one."""
    url = (yaml.safe_load(text) or {}).get("secretsprovider")
    return url if isinstance(url, str) and url.startswith(KMS) else None


def elsewhere(url: str, lost: str, target: str) -> str:
    """The URL of the same key in another region if it is in the lost one; else the URL itself."""
    return re.sub(rf"(?<=[?&]region=){re.escape(lost)}(?=&|$)|(?<=:kms:){re.escape(lost)}(?=:)", target, url)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The two places that name the key of a stack's secrets: its file and its state.

    Both hold the data key, as KMS has encrypted it. A multi-Region key decrypts in each of its regions what it has
    encrypted in any (AWS KMS Developer Guide, Multi-Region keys), so nothing has to be encrypted anew.

    file: the stack's file.
    clients: KMS with the engine's own credentials.
    run: runs the engine.
    """

    stack: str
    file: Path
    clients: Clients
    run: Run

    def move(self, lost: str, target: str) -> bool:
        """Have the stack's secrets decrypted in `target`. Returns whether the key was in `lost` before.

        Raises:
            StepError: when the key is not in `target`, or the engine fails.
        """
        return any([self._move_file(lost, target), self._move_state(lost, target)])

    def _move_file(self, lost: str, target: str) -> bool:
        text = self.file.read_text()
        url = provider(text)
        if url is None or (moved := elsewhere(url, lost, target)) == url:
            return False
        self._try(url, yaml.safe_load(text).get("encryptedkey"), target)
        fresh = self.file.with_name(f".{self.file.name}.new")
        fresh.write_text(text.replace(url, moved, 1))
        fresh.replace(self.file)
        return True

    def _move_state(self, lost: str, target: str) -> bool:
        found = exported(self.run, self.stack)
        held = ((found.get("deployment") or {}).get("secrets_providers") or {}).get("state") or {}
        url = held.get("url", "")
        if (moved := elsewhere(url, lost, target)) == url:
            return False
        held["url"] = moved
        imported(self.run, self.stack, found)
        return True

    def _try(self, url: str, encrypted: str | None, target: str) -> None:
        """Try to decrypt the data key in another region, before file and state name that region."""
        if not encrypted:
            return
        query = dict(parse_qsl(urlsplit(url).query))
        context = {key.removeprefix(_CONTEXT): value for key, value in query.items() if key.startswith(_CONTEXT)}
        try:
            with explained("kms", target):
                self.clients("kms", target).decrypt(
                    CiphertextBlob=base64.b64decode(encrypted), **({"EncryptionContext": context} if context else {})
                )
        except CloudError as error:
            raise StepError(
                f"{self.file.name}: the key of its secrets, {url}, does not decrypt in {target} ({error}). Only a "
                "multi-Region key with a replica there does: docs/first-account.md"
            ) from error
