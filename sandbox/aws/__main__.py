"""`python -m sandbox.aws WORLD FILE PORT`: see `sandbox.aws.server.serve`. `sandbox.commands.aws` starts it."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # Before moto is imported: no instance of the sandbox has one of its images, and reading them takes a second.
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    from sandbox.aws.server import serve

    serve(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
