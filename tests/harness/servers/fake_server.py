"""A server of a few lines: healthy, never healthy, or one that ends; prints what it was told."""

import http.server
import sys
from pathlib import Path

arguments = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
sys.stdout.write(f"told {sorted(arguments)}\n")
sys.stdout.flush()
mode = arguments.get("--mode", "healthy")
if mode == "busy once":
    mark = Path(arguments["--mark"])
    if not mark.exists():
        mark.write_text("", encoding="utf-8")
        sys.exit("error: address already in use")
if mode == "broken":
    sys.exit("error: no such model")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if mode == "loading" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()


http.server.HTTPServer((arguments["--host"], int(arguments["--port"])), Handler).serve_forever()
