"""What EKS answers where a stack has a local cluster: that cluster's address and certificate."""

from __future__ import annotations

import json
import os
from pathlib import Path

from catalog.values import Properties
from sandbox.provider.errors import WorldError

FACTS = "ASCENT_SANDBOX_CLUSTER"  # names a file with its address and certificate
CLUSTER = "aws:eks/cluster:Cluster"


def answers(token: str) -> Properties:
    """Outputs of a resource of this type that are not made up.

    Raises:
        WorldError: when the cluster's facts cannot be read.
    """
    file = os.environ.get(FACTS)
    if not file or token != CLUSTER:
        return {}
    try:
        facts = json.loads(Path(file).read_text(encoding="utf-8"))
        return {"endpoint": facts["endpoint"], "certificateAuthority": {"data": facts["authority"]}}
    except (OSError, ValueError, KeyError) as error:
        raise WorldError(f"{FACTS} names {file}, which does not say where the local cluster is: {error}") from error
