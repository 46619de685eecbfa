"""A small stand-in for SendGrid's mail-send that keeps every body and answers as it is told."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes]


def accept(_key: str) -> Reply:
    return 202, {"X-Message-Id": "id-" + _key[-8:]}, b""


@dataclass
class Vendor:
    """`answer` is asked with each send key once the body is there; None closes the connection.

    `answered` is called after the answer left.
    """

    answer: Callable[[str], Reply | None] = accept
    answered: Callable[[str], None] = lambda _key: None
    received: list[str] = field(default_factory=list)
    payloads: list[dict[str, Any]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def twice(self) -> list[str]:
        return [key for key, times in Counter(self.received).items() if times > 1]

    def connection(self, **extra: Any) -> str:
        return json.dumps(
            {
                "conn_type": "sendgrid",
                "password": "SG.key",
                "extra": {"base_url": self.url, **extra},
            }
        )


@contextmanager
def vendor() -> Iterator[Vendor]:
    stand_in = Vendor()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            payload = json.loads(body)
            key = payload["personalizations"][0]["custom_args"]["baton_send_key"]
            with stand_in.lock:
                stand_in.received.append(key)
                stand_in.payloads.append(payload)
            self.reply(stand_in.answer(key))
            stand_in.answered(key)

        def do_GET(self) -> None:
            found = [{"msg_id": key} for key in stand_in.known if key in self.path]
            self.reply((200, {}, json.dumps({"messages": found}).encode()))

        def reply(self, reply: Reply | None) -> None:
            if reply is None:
                self.close_connection = True
                return
            status, headers, content = reply
            try:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                self.close_connection = True  # whoever asked was killed

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a killed client leaves broken connections behind

    server = Server(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
