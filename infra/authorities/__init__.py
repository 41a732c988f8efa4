"""Who signs the certificates of databases: the roots of Amazon RDS, for clients that ask to see one.

AWS has a root for each region and kind of key, and signs a database's certificate with it; the database shows the
certificate and what lies between (Aurora User Guide, "Using SSL/TLS to encrypt a connection to a DB cluster"). RDS
renews certificates under the same root; the roots are valid until 2061 and longer. `rds.pem` holds those of the regions
in `infra.regions`; `python -m infra.authorities` writes it from AWS' bundle.
"""

from __future__ import annotations

from pathlib import Path

BUNDLE = Path(__file__).with_name("rds.pem")


def common_name(region: str) -> str:
    """How the common name of each of a region's roots begins."""
    return f"Amazon RDS {region} Root CA "


def rds(region: str) -> str:
    """The roots of a region, in PEM, each below a line that names it."""
    blocks = BUNDLE.read_text(encoding="ascii").split("\n\n")
    return "\n".join(block.strip() for block in blocks if block.startswith(f"# {common_name(region)}")) + "\n"
