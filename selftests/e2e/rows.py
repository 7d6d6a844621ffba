#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every row of selftests/data, allowed and refused, on the wire. rows.test says how it is called.

Two processes. The speaker moves into an allowed container's cgroup, which makes it that container
for the kernel, and sends requests; the other one stays on the host, changes the policy and judges
what came back. What is expected is computed from the two tables alone, which were measured on real
engines and clients, and from the facts that stand beside the few exceptions. The tables that latch
itself is made from are not read.

Nothing that is sent makes an object: names are those of nobody, bodies are empty where an engine
wants one. "Arrived" is therefore most often the engine's own error. That is enough: latch's answers
are told from the engine's (see `came_from_engine`), and only the engine says "no such container" or
"this node is not a swarm manager". So routes of swarm and plugins, which this machine's engine does
not run, and routes newer or older than it, which it answers with its own 404, are tried as well.

Prints TAP. Exits 0 when nothing failed.
"""
import argparse
import errno
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import time

SOCKET = "/run/docker.sock"
VERSION = "/v1.41"
WAIT = 30  # seconds for an answer: the machine is emulated, and some answers look up names first
ENOUGH = 65536  # bytes of an answer that are read at most


# --- the tables ---


def read_table(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        lines = file.read().splitlines()
    keys = lines[0].split("\t")
    # Trailing empty columns are left out in some lines.
    cells = (line.split("\t")[: len(keys)] for line in lines[1:])
    return [dict(itertools.zip_longest(keys, row, fillvalue="")) for row in cells]


def template_of(row):
    # The one row without a path: engines up to 1.8.3 answered OPTIONS everywhere.
    return "/{anyroute:.*}" if row["template"].startswith("(") else row["template"]


def command_of(row):
    """ "docker start -ai (tty)" is the command "start": words up to an option, a remark, an operand."""
    words = itertools.takewhile(lambda word: re.match("[a-z]", word), row["command"].split()[1:])
    return " ".join(words)


# --- requests ---

# No value of a query may make the engine do something, or wait for an address that does not answer.
NOBODY = "127.0.0.1:1/nobody"
NO_LABEL = "%7B%22label%22%3A%5B%22nobody%22%5D%7D"
VALUES = {
    "fromImage": NOBODY,
    "fromSrc": "http://127.0.0.1:1/",
    "remote": NOBODY,
    "container": "nobody",
    "names": "nobody",
    "filters": NO_LABEL,
    "condition": "next-exit",
    "since": "0",
    # The clients send these keys every time and mean nothing by these values.
    "rotateManagerToken": "false",
    "rotateManagerUnlockKey": "false",
    "rotateWorkerToken": "false",
    "rollback": "none",
}
# What makes these rows' requests theirs. `ca --rotate` is not here: it changes the body alone.
VALUES_OF_ROW = {
    "docker swarm join-token --rotate": {"rotateWorkerToken": "true"},
    "docker swarm unlock-key --rotate": {"rotateManagerUnlockKey": "true"},
    "docker service rollback": {"rollback": "previous"},
}
# To these latch itself answers that there is no such container: it asks for the container before it
# lets a start through. So they get one that there is, and that the engine will not start.
REAL = ("/containers/{name:.*}/start", "/containers/{name:.*}/restart")
NAMES = {"/distribution/{name:.*}/json": NOBODY}  # or the engine would ask a registry far away
QUERIES = {
    "/debug/pprof/profile": "seconds=1",
    "/debug/pprof/trace": "seconds=1",
    # What nothing has: somebody else's test may want what there is.
    "/containers/prune": "filters=" + NO_LABEL,
    "/images/prune": "filters=" + NO_LABEL,
    "/networks/prune": "filters=" + NO_LABEL,
    "/volumes/prune": "filters=" + NO_LABEL,
}
NO_ARCHIVE = "\x1f\x8b\x08"  # the beginning of a gzip: turned down before any program is started to unpack it
BODIES = {
    ("POST", "/containers/create"): '{"Image":"nobody"}',
    # latch reads these, and nothing is no JSON.
    ("POST", "/containers/{name:.*}/exec"): "{}",
    ("POST", "/containers/{name:.*}/checkpoints"): "{}",
    ("POST", "/volumes/create"): '{"Name":"no/body"}',
    ("POST", "/services/create"): "{}",
    ("POST", "/services/{id}/update"): "{}",
    ("POST", "/images/load"): NO_ARCHIVE,
    ("POST", "/build"): NO_ARCHIVE,
}
UPGRADES = {
    "hijack(tcp)": "tcp",
    "hijack(tcp) unless Detach": "tcp",
    "hijack(h2c)": "h2c",
    "websocket": "websocket",
}


class Request:
    """One request: what is sent, and `route`, the method and template that it is told by."""

    def __init__(self, method, template, name="nobody", version="", query="", upgrade="", form=None):
        path = re.sub("{[^}]*}", NAMES.get(template, name), template)
        if template in REAL:
            path = template.replace("{name:.*}", Request.real)
        query = query or QUERIES.get(template, "")
        self.method, self.route, self.upgrade = method, (method, template), upgrade
        self.target = version + path + ("?" + query if query else "")
        self.body, self.type = BODIES.get(self.route, ""), "application/json"
        if form is not None:
            self.body, self.type = form, "application/x-www-form-urlencoded"

    real = ""  # the name of the container that is really there

    def __str__(self):
        return f"{self.method} {self.target}" + (f" with the form {self.body}" if "form" in self.type else "")

    def same(self):
        return (self.method, self.target)

    def wire(self):
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: docker"]
        if self.upgrade:
            lines += ["Connection: Upgrade", f"Upgrade: {self.upgrade}"]
        if self.upgrade == "websocket":
            lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: bm9ib2R5IG5vYm9keSBubw==",
                      "Origin: http://docker"]
        if self.route[1] == "/session":
            Request.sessions += 1  # the engine takes no second session of one id
            lines += [f"X-Docker-Expose-Session-Uuid: rows{Request.sessions}",
                      "X-Docker-Expose-Session-Name: rows"]
        if self.method in ("POST", "PUT"):
            lines += [f"Content-Type: {self.type}", f"Content-Length: {len(self.body)}"]
        return "\r\n".join(lines) + "\r\n\r\n" + self.body

    sessions = 0


def requests_of_route(row):
    """Bare and with a version; where a name may have slashes, the second one has some."""
    template, upgrade = template_of(row), UPGRADES.get(row["upgrade"], "")
    second = "no/body" if row["name_accepts_slash"] == "yes" else "nobody"
    yield Request(row["method"], template, upgrade=upgrade)
    yield Request(row["method"], template, name=second, version=VERSION, upgrade=upgrade)


def requests_of_column(row, text):
    """ "HEAD /_ping x2 ; POST /x/{id}?a&b [Upgrade:tcp]": what is inside a stream is no request."""
    values = VALUES | VALUES_OF_ROW.get(row["command"], {})
    for item in text.split(" ; "):
        found = re.match(r"[( ]*([A-Z]+) (/[^ ?]*)(?:\?([^ ]*))?(?: \[Upgrade:(\w+)\])?", item)
        if found:
            method, template, keys, upgrade = found.groups()
            query = "&".join(f"{key}={values.get(key, '1')}" for key in (keys or "").split("&") if key)
            # What the engine's API has without a version is sent so by the clients too.
            bare = template in ("/_ping", "/grpc", "/session")
            yield Request(method, template, version="" if bare else VERSION, query=query, upgrade=upgrade or "")


# --- the speaker ---


def read_answer(connection, request):
    """The head, and as much of the body as says who wrote it."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < ENOUGH:
        piece = connection.recv(4096)
        if not piece:
            return {"closed": True, "head": data.decode("latin-1")}
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    answer = {"head": head.decode("latin-1")}
    status = int(head.split(b" ")[1])
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    if status == 101 and request["upgrade"] == "h2c":
        body = body or connection.recv(4096)
    elif length and request["method"] != "HEAD":
        while len(body) < min(int(length[1]), ENOUGH):
            piece = connection.recv(4096)
            if not piece:
                break
            body += piece
    return answer | {"status": status, "body": body.decode("latin-1")}


