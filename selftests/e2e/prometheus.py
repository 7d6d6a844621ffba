#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
What metrics.test asks a real Prometheus, over its HTTP API. Prints one line of TAP a check.

usage: prometheus.py dashboard FILE   every query of a Grafana dashboard returns data
       prometheus.py rules FILE       every alert of a rules file is loaded, and evaluated without an error
       prometheus.py value QUERY      prints the value of the only sample
       prometheus.py sees QUERY       waits until it has a sample, half a minute at most
       prometheus.py crowd SOCKET N   holds N idle connections and a reader that does not read until the
                                      server ends them; says when they stand, then how long that took
"""
import json
import re
import select
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SERVER = "http://127.0.0.1:9090/api/v1"


def get(path, **parameters):
    url = SERVER + path + "?" + urllib.parse.urlencode(parameters)
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def check(sentence, good, why):
    print(("ok - " if good else "not ok - ") + sentence)
    if not good:
        print("#   " + why)


def query(expression):
    """The samples, or a sentence that says why there are none."""
    answer = get("/query", query=expression)
    if answer["status"] != "success":
        return answer["error"]
    return answer["data"]["result"]


def panels(of):
    for panel in of["panels"]:
        yield panel
        yield from panels({"panels": panel.get("panels", [])})


def filled_in(expression):
    """As Grafana sends it, with every host chosen."""
    return expression.replace("$__rate_interval", "60s").replace("$instance", ".*")


def dashboard(path):
    with open(path) as file:
        board = json.load(file)
    for panel in panels(board):
        for target in panel.get("targets", []):
            expression = filled_in(target["expr"])
            found = query(expression)
            check(f"dashboard: {panel['title']}: {target['expr']}", isinstance(found, list) and found, str(found))
    for annotation in board["annotations"]["list"]:
        found = query(filled_in(annotation["expr"]))
        check(f"dashboard: the notes on {annotation['name']} can be asked for", isinstance(found, list), str(found))
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.match(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
            found = [s["metric"][label] for s in query(metric)]
            check(f"dashboard: there is a {variable['label']} to choose", found, "none")


def rules(path):
    with open(path) as file:
        wanted = re.findall(r"- alert: (\w+)", file.read())
    known = {r["name"]: r for g in get("/rules")["data"]["groups"] for r in g["rules"]}
    for name in wanted:
        rule = known.get(name, {"health": "not loaded"})
        found = query(rule["query"]) if "query" in rule else "not loaded"
        check(f"alert {name} is evaluated", rule["health"] == "ok" and isinstance(found, list),
              f"{rule.get('lastError', '')} {rule['health']} {found}")


def value(expression):
    samples = query(expression)
    print(samples[0]["value"][1] if isinstance(samples, list) and len(samples) == 1 else samples)


def sees(expression):
    found, end = None, time.monotonic() + 30
    while time.monotonic() < end:
        try:
            found = query(expression)
        except OSError as error:  # it does not listen yet
            found = str(error)
        if found and isinstance(found, list):
            return
        time.sleep(0.3)
    sys.exit(f"{expression}: {found}")


def crowd(path, count):
    begin = time.monotonic()
    idle = []
    for _ in range(int(count)):
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.connect(path)
        idle.append(one)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.connect(("127.0.0.1", 9469))
    slow.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
    print("standing", flush=True)
    waiting = idle
    while waiting and time.monotonic() < begin + 60:
        for one in select.select(waiting, [], [], 1)[0]:
            if not one.recv(65536):
                waiting.remove(one)
    while slow.recv(65536):
        pass
    print(int(time.monotonic() - begin) if not waiting else f"{len(waiting)} are still open", flush=True)


if __name__ == "__main__":
    {"dashboard": dashboard, "rules": rules, "value": value, "sees": sees, "crowd": crowd}[sys.argv[1]](*sys.argv[2:])
