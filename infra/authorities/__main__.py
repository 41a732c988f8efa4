"""Write `rds.pem` from AWS' bundle of all regions: `python -m infra.authorities global-bundle.pem`.

AWS offers it as global/global-bundle.pem at truststore.pki.rds.amazonaws.com. It needs the openssl command.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from infra.authorities import BUNDLE, common_name
from infra.regions import REGIONS

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)
_SUBJECT = re.compile(r"\bCN ?= ?([^,/\n]+)")


def main(bundle: Path) -> int:
    """Keep the roots of the regions that a stack may use; refuse a bundle that has none for one of them."""
    found: dict[str, str] = {}
    for certificate in _CERTIFICATE.findall(bundle.read_text(encoding="ascii")):
        command = ["openssl", "x509", "-noout", "-subject"]
        said = subprocess.run(command, input=certificate, capture_output=True, text=True, check=True).stdout
        name = _SUBJECT.search(said)
        if name:
            found[name[1].strip()] = certificate
    kept = {name: text for region in REGIONS for name, text in found.items() if name.startswith(common_name(region))}
    without = [region for region in REGIONS if not any(name.startswith(common_name(region)) for name in kept)]
    if without:
        sys.stderr.write(f"{bundle}: it has no root for {', '.join(without)}. Take AWS' bundle of all regions.\n")
        return 1
    head = f"# {len(kept)} roots of Amazon RDS; python -m infra.authorities writes this file.\n"
    BUNDLE.write_text("\n".join([head, *(f"# {name}\n{kept[name]}" for name in sorted(kept))]), encoding="ascii")
    sys.stderr.write(f"wrote {len(kept)} roots of {len(REGIONS)} regions to {BUNDLE}\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
