# SPDX-License-Identifier: Apache-2.0
"""Audit logs as latchd writes them (schema 1), for the native tests of what reads them.

A record is made from its documented keys; nothing here asks latch what it would have written.
"""
import datetime, json

START = datetime.datetime(2026, 11, 27, 8, 0, 0)
BOOT = "6f1e0a52-0000-4000-8000-000000000001"
POLICY = "ab" * 32


class Log:
    """Records in their order, a second apart unless told otherwise."""

    def __init__(self, path):
        self.path, self.lines, self.seq = path, [], 0
        self.now = START

    def raw(self, line):
        self.lines.append(line)

    def add(self, event, plane, after=1.0, **keys):
        self.seq += 1
        self.now += datetime.timedelta(seconds=after)
        record = {"schema": 1, "time": self.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "boot": BOOT,
                  "seq": self.seq, "event": event, "plane": plane, "policy": POLICY}
        record.update({key: value for key, value in keys.items() if value is not None})
        self.raw(json.dumps(record))

    def request(self, who, method, uri, route, command="", verdict="passed", reason="", **keys):
        """One that the mediator decided. `route`: the template; of this version's table or another."""
        if verdict == "refused":
            keys.setdefault("status", 403)
        self.add("request", "mediator", verdict=verdict, method=method, uri=uri, route=route,
                 command=command or None, reason=reason or None, **{**who, **keys})

    def connect(self, who, verdict="passed", socket="public", **keys):
        reason = "the container holds a grant" if who.get("caller") == "allowed" \
            else "the container holds no grant"
        self.add("connect", "kernel", verdict=verdict, socket=socket, reason=reason, **{**who, **keys})

    def denied(self, image, reason, verdict="would-refuse", **keys):
        self.add("image-denied", "latchd", image=image, reason=reason, verdict=verdict,
                 text="...", **keys)

    def save(self):
        with open(self.path, "w") as out:
            out.write("".join(line + "\n" for line in self.lines))
        return self.path


def container(number, image, name=None, caller="allowed"):
    """The keys of a caller in the container `number`."""
    keys = {"caller": caller, "container": f"{number:064x}", "name": name or f"box-{number}",
            "image_id": "sha256:" + f"{number:x}".rjust(64, "a"), "cgroup": 100 + number,
            "pid": 1000 + number, "uid": 0, "comm": "docker"}
    if image:
        keys["image"] = image
        if "/" in image or ":" in image:
            keys["digest"] = image.split(":")[0] + "@sha256:" + "d" * 64
    return keys


HOST = {"caller": "host", "pid": 1, "uid": 0, "comm": "docker"}
