"""An S3 server on a free port of the loopback: says the port on its output, serves until its input ends.

It serves one request after the other, so that the condition of a write and the write are one step.
"""

import os
import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        pass


def leave_with_parent():
    sys.stdin.read()
    os._exit(0)


app = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, app, request_handler=Quiet)
threading.Thread(target=leave_with_parent, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
