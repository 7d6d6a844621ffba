#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Decides from the engine's own log, which latch has no part in, that nothing refused was executed.

usage: check.py FOLDER ENGINE-LOG        TAP on standard output

The engine, in debug, writes "Calling POST /v1.41/images/NAME/push" before it does anything else.
"""
import json
import re
import sys


def test(sentence, good, found):
    print(f"{'ok' if good else 'not ok'} - {sentence}")
    print(f"#   {found}")
    return good


def said(folder, who):
    with open(f"{folder}/{who}.json", encoding="ascii") as file:
        return json.load(file)


def main():
    folder, path = sys.argv[1:]
    with open(path, encoding="utf-8", errors="replace") as file:
        calls = re.findall(r"Calling (\S+ [^\"\s]+)", file.read())
    of = {who: [call for call in calls if f"soak-{who}-" in call] for who in ("host", "allowed", "contained")}
    host, allowed, contained = (said(folder, who) for who in ("host", "allowed", "contained"))
    pushes = {who: sum(sum(outcomes.values()) for what, outcomes in seen.items() if what.startswith("push"))
              for who, seen in (("host", host), ("allowed", allowed))}
    good = test("the engine's log has what the host pushed, so that it would have the rest",
                len(of["host"]) > pushes["host"] / 4, f"{len(of['host'])} of {pushes['host']}; host: {host}")
    good &= test("an allowed container pushed nothing, in no spelling", not of["allowed"],
                 f"{pushes['allowed']} tried; executed: {of['allowed'][:5]}; allowed: {allowed}")
    good &= test("and was served what it may have", allowed["ask"].get("200", 0) > 10, allowed["ask"])
    good &= test("a contained one had nothing executed", not of["contained"], of["contained"][:5])
    outcomes = sorted({outcome for seen in contained.values() for outcome in seen})
    # ENOENT and ECONNREFUSED: there was no socket, or nobody behind it, for a moment.
    good &= test("and was refused each connect", set(outcomes) <= {f"connect: errno {n}" for n in (1, 2, 111)}
                 and sum(seen.get("connect: errno 1", 0) for seen in contained.values()) > 10, contained)
    sys.exit(0 if good else 1)


main()
