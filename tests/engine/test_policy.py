"""The policy pack under the real engine, which stops where a stack does not keep to it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from sandbox.commands.engine import QUICK, Sandbox
from scripts.places import ROOT

PACK = ROOT / "policy" / "pulumi-analyzer-ascent"


def test_the_engine_stops_at_the_one_policy_that_is_broken_and_at_no_other(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "infra", project / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Pulumi.yaml", "Pulumi.sandbox.yaml", "__main__.py", "charts", "database", ".venv"):
        (project / name).symlink_to(ROOT / name)
    mistaken = project / "infra" / "components" / "data" / "database.py"
    text = mistaken.read_text()
    assert text.count("storage_encrypted=True") == 1
    mistaken.write_text(text.replace("storage_encrypted=True", "storage_encrypted=False"))
    box = Sandbox(tmp_path / "box", project=project, environment=dict(QUICK))
    result = box.run("preview", "--policy-pack", str(PACK), stage=4)
    assert result.code != 0
    assert "ascent@v0.1.0" in result.output
    assert "storageEncrypted is 'False'; it should be true" in result.output
    broken = set(re.findall(r"^ +- \[mandatory\] \[severity: \w+\] +(\S+) ", result.output, re.MULTILINE))
    assert broken == {"aurora-encrypted"}, result.output
