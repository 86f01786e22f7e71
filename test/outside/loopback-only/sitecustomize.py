"""Python's side of refuse.mjs: imported by itself at start-up, from a folder in PYTHONPATH."""

import os
import sys


def refuse(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if host not in ("127.0.0.1", "::1", "localhost"):
        sys.stderr.write(f"reached for {host}\n")
        sys.stderr.flush()
        os._exit(97)


sys.addaudithook(refuse)