def say(request):
    """Sends one request on a connection of its own. Tells what was seen, and judges nothing."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(WAIT)
        try:
            connection.connect(SOCKET)
        except OSError as error:
            return {"connect": error.errno}
        try:
            connection.sendall(request["wire"].encode("latin-1"))
        except OSError as error:
            seen = {"send": error.errno}
            try:  # is the connection dead? A ping would pass on any that lives.
                connection.sendall(b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n")
            except OSError as second:
                seen["again"] = second.errno
            return seen
        try:
            return read_answer(connection, request)
        except socket.timeout:
            return {"timeout": True}
        except OSError as error:
            return {"receive": error.errno}


class Speaker:
    """A process that sends what it is handed. With a cgroup it is a process of that container."""

    def __init__(self, cgroup=None):
        theirs, self.to = os.pipe()
        self.back, ours = os.pipe()
        if os.fork() == 0:
            os.close(self.to)
            self.serve(os.fdopen(theirs), os.fdopen(ours, "w"), cgroup)
            os._exit(0)
        os.close(theirs)
        os.close(ours)
        self.to, self.back = os.fdopen(self.to, "w"), os.fdopen(self.back)

    @staticmethod
    def serve(requests, answers, cgroup):
        if cgroup:
            with open(os.path.join(cgroup, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write(str(os.getpid()))
        for line in requests:
            print(json.dumps(say(json.loads(line))), file=answers, flush=True)

    def ask(self, request):
        print(json.dumps({"method": request.method, "upgrade": request.upgrade, "wire": request.wire()}),
              file=self.to, flush=True)
        line = self.back.readline()
        if not line:
            sys.exit("the speaker has ended; its own words are above")
        return json.loads(line)


# --- what an answer means ---


def blocked(target):
    return (f'enhanced container isolation: docker command "{target}" is blocked; if you wish to allow it, '
            "configure the docker socket command list in the Docker Desktop settings or admin-settings.")


def message_of(seen):
    try:
        return json.loads(seen["body"])["message"]
    except (ValueError, KeyError, TypeError):
        return None


def is_h2c(request):
    return request.upgrade == "h2c"


# What latch says first when it is going to refuse every call: SETTINGS with MAX_CONCURRENT_STREAMS 100
# and nothing else. grpc-go, which the engine is made with, begins with MAX_FRAME_SIZE.
CALLS_REFUSED = "\x00\x00\x06\x04\x00\x00\x00\x00\x00" "\x00\x03\x00\x00\x00\x64"


def came_from_engine(request, seen):
    """latch never signs as the engine does, and has other words of its own."""
    if re.search(r"\r\nServer: Docker/", seen["head"]):
        return True
    if is_h2c(request) and seen["status"] == 101:
        return seen["body"] not in ("", CALLS_REFUSED)  # either end of HTTP/2 begins by saying something
    if "Content-Type: application/vnd.docker.raw-stream" in seen["head"]:
        return True  # the engine took the connection over and wrote its error by hand
    # The engine's router and its debug pages do not sign. To a container latch says neither.
    if seen["status"] == 404 and message_of(seen) == "page not found":
        return True
    return "/debug/" in request.target and message_of(seen) is None


def is_refusal_direct(seen):
    return seen.get("send") == errno.EPERM and seen.get("again") == errno.EPERM


def is_refusal_mediated(request, seen):
    if is_h2c(request):
        # An upgrade all the same: a 403 would make buildx start a builder of its own. In /session the
        # engine would make the calls, and there it ends at once.
        says = "" if request.route[1] == "/session" else CALLS_REFUSED
        return seen.get("status") == 101 and seen["body"] == says
    if seen.get("status") != 403 or re.search(r"\r\nServer:", seen["head"]):
        return False
    if request.method == "HEAD":
        return seen["body"] == ""
    # Behind ECI's message latch says what of a build pushes.
    said, wanted = message_of(seen) or "", blocked(request.target)
    return said == wanted or said.startswith(wanted + " (latch: this build pushes, ")


def meaning(transport, request, seen):
    """ "arrived", "refused", or what was seen where it is neither."""
    if transport == "direct":
        if is_refusal_direct(seen):
            return "refused"
    elif is_refusal_mediated(request, seen):
        return "refused"
    if "status" in seen and came_from_engine(request, seen):
        return "arrived"
    return "neither: " + json.dumps(seen)[:600]


# --- the checks ---


class Test:
    def __init__(self, arguments):
        self.arguments = arguments
        self.failures = 0
        self.figures = {"arrived": 0, "refused": 0, "reloads": 0}

    def check(self, sentence, problems):
        print(("not ok - " if problems else "ok - ") + sentence)
        for problem in problems:
            print("#   " + problem)
        self.failures += bool(problems)
        sys.stdout.flush()

    def policy(self, kind, *commands):
        """Puts a command list in force. Whoever could not is not to go on: nothing would mean anything."""
        mount = {"imageList": {"images": [self.arguments.image]},
                 "commandList": {"type": kind, "commands": commands},
                 "hostAccess": {"allow": ["plugins", "swarm"]}}  # here commands alone are judged
        isolation = {"locked": True, "value": True, "dockerSocketMount": mount}
        with open(self.arguments.settings, "w", encoding="ascii") as file:
            json.dump({"configurationFileVersion": 2, "enhancedContainerIsolation": isolation}, file)
        done = subprocess.run([self.arguments.latchctl, "reload"],
                              capture_output=True, text=True, check=False)
        self.figures["reloads"] += 1
        if done.returncode != 0:
            print(f"not ok - a list that {kind}s {commands} is taken\n#   {done.stderr.strip()}")
            sys.exit(1)

    def wait_for_grant(self, speaker):
        """A container that the engine started without latch in between is judged when latch hears of it."""
        for _ in range(100):
            if self.means(speaker, Request("GET", "/_ping")) == "arrived":
                return
            time.sleep(0.2)
        print("not ok - the allowed container gets through to the engine")
        sys.exit(1)

    def means(self, speaker, request):
        found = meaning(self.arguments.transport, request, speaker.ask(request))
        if found in self.figures:
            self.figures[found] += 1
        return found

    def expect(self, speaker, wanted, requests):
        """Problems: those of the requests that are not what is wanted."""
        found = [(request, self.means(speaker, request)) for request in requests]
        return [f"{request} is {what}" for request, what in found if what != wanted]


# What no list refuses: clients break without it.
ALWAYS = {("GET", "/_ping"), ("HEAD", "/_ping"), ("GET", "/version")}


def check_routes(test, inside, outside, routes):
    """Part 1: every route, under a list that denies nothing and one that allows nothing."""
    test.policy("deny")
    for row in routes:
        test.check(f"allowed {row['method']} {row['template']}",
                   test.expect(inside, "arrived", requests_of_route(row)))
    test.policy("allow", "version")
    for row in routes:
        route = (row["method"], row["template"])
        wanted, word = ("arrived", "always allowed") if route in ALWAYS else ("refused", "refused")
        test.check(f"{word} {route[0]} {route[1]}", test.expect(inside, wanted, requests_of_route(row)))
    # The same driver outside the container: that it was refused was not its own doing.
    requests = [next(requests_of_route(row)) for row in routes]
    test.check(f"under the same list the host is refused none of the {len(routes)}",
               test.expect(outside, "arrived", requests))


# ECI's lists do not take these: latch refuses such settings, and there is no list to try.
UNSUPPORTED = ("compose", "trust", "manifest")
# Of these nothing is sent that could be refused without taking the client itself away.
SILENT = {
    "version": "GET /version always passes",
    "logout": "it removes a file of the client's",
    "system dial-stdio": "it opens a connection and pings",
    "stack config": "it prints files of the client's",
    "buildx create": "it writes a file of the client's",
    "buildx rm": "a builder's container goes by stop and rm",
    "buildx version": "it is the client's own version",
    "buildx imagetools inspect": "the client talks to the registry itself",
    "context": "contexts are files of the client's",
}
# In direct transport nobody looks into BuildKit's streams, and a build can push its result: who denies
# push denies what could hide one. The one command whose refusal reaches further than its own requests.
HIDES_PUSH = {("POST", "/grpc"), ("POST", "/build")}
# `stack deploy --prune`, of which the table has no row, removes services.
ALSO_SENDS = {"stack deploy": {("DELETE", "/services/{id}")}}
# Arrive only after seconds: tried as their own, not once more as somebody else's.
SLOW = {("GET", "/images/search"), ("GET", "/info")}


class Command:
    """A command that a list may hold: its rows, and its spellings, which mean the same."""

    def __init__(self):
        self.rows, self.spellings = [], []

    @property
    def name(self):
        return self.spellings[0]

    def add(self, row, names):
        self.rows.append(row)
        self.spellings = list(dict.fromkeys(self.spellings + names))

    def why_silent(self):
        return SILENT.get(self.name) or SILENT.get(self.name.split()[0])

    def requests(self, *columns):
        """Each request once, in the order of the rows."""
        found = {}
        for row in self.rows:
            for column in columns:
                for request in requests_of_column(row, row[column]):
                    found.setdefault(request.same(), request)
        return list(found.values())

    def sent(self):
        measured = [key for key in self.rows[0] if key.startswith("requests_")]
        return self.requests(*measured, "essential", "auxiliary")

    def essential(self):
        return self.requests("essential")


def read_commands(folder):
    """The commands, and how many rows there are of those that no list may hold."""
    commands, by_name, unsupported = [], {}, 0
    for row in read_table(folder, "commands.tsv"):
        name = command_of(row)
        # Not commands: "docker --help", a shell's completion. Ended before it sent anything: content trust.
        if not name or "--help" in row["command"] or "DOCKER_CONTENT_TRUST" in row["command"]:
            continue
        # It starts a builder of the docker-container driver, which is run, cp and exec on the wire: what
        # `buildx inspect` is must not bring these.
        if row["command"].startswith("docker buildx inspect --bootstrap"):
            continue
        if name.split()[0] in UNSUPPORTED:
            unsupported += 1
            continue
        names = [name] + [alias.strip().removeprefix("docker ") for alias in row["aliases"].split(",") if alias]
        command = next((by_name[n] for n in names if n in by_name), None)
        if not command:
            command = Command()
            commands.append(command)
        command.add(row, names)
        by_name.update((n, command) for n in names)
    return commands, unsupported


def routes_of(requests):
    return {request.route for request in requests}


def own_and_shared(command, commands):
    """Routes that are the command's, or those of another that is in part the same requests."""
    essential = routes_of(command.essential())
    shared = [routes_of(other.essential()) for other in commands]
    return routes_of(command.sent()).union(*[routes for routes in shared if routes & essential])


