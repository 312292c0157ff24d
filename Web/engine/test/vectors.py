"""The working group's vectors in headless Chromium, under the content security policy of the product.

Run with .build-venv/bin/python, after `Scripts/build-wasm vectors`. The folder is HAUSPOST_VECTORS, else ../shared/vectors beside the project; in it
`mls`, where that exists. Exit status 77 where there are none.
"""

import functools
import http.server
import json
import os
import pathlib
import sys
import threading

from playwright.sync_api import expect, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[3]
POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'"


def vectors() -> pathlib.Path | None:
    base = pathlib.Path(os.environ.get("HAUSPOST_VECTORS", ROOT / "../shared/vectors"))
    for folder in (base / "mls", base):
        if (folder / "tree-math.json").exists():
            return folder
    return None


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {".html": "text/html", ".mjs": "text/javascript", ".wasm": "application/wasm", "": "application/octet-stream"}
    folder: pathlib.Path

    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def do_GET(self):
        # Browsers ask for an icon on their own; without an answer every run logs an error.
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        elif self.path == "/vectors/":
            self.answer(json.dumps(sorted(file.name for file in self.folder.glob("*.json"))).encode())
        elif self.path.startswith("/vectors/"):
            self.answer((self.folder / pathlib.PurePosixPath(self.path).name).read_bytes())
        else:
            super().do_GET()

    def answer(self, body: bytes):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def main() -> int:
    folder = vectors()
    if folder is None:
        print("skipped: no test vectors of the MLS working group here: set HAUSPOST_VECTORS to the folder that holds them", file=sys.stderr)
        return 77
    Handler.folder = folder
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=ROOT))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    errors = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("HAUSPOST_CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.server_port}/Web/engine/test/vectors.html")
        result = page.locator("#result")
        expect(result).not_to_have_text("running", timeout=600_000)
        verdict, _, text = result.text_content().partition("\n")
        version = browser.version
        browser.close()
    server.shutdown()
    for error in errors:
        print(f"console: {error}", file=sys.stderr)
    print(f"vectors in Chromium {version}:\n{text}")
    return 0 if verdict == "sound" and not errors else 1


sys.exit(main())
