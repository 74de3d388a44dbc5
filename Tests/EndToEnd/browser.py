"""A real browser (Chromium, without a window), driven over its own debugging pipe: pages are loaded, looked at and clicked."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

WAIT_SECONDS = 60


def chromium():
    """The browser's path; skips the test when there is none."""
    for name in ("chromium", "chromium-browser"):
        if path := shutil.which(name):
            return path
    raise unittest.SkipTest("chromium is missing; scripts/test-peers fetches it")


class Browser:
    """One page in one browser; `with Browser(width, height) as browser:`."""

    def __init__(self, width=390, height=844):
        self.width, self.height, self.number, self.unread = width, height, 0, b""

    def __enter__(self):
        path = chromium()
        self.folder = tempfile.mkdtemp(prefix="postrider-browser-")
        to_browser, self.writing = os.pipe()
        self.reading, from_browser = os.pipe()

        def take_pipes():
            # The browser reads commands from 3 and writes answers to 4; first out of the way of each other.
            one, other = os.dup(to_browser), os.dup(from_browser)
            os.dup2(one, 3)
            os.dup2(other, 4)

        self.process = subprocess.Popen(
            [
                path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-extensions", "--blink-settings=scriptEnabled=false",
                f"--user-data-dir={self.folder}", "--remote-debugging-pipe", "about:blank",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=take_pipes, start_new_session=True,
        )
        os.close(to_browser)
        os.close(from_browser)
        os.set_blocking(self.reading, False)
        target = self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})
        self.session = attached["sessionId"]
        self.tell("Page.enable")
        self.tell("DOM.enable")
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            {"width": self.width, "height": self.height, "deviceScaleFactor": 1, "mobile": True},
        )
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.writing)
        os.close(self.reading)
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, method, parameters=None):
        return self.ask(method, parameters, self.session)

    def ask(self, method, parameters=None, session=None):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            line, found, rest = self.unread.partition(b"\0")
            if found:
                self.unread = rest
                answer = json.loads(line)
                if answer.get("id") == self.number:
                    if "error" in answer:
                        raise AssertionError(f"{method}: {answer['error']['message']}")
                    return answer["result"]
                continue
            try:
                self.unread += os.read(self.reading, 1 << 16)
            except BlockingIOError:
                time.sleep(0.01)
        raise AssertionError(f"the browser did not answer {method} within {WAIT_SECONDS} s")

    def wait(self, what, condition):
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            try:
                if found := condition():
                    return found
            except AssertionError:
                # The page changes under the question.
                pass
            time.sleep(0.05)
        raise AssertionError(f"not within {WAIT_SECONDS} s: {what}\n{self.html()}")

    def open(self, url):
        self.tell("Page.navigate", {"url": url})
        self.wait(f"{url} is shown", lambda: "<main>" in self.html())

    def html(self):
        root = self.tell("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
        return self.tell("DOM.getOuterHTML", {"nodeId": root})["outerHTML"]

    def box(self, selector):
        """Left, top, width and height of an element; None when there is none."""
        root = self.tell("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
        node = self.tell("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        if not node:
            return None
        model = self.tell("DOM.getBoxModel", {"nodeId": node})["model"]
        return model["border"][0], model["border"][1], model["width"], model["height"]

    def click(self, selector):
        left, top, width, height = self.wait(f"{selector} is there", lambda: self.box(selector))
        place = {"x": left + width / 2, "y": top + height / 2, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.tell("Input.dispatchMouseEvent", {"type": kind, **place})
