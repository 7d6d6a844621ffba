# SPDX-License-Identifier: Apache-2.0
"""What is compared: an engine, and what can stand before it. Each listens on a unix socket of its own."""
import os
import re
import resource
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

# docker-socket-proxy's kind of rules, without its logging, which would be to HAProxy's disadvantage.
HAPROXY = """
global
    maxconn {most}
defaults
    mode http
    timeout connect 10s
    timeout client 10m
    timeout server 10m
backend engine
    server engine unix@{engine}
frontend proxy
    bind unix@{listen} mode 666
    http-request deny unless METH_GET || METH_HEAD || {{ method PUT POST DELETE }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/containers/[a-zA-Z0-9_.-]+/((stop)|(restart)|(kill)) }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/auth }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/build }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/commit }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/containers }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/events }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/exec }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/images }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/info }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/networks }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/_ping }}
    http-request allow if {{ path,url_dec -m reg -i ^(/v[\\d\\.]+)?/volumes }}
    http-request deny
    default_backend engine
"""


def most_connections():
    """That a proxy can have, each with one behind it: by the limit of descriptors."""
    return min(10000, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200) // 2)


class Contender:
    """A process, known by its socket."""

    def __init__(self, name, path, process):
        self.name, self.socket, self.process = name, path, process

    def pids(self):
        """The process, or where it has workers those."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()] or [self.process.pid]

    def user_seconds(self):
        """CPU in user space so far, of all threads."""
        ticks = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                ticks += int(file.read().rpartition(")")[2].split()[11])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident, in bytes."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                total += int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) * 1024
        return total

    def stop(self):
        self.process.terminate()
        self.process.wait()


def wait_for(path):
    for _ in range(400):
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(path)
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nobody listens on {path}")


def start(name, folder, command, **options):
    path = f"{folder}/{name}.sock"
    contender = Contender(name, path, subprocess.Popen(command(path), **options))
    wait_for(path)
    return contender


def start_latch(folder, engine, who):
    """The mediator without the kernel's programs: every client is what `who` says."""
    name, path = f"latch-{who}", f"{folder}/latch-{who}.sock"
    with open(os.path.join(ROOT, "include", "latch", "routes.def"), encoding="ascii") as table:
        count = len(re.findall(r"^ROUTE\(", table.read(), re.M))
    with open(f"{folder}/verdicts", "wb") as file:
        file.write(b"\1" * count)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(4096)
    os.chmod(path, 0o666)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # What would be audited is read and thrown away.
    sink = subprocess.Popen(["cat"], stdin=ours, stdout=subprocess.DEVNULL)
    fds = [listener.fileno(), theirs.fileno()]

    def place():
        high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
            os.set_inheritable(3 + i, True)

    command = [os.path.join(ROOT, "build", "latch-mediator"), "--engine", engine, "--unsafe-no-kernel", "--as", who,
               "--verdicts", f"{folder}/verdicts"]
    if os.geteuid() == 0:
        command += ["--uid", "65534", "--gid", "65534", "--group", "65533"]
    process = subprocess.Popen(command, preexec_fn=place, close_fds=False, stderr=subprocess.DEVNULL)
    for end in listener, ours, theirs:
        end.close()
    wait_for(path)
    latch = Contender(name, path, process)
    latch.sink = sink
    return latch


def stand_in(folder, build):
    """An engine that does nothing but answer, with Go's HTTP server."""
    return start("direct", folder, lambda path: [f"{build}/engine", path])


def dockerd(folder, _build):
    """A real engine, on files and a socket of its own; it leaves this machine's network alone."""
    engine = start("direct", folder, lambda path: [
        "dockerd", "--host", f"unix://{path}", "--data-root", f"{folder}/engine", "--exec-root", f"{folder}/run",
        "--pidfile", f"{folder}/pid", "--bridge", "none", "--iptables=false", "--ip6tables=false",
        "--storage-driver", "vfs"], stderr=subprocess.DEVNULL)
    os.chmod(engine.socket, 0o666)  # or it is the docker group's alone
    return engine


def start_all(folder, build, start_engine, contenders):
    """Adds each to the list, the engine first. Stop them last first, also those of a start that failed."""
    os.chmod(folder, 0o755)
    engine = start_engine(folder, build)
    contenders.append(engine)
    contenders.append(start("relay", folder, lambda path: [f"{build}/relay", path, engine.socket]))
    with open(f"{folder}/haproxy.cfg", "w", encoding="ascii") as file:
        file.write(HAPROXY.format(engine=engine.socket, listen=f"{folder}/haproxy.sock",
                                  most=most_connections() + 20))
    contenders.append(start("haproxy", folder, lambda _: ["haproxy", "-db", "-f", f"{folder}/haproxy.cfg"],
                            stderr=subprocess.DEVNULL))
    for who in "allowed", "host":
        contenders.append(start_latch(folder, engine.socket, who))
