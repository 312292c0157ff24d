"""The engine in headless Chromium, under the content security policy of the product. Run with .build-venv/bin/python, after Scripts/build-wasm."""

import functools
import http.server
import os
import pathlib
import re
import sys
import threading

from playwright.sync_api import expect, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[3]
POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'"


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {".html": "text/html", ".mjs": "text/javascript", ".wasm": "application/wasm", "": "application/octet-stream"}

    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def do_GET(self):
        # Browsers ask for it on their own; without an answer every run logs an error.
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *arguments):
        pass


def main() -> int:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=ROOT))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    errors = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("HAUSPOST_CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.server_port}/Web/engine/test/browser.html")
        result = page.locator("#result")
        expect(result).not_to_have_text("running", timeout=60_000)
        text = result.text_content()
        version = browser.version
        browser.close()
    server.shutdown()
    for error in errors:
        print(f"console: {error}", file=sys.stderr)
    match = re.fullmatch(r"passed (\d+)", text)
    if not match or errors:
        print(f"engine in Chromium {version}: {text}", file=sys.stderr)
        return 1
    print(f"engine in Chromium {version}: {match[1]} checks passed")
    return 0


sys.exit(main())
