"""A TES 1.1 server that does what a script says. It runs by itself, beside py-tes, which reads what
it is sent: `python tests/tes_server.py [CERTIFICATE KEY]`; it prints its port.

`POST /script` adds steps: `{"on": "create", "do": "lost"}` changes one answer, the next of its kind
(service, create, get, list, cancel). `{"states": [...]}` are the states that a task goes through,
one each time it is asked for. `GET /held` shows what was taken and which tokens were seen.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import tes

BASE = "/ga4gh/tes/v1"
LOCK = threading.Lock()


class World:
    def __init__(self) -> None:
        self.tasks: list[dict] = []
        self.steps: list[dict] = []
        self.states: list[str] = []
        self.tokens: list[str] = []
        self.calls: list[str] = []
        self.service = {
            "id": "org.example.tes", "name": "TES", "type": {"group": "org.ga4gh",
            "artifact": "tes", "version": "1.1.0"}, "organization": {"name": "X", "url": "https://x"},
            "version": "9", "storage": [], "tesResources_backend_parameters": ["network"],
        }  # fmt: skip
        self.filters = True


WORLD = World()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.serve(None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.serve(json.loads(body or b"{}"))

    def serve(self, body: dict | None) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/script":
            with LOCK:
                if body.get("reset"):
                    WORLD.__init__()
                WORLD.steps += body.get("steps", [])
                WORLD.states += body.get("states", [])
                WORLD.service.update(body.get("service", {}))
                WORLD.filters = body.get("filters", WORLD.filters)
            return self.say(200, {})
        if parts.path == "/held":
            return self.say(
                200, {"tasks": WORLD.tasks, "tokens": WORLD.tokens, "calls": WORLD.calls}
            )
        path = parts.path.removeprefix(BASE)
        kind = self.kind(path, body)
        with LOCK:
            WORLD.calls.append(kind)
            WORLD.tokens.append(self.headers.get("Authorization", ""))
            step = next((one for one in WORLD.steps if one["on"] == kind), None)
            if step is not None:
                WORLD.steps.remove(step)
        what = step["do"] if step else ""
        if what not in ("", "after", "twice", "drops") and self.broken(what):
            return None
        answer = self.answer(kind, path, parse_qs(parts.query), body, what)
        if what == "after":  # it was done, and the answer is lost
            self.close_connection = True
            self.connection.close()
            return None
        return self.say(*answer)

    @staticmethod
    def kind(path: str, body: dict | None) -> str:
        if path == "/service-info":
            return "service"
        if path.endswith(":cancel"):
            return "cancel"
        if path == "/tasks":
            return "create" if body is not None else "list"
        return "get"

    def broken(self, what: str) -> bool:
        if what == "lost":
            self.close_connection = True
            self.connection.close()
        elif what == "slow":
            time.sleep(3)
            self.say(200, {})
        elif what == "drip":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(60):
                    self.wfile.write(b" ")
                    time.sleep(0.1)
            except OSError:
                pass
            self.close_connection = True
        elif what == "huge":
            self.raw(200, b'{"id": "' + b"x" * 3_000_000 + b'"}')
        elif what == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "500")
            self.end_headers()
            self.wfile.write(b'{"id": "t')
            self.close_connection = True
        elif what == "redirect":
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/held")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif what.startswith("text:"):
            self.raw(200, what[5:].encode())
        elif what.isdigit():
            self.say(int(what), {"message": "secret words of the site"})
        else:
            raise ValueError(what)
        return True

    def answer(self, kind, path, query, body, what) -> tuple[int, dict]:
        with LOCK:
            if kind == "service":
                return 200, WORLD.service
            if kind == "create":
                return self.create(body, what)
            if kind == "list":
                return self.listed(query)
            there = path.removeprefix("/tasks/").removesuffix(":cancel")
            task = next((one for one in WORLD.tasks if one["id"] == there), None)
            if task is None:
                return 404, {}
            if kind == "cancel":
                task["state"] = "CANCELED"
                return 200, {}
            if query.get("view") == ["FULL"]:
                return 200, task
            if WORLD.states:
                task["state"] = WORLD.states.pop(0)
            return 200, {"id": there, "state": task["state"]}

    @staticmethod
    def create(body, what) -> tuple[int, dict]:
        read = tes.unmarshal(body, tes.Task, convert_camel_case=False)
        valid, problem = read.is_valid()
        if not valid:
            return 400, {"message": str(problem)}
        for _ in range(2 if what == "twice" else 1):
            plain = json.loads(json.dumps(body))
            plain |= {"id": f"task-{len(WORLD.tasks):04d}", "state": "QUEUED",
                      "creation_time": f"2026-01-01T00:00:{len(WORLD.tasks):02d}Z"}  # fmt: skip
            if what == "drops":
                del plain["resources"]["backend_parameters"]
            WORLD.tasks.append(plain)
        return 200, {"id": WORLD.tasks[-1]["id"]}

    @staticmethod
    def listed(query) -> tuple[int, dict]:
        wanted = list(zip(query.get("tag_key", []), query.get("tag_value", []), strict=True))
        found = WORLD.tasks
        if WORLD.filters:
            found = [t for t in found if all(t["tags"].get(k) == v for k, v in wanted)]
        start = int(query.get("page_token", ["0"])[0])
        page = {"tasks": found[start : start + 2]}
        if start + 2 < len(found):
            page["next_page_token"] = str(start + 2)
        return 200, page

    def say(self, status: int, plain: object) -> None:
        self.raw(status, json.dumps(plain).encode())

    def raw(self, status: int, content: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