class Bystanders:
    """Other commands' requests, in turn, so that each is tried beside several commands."""

    def __init__(self, requests):
        self.requests, self.next = requests, 0

    def take(self, count, without):
        taken = []
        for _ in self.requests:
            request = self.requests[self.next]
            self.next = (self.next + 1) % len(self.requests)
            if request.route not in without and len(taken) < count:
                taken.append(request)
            if len(taken) == count:
                break
        return taken


def bystanders(commands, but=frozenset()):
    found = {}
    for command in commands:
        for request in command.sent():
            if request.route not in but:
                found.setdefault(request.route, request)
    return Bystanders(list(found.values()))


def check_allowed(test, inside, command, spelling, strangers, without):
    test.policy("allow", spelling)
    requests = command.sent()
    if requests:  # some commands send nothing at all
        test.check(f"allow {spelling}: what it sends arrives ({len(requests)} requests, {len(command.rows)} rows)",
                   test.expect(inside, "arrived", requests))
    for stranger in strangers.take(1, without):
        test.check(f"allow {spelling}: {' '.join(stranger.route)} is refused",
                   test.expect(inside, "refused", [stranger]))


def refused_at_call(test, row):
    """What is made of calls of gRPC is refused at one of them where somebody looks into /grpc. No such call
    is made here: unit/test_commandlist.c has which one it is, calls_native and builds.test make them."""
    return test.arguments.transport == "mediated" and "[gRPC over /grpc:" in row["essential"]


