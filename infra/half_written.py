"""A state that is being written: the engine's messages when it is read at that moment, and how long to try again.

A backend of files, as a login to `file://` is, keeps a file of facts beside each state (`prod.json.attrs`). It writes
the state whole or not at all, but the facts in place: emptied, then filled (gocloud.dev, blob/fileblob: setAttrs in
attrs.go, called by the writer's Close). Each read begins with the facts (getAttrs), finds an empty file and ends with
EOF. Pulumi passes that on: pkg/backend/diy/state.go, stackExists and getCheckpoint. During an update the engine saves
the state with every step (saveCheckpoint), and the program runs meanwhile.

The file is empty for microseconds, so the next look finds it whole. A kill at that moment leaves it empty for good.
"""

SAYS = "failed to load checkpoint: EOF"
# Seconds before each further look: nine looks in two and a half seconds.
PAUSES = tuple(0.01 * 2**number for number in range(8))
