# SPDX-License-Identifier: Apache-2.0
"""Holds logs of the audit to docs/audit.md, which it reads itself: keys, types, what is always there, the
events; and the numbers, which rise by one over all files, but for what records `lost` tell of.

usage: audit_records.py check FILE...    the files in the order in which they were written; prints what is
                                         wrong, then "N records, P parts of records, G missing, T told of"
       audit_records.py last CONDITION... -- FILE...
                                         the newest record with KEY=VALUE or KEY alone for each; "" if none
       audit_records.py count CONDITION... -- FILE...
"""
import json, re, sys

TYPES = {"integer": lambda v: type(v) is int, "boolean": lambda v: type(v) is bool,
         "text": lambda v: isinstance(v, str),
         "texts": lambda v: isinstance(v, list) and all(isinstance(i, str) for i in v)}


def table(heading):
    """The rows of the document's table behind a heading, as lists of cells."""
    with open("docs/audit.md") as document:
        part = re.split(r"^## ", document.read(), flags=re.M)
    text = next(p for p in part if p.startswith(heading))
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\| `.*$", text, re.M)]


def records(paths):
    for path in paths:
        with open(path, errors="surrogateescape") as log:
            for number, line in enumerate(log, 1):
                try:
                    yield f"{path}:{number}", json.loads(line)
                except ValueError:
                    yield f"{path}:{number}", None


def check(paths):
    keys = {row[0].strip("`"): row[1:3] for row in table("Keys")}
    events = {row[0].strip("`"): row[1].split(", ") for row in table("Events")}
    before, count, parts, missing, told = {}, 0, 0, 0, 0
    for place, record in records(paths):
        if record is None:
            parts += 1
            continue
        count += 1
        for key, value in record.items():
            if key not in keys:
                print(f"{place}: key {key}")
            elif not TYPES[keys[key][0]](value):
                print(f"{place}: {key} is {value!r}")
        for key, (_, when) in keys.items():
            if when == "always" and key not in record:
                print(f"{place}: no {key}")
        if record["plane"] not in events.get(record["event"], []):
            print(f"{place}: event {record['event']} of plane {record['plane']}")
        last = before.get(record["boot"])
        if last is not None and record["seq"] <= last:
            print(f"{place}: seq {record['seq']} after {last}")
        lost = record.get("count", 0) if record["event"] == "lost" else 0
        # What was before the first one is in another log; but for what it tells of itself.
        missing += lost if last is None else record["seq"] - 1 - last
        before[record["boot"]] = record["seq"]
        told += lost
    print(f"{count} records, {parts} parts of records, {missing} missing, {told} told of")


def matching(arguments):
    at = arguments.index("--")
    wanted = [condition.partition("=") for condition in arguments[:at]]
    for _, record in records(arguments[at + 1:]):
        if record and all(key in record and (not equals or value == str(record[key]) or
                                             value in record[key] * isinstance(record[key], list))
                          for key, equals, value in wanted):
            yield record


def main(command, *arguments):
    if command == "check":
        check(arguments)
    elif command == "last":
        found = list(matching(list(arguments)))
        print(json.dumps(found[-1]) if found else "")
    elif command == "count":
        print(sum(1 for _ in matching(list(arguments))))
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
