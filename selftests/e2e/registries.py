# SPDX-License-Identifier: Apache-2.0
"""What the tests against real registries share: checks in TAP; docker-registry on a loopback port, whose
images are written here byte by byte and uploaded by plain HTTP, so that every expected digest is
computed from the data; an engine of its own; and the image list as a program."""
import hashlib, http.client, io, json, os, platform, queue, shutil, socket, subprocess, tarfile
import tempfile, threading, time

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
OTHER_ARCH = "arm64" if ARCH == "amd64" else "amd64"
SCHEMA2 = "application/vnd.docker.distribution.manifest.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_REGISTRY = "/usr/bin/docker-registry"
WORK = tempfile.mkdtemp(prefix="latch-registry.")
count = failed = 0


def ok(condition, name, detail=None):
    """One check. What was found is printed where it fails."""
    global count, failed
    count += 1
    failed += not condition
    print(f"{'ok' if condition else 'not ok'} {count} - {name}", flush=True)
    if not condition and detail is not None:
        print(f"# {detail}", flush=True)


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}", flush=True)


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def until(condition, seconds, step=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return False


def finish():
    print(f"1..{count}")
    if failed:
        print(f"# logs are in {WORK}")
    else:
        shutil.rmtree(WORK, ignore_errors=True)
    return 1 if failed else 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Registry:
    """docker-registry. All of one test share a storage: what one was given the others serve.

    http and auth: those sections of its configuration, as JSON; trust: of its own TLS, for the
    requests that are made here; host: what it is called in references."""

    def __init__(self, name="registry", http=None, auth=None, trust=None, host="localhost"):
        self.name, self.trust = name, trust
        self.port = free_port()
        self.host = f"{host}:{self.port}"
        self.log_path = f"{WORK}/{name}.log"
        config = {"version": "0.1", "log": {"level": "warn", "accesslog": {"disabled": False}},
                  "storage": {"filesystem": {"rootdirectory": f"{WORK}/storage"},
                              "delete": {"enabled": True}},
                  "http": {"addr": f"127.0.0.1:{self.port}", **(http or {})}}
        if auth:
            config["auth"] = auth
        with open(f"{WORK}/{name}.yml", "w") as file:
            json.dump(config, file)
        self.start()

    def start(self):
        self.log = open(self.log_path, "a")
        self.process = subprocess.Popen(
            [DOCKER_REGISTRY, "serve", f"{WORK}/{self.name}.yml"], stdout=self.log, stderr=self.log)
        assert until(self.answers, 20), f"{self.name} does not start"

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def answers(self):
        try:
            return self.request("GET", "/v2/")[0] in (200, 401)
        except OSError:
            return False

    def request(self, method, path, body=None, headers={}):
        connection = (http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.trust)
                      if self.trust else
                      http.client.HTTPConnection("127.0.0.1", self.port, timeout=10))
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), data

    def blob(self, repository, data):
        status, headers, _ = self.request("POST", f"/v2/{repository}/blobs/uploads/")
        assert status == 202
        path = headers["Location"].split(self.host, 1)[-1]
        path = "/" + path.split("/", 3)[3] if path.startswith("http") else path
        path += ("&" if "?" in path else "?") + "digest=" + sha256(data)
        status, _, text = self.request("PUT", path, data, {"Content-Length": str(len(data))})
        assert status == 201, text

    def manifest(self, repository, name, document, kind):
        data = json.dumps(document).encode()
        status, _, text = self.request(
            "PUT", f"/v2/{repository}/manifests/{name}", data, {"Content-Type": kind})
        assert status == 201, text
        return sha256(data), len(data)

    def image(self, repository, name, content, kind=SCHEMA2, arch=ARCH):
        """An image of one layer with one file. Its manifest's digest and size, its config's digest."""
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as archive:
            member = tarfile.TarInfo("content")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
        layer = layer.getvalue()
        config = json.dumps({
            "architecture": arch, "os": "linux", "created": "2026-01-01T00:00:00Z",
            "config": {"Cmd": ["/content"]}, "rootfs": {"type": "layers", "diff_ids": [sha256(layer)]},
            "history": [{"created": "2026-01-01T00:00:00Z"}]}).encode()
        family = "docker" if kind == SCHEMA2 else "oci"
        types = {"docker": ("application/vnd.docker.container.image.v1+json",
                            "application/vnd.docker.image.rootfs.diff.tar"),
                 "oci": ("application/vnd.oci.image.config.v1+json",
                         "application/vnd.oci.image.layer.v1.tar")}[family]
        self.blob(repository, layer)
        self.blob(repository, config)
        # The registry wants an uploaded manifest's name to be a tag or its own digest.
        document = {
            "schemaVersion": 2, "mediaType": kind,
            "config": {"mediaType": types[0], "size": len(config), "digest": sha256(config)},
            "layers": [{"mediaType": types[1], "size": len(layer), "digest": sha256(layer)}]}
        if name is None:
            name = sha256(json.dumps(document).encode())
        digest, size = self.manifest(repository, name, document, kind)
        return digest, size, sha256(config)

    def index(self, repository, name, content):
        """An OCI index for two architectures and an attestation."""
        here = self.image(repository, None, content, OCI_MANIFEST)
        there = self.image(repository, None, content, OCI_MANIFEST, OTHER_ARCH)
        other = self.image(repository, None, content + "attestation", OCI_MANIFEST, "unknown")
        entries = [
            {"mediaType": OCI_MANIFEST, "digest": there[0], "size": there[1],
             "platform": {"os": "linux", "architecture": OTHER_ARCH}},
            {"mediaType": OCI_MANIFEST, "digest": here[0], "size": here[1],
             "platform": {"os": "linux", "architecture": ARCH}},
            {"mediaType": OCI_MANIFEST, "digest": other[0], "size": other[1],
             "platform": {"os": "unknown", "architecture": "unknown"}}]
        digest, _ = self.manifest(
            repository, name, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries},
            OCI_INDEX)
        return digest, here[0], here[2]

    def requests(self, text):
        self.log.flush()
        with open(self.log_path) as log:
            return sum(text in line for line in log)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """dockerd with nothing of the machine's: own mounts, own folders, no network set up."""

    def __init__(self):
        self.socket = f"{WORK}/engine.sock"
        self.process = None

    def start(self):
        command = (
            "mount --make-rprivate / && mount -t tmpfs none /run &&"
            " mount -t cgroup2 none /sys/fs/cgroup &&"
            " exec dockerd --iptables=false --bridge=none --storage-driver=vfs"
            f" --data-root {WORK}/data --exec-root {WORK}/exec --pidfile {WORK}/dockerd.pid"
            f" -H unix://{self.socket}")
        with open(f"{WORK}/dockerd.log", "a") as log:
            # A session of its own: containerd and all end with it.
            self.process = subprocess.Popen(
                ["unshare", "-m", "sh", "-c", command], stdout=log, stderr=log)
        return until(self.answers, 60, 0.3)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def answers(self):
        try:
            return self.call("GET", "/_ping")[0] == 200
        except OSError:
            return False

    def call(self, method, path, body=None):
        connection = UnixConnection(self.socket)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def load(self, name, content):
        """An image made here, as `docker import` does."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            member = tarfile.TarInfo("content")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content.encode()))
        repository, tag = name.rsplit(":", 1)
        connection = UnixConnection(self.socket)
        connection.request("POST", f"/images/create?fromSrc=-&repo={repository}&tag={tag}",
                           archive.getvalue(), {"Content-Type": "application/x-tar"})
        assert connection.getresponse().read()

    def push(self, name):
        repository, tag = name.rsplit(":", 1)
        connection = UnixConnection(self.socket)
        connection.request("POST", f"/images/{repository}/push?tag={tag}",
                           headers={"X-Registry-Auth": "e30="})
        data = connection.getresponse().read()
        assert b'"errorDetail"' not in data, data

    def must(self, method, path, body=None):
        status, data = self.call(method, path, body)
        assert status < 300 and b'"errorDetail"' not in data, (method, path, status, data)
        return data

    def pull(self, name):
        repository, tag = name.rsplit(":", 1)
        self.must("POST", f"/images/create?fromImage={repository}&tag={tag}")
        return json.loads(self.must("GET", f"/images/{name}/json"))["Id"]

    def tag(self, source, repository, tag):
        self.must("POST", f"/images/{source}/tag?repo={repository}&tag={tag}")

    def create(self, image, **host):
        data = self.must("POST", "/containers/create", {
            "Image": image, "Cmd": ["/content"], "HostConfig": {"NetworkMode": "none", **host}})
        return json.loads(data)["Id"]


class ImagesDriver:
    """build/images_driver: the image list, asked from outside."""

    def __init__(self, images, engine_socket, program="build/images_driver"):
        self.path = tempfile.mktemp(dir=WORK, suffix=".json")
        self.write(self.path, images)
        environment = dict(os.environ, http_proxy="http://127.0.0.1:9", no_proxy="")
        self.process = subprocess.Popen(
            [program, self.path, engine_socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=environment)
        self.lines = queue.Queue()
        self.kept = []
        threading.Thread(target=self.read, daemon=True).start()

    def write(self, path, images):
        with open(path, "w") as file:
            json.dump({"configurationFileVersion": 2, "enhancedContainerIsolation": {
                "locked": True, "value": True,
                "dockerSocketMount": {"imageList": {"images": images}}}}, file)

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def send(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def next(self, key, seconds=30):
        """The next object with this key; others are kept for who asks for them."""
        for i, line in enumerate(self.kept):
            if key in line:
                return self.kept.pop(i)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                break
            if key in line:
                return line
            self.kept.append(line)
        return {}

    def ask(self, line, key=None):
        self.send(line)
        return self.next(key or line.split()[0])

    def judge(self, image, freshness="revalidate"):
        return self.ask(f"judge {freshness} {image}")

    def status(self):
        self.send("status")
        entries = {}
        while (line := self.next("status")).get("status", "end") != "end":
            entries[line["status"]] = line
        return entries

    def refresh(self):
        """As a reload: every registry is asked now."""
        self.ask(f"replace {self.path}")

    def known(self):
        """The status when each entry was asked once."""
        until(lambda: all(e["counts"] or e["problem"] for e in self.status().values()), 20)
        return self.status()

    def close(self):
        self.process.stdin.close()
        return self.process.wait(timeout=20)