def check_denied(test, inside, command, spelling, others, without):
    test.policy("deny", spelling)
    found = [(request, test.means(inside, request)) for request in command.sent()]
    refused = {request.same(): request for request, what in found if what == "refused"}
    problems = [f"{request} is {what}" for request, what in found if what not in test.figures]
    if command.why_silent():
        problems += [f"{request} is refused" for request in refused.values()]
        test.check(f"deny {spelling}: nothing of it is refused ({command.why_silent()})", problems)
    else:
        for row in command.rows:
            if refused_at_call(test, row):
                continue
            if not any(own.same() in refused for own in requests_of_column(row, row["essential"])):
                problems.append(f"nothing that \"{row['command']}\" cannot do without is refused")
        # What a command only sends on its way belongs to others.
        essential = routes_of(command.essential())
        problems += [f"{request}, which it only sends on its way, is refused"
                     for request in refused.values() if request.route not in essential]
        test.check(f"deny {spelling}: each of its {len(command.rows)} rows is refused "
                   "at a request that it is", problems)
    for other in others.take(1, without):
        test.check(f"deny {spelling}: {' '.join(other.route)} still arrives",
                   test.expect(inside, "arrived", [other]))


def check_commands(test, inside, folder):
    """Part 2: every command, alone on a list that allows it and on one that denies it."""
    commands, unsupported = read_commands(folder)
    # On a list that allows one command, what another one only sends on its way may well pass: clients
    # of other versions sent more. What nobody sends so must not.
    on_the_way = routes_of(request for command in commands for request in command.requests("auxiliary"))
    strangers = bystanders(commands, but=on_the_way)
    others = bystanders(commands, but=SLOW)
    for command in commands:
        without = own_and_shared(command, commands) | ALWAYS
        also = ALSO_SENDS.get(command.name, set())
        check_allowed(test, inside, command, command.spellings[0], strangers, without | also)
        if command.name == "push" and test.arguments.transport == "direct":
            without = without | HIDES_PUSH
        # The other spelling, where there is one: it means the same.
        check_denied(test, inside, command, command.spellings[-1], others, without)
    print(f"# {unsupported} rows are of commands that ECI does not support ({', '.join(UNSUPPORTED)}): "
          "no list may hold them")
    return len(commands)


