#!/bin/sh
# The sentinel calls this when the master changes: name, role, state, from host and port, to host and port. It is what
# is left to go by when all pods were gone at once.
set -eu
. "$CONFIG/common.sh"
remember "$6"
