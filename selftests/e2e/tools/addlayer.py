#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes an image out of another one by its archive alone, as buildpacks and attackers do.

usage: addlayer.py above|squashed|renamed IN.tar OUT.tar NAME

IN.tar is what `docker save` wrote, of one image. above: the same with one layer more, under NAME;
squashed: its first layer and one that holds the others and more; renamed: the same image under NAME,
whatever NAME is (docker refuses some names, and this is how to find out).
"""
import hashlib, io, json, sys, tarfile


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def layer_of(*archives):
    """One layer: the files of the archives, and one of its own."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as layer:
        for archive in archives:
            with tarfile.open(fileobj=io.BytesIO(archive)) as below:
                for member in below:
                    layer.addfile(member, below.extractfile(member) if member.isfile() else None)
        info = tarfile.TarInfo("made-by-hand")
        info.size = 1
        layer.addfile(info, io.BytesIO(b"x"))
    return out.getvalue()


def main(how, source, target, name):
    with tarfile.open(source) as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}
        links = {m.name: m.linkname for m in archive if m.issym()}
    manifest = json.loads(files["manifest.json"])[0]
    config = json.loads(files[manifest["Config"]])
    layers = [files[l] if l in files else files[l.split("/")[0] + "/" + links[l]]
              for l in manifest["Layers"]]
    if how == "above":
        layers.append(layer_of())
    elif how == "squashed":
        layers = [layers[0], layer_of(*layers[1:])]
    config["rootfs"]["diff_ids"] = ["sha256:" + sha256(l) for l in layers]
    if how != "renamed":
        config.pop("history", None)
    written = json.dumps(config).encode() if how != "renamed" else files[manifest["Config"]]
    entries = {sha256(written) + ".json": written}
    names = []
    for layer in layers:
        names.append(sha256(layer) + "/layer.tar")
        entries[names[-1]] = layer
    entries["manifest.json"] = json.dumps(
        [{"Config": sha256(written) + ".json", "RepoTags": [name], "Layers": names}]).encode()
    with tarfile.open(target, "w") as archive:
        for path, data in entries.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in ("above", "squashed", "renamed"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
