#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the three callers of a fault saw, when they were served as ever again, and which of their tries
are missing in the audit. They write their own logs (e2e/tools/caller.c); this only reads.

callers.py mark DIR AUDIT...     remembers where logs and audit end: a row begins here
callers.py normal DIR SINCE      exits 0 when the last tries of all three, begun after SINCE (ms of boot
                                 time), were as they should be
callers.py row DIR SINCE AUDIT...   prints what happened since the mark, as assignments of a shell
"""
import json
import os
import shlex
import sys

# What each caller gets while all is well: the answer of the engine, or EPERM of the kernel.
NORMAL = {"ask-host": "200", "ask-allowed": "200", "ask-contained": "E1"}
SLOW_MS = 1500  # a try that takes longer has waited
IN_A_ROW = 3  # so many normal tries, and it is normal again
WORDS = {"closed": "cut off", "S32": "cut off", "S104": "cut off", "S1": "EPERM", "E1": "EPERM",
         "E2": "ENOENT", "E111": "ECONNREFUSED", "timeout": "no answer"}


def tries(directory, name, offset=0):
    """(start, end, socket, outcome) of each whole line behind the offset."""
    with open(f"{directory}/{name}.log") as log:
        log.seek(offset)
        for line in log:
            parts = line.split()
            if len(parts) == 4 and line.endswith("\n"):
                yield int(parts[0]), int(parts[1]), int(parts[2]), parts[3]


def is_normal(name, one):
    start, end, _, outcome = one
    return outcome == NORMAL[name] and end - start < SLOW_MS


def word(name, one):
    start, end, _, outcome = one
    if outcome == NORMAL[name]:
        return "normal" if end - start < SLOW_MS else "waits"
    return WORDS.get(outcome, outcome)


def public(directory, name, offset=0):
    return [one for one in tries(directory, name, offset) if one[2] == 0]


def normal_again(name, seen):
    """When the first normal try behind the last other one had its answer; None: all were normal."""
    again = None
    for i, one in enumerate(seen):
        if not is_normal(name, one):
            behind = seen[i + 1] if i + 1 < len(seen) else one
            again = behind[1]
    return again


def reached_the_gate(outcome):
    """Did the connect get as far as the kernel's gate? Then there must be a record of it."""
    return outcome == "E1" or not outcome.startswith("E")


def expected(directory, marks):
    """How many records of each kind the tries since the mark must have left."""
    wanted = {}
    for name in NORMAL:
        outcomes = [one[3] for one in tries(directory, name, marks["logs"][name])]
        wanted["connect", name] = sum(map(reached_the_gate, outcomes))
        if name == "ask-allowed":
            sent = [o for o in outcomes if not o.startswith(("E", "S"))]
            wanted["kernel request", name] = len(sent)
            wanted["mediator request", name] = sum(o.isdigit() for o in sent)
    bursts = f"{directory}/bursts"
    wanted["connect", "ask-burst"] = sum(map(int, open(bursts))) if os.path.exists(bursts) else 0
    return wanted


def identity(status):
    return f"{status.st_dev}:{status.st_ino}"


def records(files, marks):
    """Each whole record that was written since the mark, in whatever file it is now."""
    for path in files:
        if not os.path.exists(path):
            continue
        with open(path, "rb") as audit:
            audit.seek(marks["audit"].get(identity(os.fstat(audit.fileno())), 0))
            for line in audit:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue


def kind(record):
    if record["event"] == "connect":
        return "connect"
    return f'{record["plane"]} request' if record["event"] == "request" else None


def found(files, marks):
    seen = {}
    for record in records(files, marks):
        key = kind(record), record.get("comm")
        seen[key] = seen.get(key, 0) + 1
    return seen


def mark(directory, files):
    there = [os.stat(path) for path in files if os.path.exists(path)]
    marks = {"logs": {name: os.path.getsize(f"{directory}/{name}.log") for name in NORMAL},
             "audit": {identity(status): status.st_size for status in there}}
    with open(f"{directory}/mark", "w") as file:
        json.dump(marks, file)
    if os.path.exists(f"{directory}/bursts"):
        os.unlink(f"{directory}/bursts")


def normal(directory, since):
    for name in NORMAL:
        last = [one for one in public(directory, name) if one[0] >= since][-IN_A_ROW:]
        if len(last) < IN_A_ROW or not all(is_normal(name, one) for one in last):
            return False
    return True


def row(directory, since, files):
    with open(f"{directory}/mark") as file:
        marks = json.load(file)
    again = since
    for name in NORMAL:
        seen = public(directory, name, marks["logs"][name])
        again = max(again, normal_again(name, seen) or since)
        print(f"saw_{name[4:]}={shlex.quote('|'.join(sorted({word(name, one) for one in seen})))}")
    through = [o for *_, o in tries(directory, "ask-contained", marks["logs"]["ask-contained"])
               if not o.startswith("E")]
    print(f"let_through={len(through)}")
    print(f"until_ms={again - since}")
    wanted, there = expected(directory, marks), found(files, marks)
    missing = {key: max(0, wanted[key] - there.get(key, 0)) for key in wanted}
    reports = missing.pop(("mediator request", "ask-allowed"))
    print(f"asked={sum(wanted.values())}")
    print(f"lost={sum(missing.values())}")
    print(f"reports_lost={reports}")
    what = ", ".join(f"{n} {key[0]} of {key[1]}" for key, n in missing.items() if n)
    print(f"lost_what={shlex.quote(what)}")


def main():
    command, directory, *rest = sys.argv[1:]
    if command == "mark":
        mark(directory, rest)
    elif command == "normal":
        sys.exit(not normal(directory, int(rest[0])))
    else:
        row(directory, int(rest[0]), rest[1:])


main()
