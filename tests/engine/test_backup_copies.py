"""Copies of the database elsewhere, with the real engine: they come, stay the same, and go."""

from __future__ import annotations

from pathlib import Path

from tests.engine.world import brought_up

BACKUP = {"region": "eu-west-1", "vaultArn": "arn:aws:backup:us-east-1:210987654321:backup-vault:copies"}
OURS = {
    "aws:backup/plan:Plan": 2,
    "aws:backup/selection:Selection": 2,
    "aws:backup/vault:Vault": 2,
    "aws:kms/keyPolicy:KeyPolicy": 1,
}


def test_they_come_and_go_and_nothing_else_is_made_anew(tmp_path: Path) -> None:
    box = brought_up(tmp_path, 1)
    with_copies = box.up(1, backup=BACKUP)
    assert with_copies.ok, with_copies.output
    # The topic and its key let EventBridge in.
    assert set(with_copies.changes) == {"create", "update"}
    made = {type_: sum(one["type"] == type_ for one in box.resources()) for type_ in OURS}
    assert made == OURS
    vaults = box.world()["resources"]["aws"]["aws:backup/vault:Vault"]
    assert all(len(name) <= 50 for name in vaults)
    assert box.preview(1, backup=BACKUP).changes == {}
    without = box.up(1)
    assert without.ok, without.output
    assert set(without.changes) == {"delete", "update"}