# --- requests whose meaning hangs on a parameter ---


def create_image(query="", form=None):
    return Request("POST", "/images/create", version=VERSION, query=query, form=form)


IMAGE, SOURCE = "fromImage=" + VALUES["fromImage"], "fromSrc=" + VALUES["fromSrc"]
PULLS = [create_image(IMAGE), create_image(f"{SOURCE}&{IMAGE}"), create_image("fromImage=%31"),
         create_image("%66romImage=1")]
# The engine takes the first value.
IMPORTS = [create_image(SOURCE), create_image(f"fromImage=&{IMAGE}&{SOURCE}")]
PULL_FORM, IMPORT_FORM = create_image(form=IMAGE), create_image(form=SOURCE)
PULL_BEHIND_IMPORT = create_image(SOURCE, form=IMAGE)  # the engine takes the form's


def check_forms(test, inside, denied, pass_mediated, refused):
    """A form is judged by what it says where somebody reads it. The kernel does not: it refuses what
    any form could make of the request."""
    if test.arguments.transport == "direct":
        refused, pass_mediated = refused + pass_mediated, []
    if pass_mediated:
        test.check(f"deny {denied}: forms that ask for something else arrive",
                   test.expect(inside, "arrived", pass_mediated))
    test.check(f"deny {denied}: forms that could ask for it are refused",
               test.expect(inside, "refused", refused))


