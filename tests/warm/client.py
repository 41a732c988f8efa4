#!/usr/bin/env python
"""Has the server run a program in a warm process, with this one's arguments, environment, folder and streams."""

import json
import os
import socket
import sys
import time
from pathlib import Path

WAIT = 60  # seconds until the server has imported the SDKs, on any machine that can run the tests

with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
    until = time.monotonic() + WAIT
    while True:
        try:
            server.connect("@SOCKET@")
            break
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
    asked = json.dumps({"argv": sys.argv, "cwd": str(Path.cwd()), "env": dict(os.environ)}).encode()
    socket.send_fds(server, [len(asked).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(asked)
    code = server.recv(1)
sys.exit(code[0] if code else 1)
