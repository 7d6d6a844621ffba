# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, spoken to over a pipe in its own protocol: pages, widths, schemes, screenshots.

Everything that a page asks the network for, and everything that it says on the console, is kept. The
browser has no network of its own to reach: its resolver knows no name.
"""
import base64, json, os, shutil, subprocess, tempfile


class Browser:
    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="latch-chromium.")
        to_browser, self.out = os.pipe()
        self.into, from_browser = os.pipe()

        def take_descriptors():
            # Both first out of the way: they may be 3 and 4 themselves.
            reads, writes = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--remote-debugging-pipe", "--host-resolver-rules=MAP * ~NOTFOUND",
             "--disable-background-networking", "--disable-component-update", f"--user-data-dir={self.profile}",
             "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=take_descriptors, pass_fds=(3, 4, to_browser, from_browser))
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.number, self.events = b"", 0, []
        target = [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"][0]
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Security"):
            self.call(domain + ".enable", page=True)

    def message(self):
        while b"\0" not in self.buffer:
            more = os.read(self.into, 1 << 16)
            if not more:
                raise RuntimeError("the browser has ended")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, page=False, **parameters):
        self.number += 1
        number = self.number
        request = {"id": number, "method": method, "params": parameters}
        if page:
            request["sessionId"] = self.session
        os.write(self.out, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message())

    def show(self, path, width=1100, height=900, scheme="light"):
        """Loads a file. What happens from then on is in self.events."""
        self.events = []
        self.call("Emulation.setDeviceMetricsOverride", page=True, width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", page=True,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", page=True, url="file://" + path)
        self.wait_for("Page.loadEventFired")

    def requests(self):
        return [event["params"]["request"]["url"] for event in self.events
                if event.get("method") == "Network.requestWillBeSent"]

    def complaints(self):
        """Of the console, of scripts, of the page's own policy."""
        return [event for event in self.events if event.get("method") in (
            "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded",
            "Page.javascriptDialogOpening")]

    def ask(self, expression):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", page=True, expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def screenshot(self, path, whole=True):
        size = self.ask("[innerWidth, document.documentElement.scrollHeight, innerHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1] if whole else size[2], "scale": 1}
        image = self.call("Page.captureScreenshot", page=True, format="png", clip=clip,
                          captureBeyondViewport=True)
        with open(path, "wb") as out:
            out.write(base64.b64decode(image["data"]))

    def close(self):
        try:
            self.call("Browser.close")
        except (RuntimeError, OSError):
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
