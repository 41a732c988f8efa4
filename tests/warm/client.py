#!@PYTHON@
"""Has the server run something in a warm process, with this one's arguments, environment, folder and streams."""

import json
import os
import socket
import sys
import time

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
    asked = json.dumps(
        {"what": "@WHAT@", "argv": sys.argv, "cwd": os.getcwd(), "env": dict(os.environ)}  # noqa: PTH109  pathlib takes time
    ).encode()
    socket.send_fds(server, [len(asked).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(asked)
    code = server.recv(1)
sys.exit(code[0] if code else 1)