def update_swarm(keys):
    return Request("POST", "/swarm/update", version=VERSION, query="version=1" + keys)


def check_parameters(test, inside):
    """Part 3, by hand: the tables have a request's keys, and not what their values make of it."""
    test.policy("deny")
    test.check("deny nothing: forms arrive",
               test.expect(inside, "arrived", [PULL_FORM, IMPORT_FORM, PULL_BEHIND_IMPORT]))
    test.policy("deny", "import")
    test.check("deny import: pulls arrive", test.expect(inside, "arrived", PULLS))
    test.check("deny import: imports are refused", test.expect(inside, "refused", IMPORTS))
    check_forms(test, inside, "import", [PULL_FORM, PULL_BEHIND_IMPORT], [IMPORT_FORM])
    test.policy("deny", "pull")
    test.check("deny pull: imports arrive", test.expect(inside, "arrived", IMPORTS))
    test.check("deny pull: pulls are refused, however spelt", test.expect(inside, "refused", PULLS))
    check_forms(test, inside, "pull", [IMPORT_FORM], [PULL_FORM, PULL_BEHIND_IMPORT])

    rotates_key = update_swarm("&rotateManagerUnlockKey=1")
    rotates_token = update_swarm("&rotateManagerToken=true")
    plain = update_swarm("&rotateManagerUnlockKey=0&rotateWorkerToken=false")
    test.policy("deny", "swarm unlock-key")
    test.check("deny swarm unlock-key: a new key is refused", test.expect(inside, "refused", [rotates_key]))
    test.check("deny swarm unlock-key: other updates arrive",
               test.expect(inside, "arrived", [plain, rotates_token]))

    back = Request("POST", "/services/{id}/update", version=VERSION, query="version=1&rollback=previous")
    forth = Request("POST", "/services/{id}/update", version=VERSION, query="version=1&rollback=none")
    test.policy("deny", "service rollback")
    test.check("deny service rollback: a rollback is refused", test.expect(inside, "refused", [back]))
    test.check("deny service rollback: an update arrives", test.expect(inside, "arrived", [forth]))

    test.policy("deny", "push")
    check_builds(test, inside)


