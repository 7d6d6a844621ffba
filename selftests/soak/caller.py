#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Asks and asks, until FOLDER/stop is there: what may be asked, and what must be refused, in many spellings.

usage: caller.py host|allowed|contained SEED FOLDER SOCKET...

Whatever must not be executed has a name of its own in its path, "soak-<who>-<number>", which the engine
writes into its log when it is asked (soak/check.py). At the end FOLDER/<who>.json says how often each thing
came out how.
"""
import collections
import json
import os
import random
import socket
import sys
import time

PATIENCE = 30  # seconds for an answer: an engine that starts is slow in the emulator


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE)
    connection.connect(path)
    return connection


def status_of(answer):
    return answer[9:12].decode("ascii", "replace") if answer.startswith(b"HTTP/1.1 ") else "nothing"


def talk(path, *pieces):
    """Sends the pieces, each in a send of its own; the status of the last answer that came."""
    try:
        connection = connect(path)
    except OSError as error:
        return f"connect: errno {error.errno}"
    with connection:
        answers = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.01)
            connection.shutdown(socket.SHUT_WR)
            while True:
                got = connection.recv(65536)
                if not got:
                    break
                answers += got
        except OSError as error:
            return f"errno {error.errno}" if not answers else status_of(answers[answers.rfind(b"HTTP/1.1 "):])
        return status_of(answers[max(answers.rfind(b"HTTP/1.1 "), 0):])


def get(target):
    return f"GET {target} HTTP/1.1\r\nHost: docker\r\n\r\n".encode()


def push(name, spelling):
    """A push of an image of this name, as a client could write it."""
    head = "Host: docker\r\nX-Registry-Auth: e30=\r\n"
    return {
        "plain": [f"POST /v1.41/images/{name}/push HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n"],
        "escaped": [f"POST /v1.41/images/{name}/pus%68 HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n"],
        "unversioned": [f"POST /images/{name}/push?tag=1 HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n"],
        "chunked": [f"POST /v1.41/images/{name}/push HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n"],
        "in pieces": [f"POST /v1.41/images/{name}/pu", f"sh HTTP/1.1\r\n{head}Content-", "Length: 0\r\n\r\n"],
        "behind another": [f"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\nPOST /v1.41/images/{name}/push HTTP/1.1\r\n"
                           f"{head}Content-Length: 0\r\n\r\n"],
    }[spelling]


SPELLINGS = ["plain", "escaped", "unversioned", "chunked", "in pieces", "behind another"]


def main():
    who, seed, folder, sockets = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    chance = random.Random(f"{seed} {who}")
    seen = collections.defaultdict(collections.Counter)
    number = 0
    while not os.path.exists(f"{folder}/stop"):
        number += 1
        if who == "contained":
            path = chance.choice(sockets)
            seen[path][talk(path, get(f"/v1.41/images/soak-contained-{number}/json"))] += 1
        elif chance.random() < 0.6:
            seen["ask"][talk(sockets[0], get("/v1.41/containers/json"))] += 1
        else:
            spelling = chance.choice(SPELLINGS)
            pieces = [piece.encode() for piece in push(f"soak-{who}-{number}", spelling)]
            seen[f"push, {spelling}"][talk(sockets[0], *pieces)] += 1
        time.sleep(chance.random() * 0.2)
    with open(f"{folder}/{who}.json", "w", encoding="ascii") as file:
        json.dump(seen, file, indent="\t")


main()