def check_builds(test, inside):
    """A build's outputs are judged by what they say where somebody reads them."""
    plain = [Request("POST", "/session", upgrade="h2c"), Request("POST", "/build", version=VERSION)]
    hidden = [Request("POST", "/grpc", upgrade="h2c"),
              Request("POST", "/build", version=VERSION, query="outputs=%5B%5D")]
    pushes = [Request("POST", "/build", version=VERSION, query="outputs=%5B%7B%22Type%22:%22registry%22%7D%5D")]
    if test.arguments.transport == "direct":
        pushes, hidden = pushes + hidden, []
    test.check("deny push: a build that pushes is refused, and what could be one", test.expect(inside, "refused", pushes))
    test.check("deny push: other builds arrive", test.expect(inside, "arrived", plain + hidden))


def main():
    parser = argparse.ArgumentParser(description="rows.test's driver")
    for name in ("cgroup", "data", "image", "latchctl", "real", "settings", "transport"):
        parser.add_argument("--" + name, required=True)
    test = Test(parser.parse_args())
    Request.real = test.arguments.real
    inside, outside = Speaker(test.arguments.cgroup), Speaker()
    test.wait_for_grant(inside)
    routes = read_table(test.arguments.data, "routes.tsv")
    check_routes(test, inside, outside, routes)
    commands = check_commands(test, inside, test.arguments.data)
    check_parameters(test, inside)
    # Both tables are as long as they were when this was written, or longer.
    test.check(f"{len(routes)} routes and {commands} commands were tried",
               [] if len(routes) >= 135 and commands >= 110 else ["too few: is a table cut short?"])
    print(f"# {test.figures}")
    return 1 if test.failures else 0


if __name__ == "__main__":
    sys.exit(main())
