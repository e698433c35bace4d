"""The programs of the cluster, as released, and the images of its pods: made once, kept outside the tree."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import shutil
import tarfile
from pathlib import Path

from tests.lab import binaries, box

PARTS = Path(__file__).parent / "parts"
_PACKAGES = (
    *(f"k8s.io/kubernetes/cmd/{name}" for name in ("kube-apiserver", "kubelet", "kubectl")),
    "sigs.k8s.io/kwok/cmd/kwok",
    "./etcd",
    "./pause",
)
NAMES = tuple(package.rpartition("/")[2] for package in _PACKAGES)
PLUGINS = Path("/usr/lib/cni")
"""Where Debian puts the programs that give pods their network."""
PAUSE, COREDNS, OLD_COREDNS = "lab.test/pause:1", "lab.test/coredns:1", "lab.test/coredns-old:1"
"""Names of the images; the old CoreDNS says what the new one keeps to itself: why the API server cannot be reached."""
_TOOLS = ("containerd", "containerd-shim-runc-v2", "runc", "ctr")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_OCI = "application/vnd.oci.image."


def version() -> str:
    """The release of Kubernetes, as go.mod has it.

    >>> version().startswith("1.")
    True
    """
    found = re.search(r"k8s\.io/kubernetes v(\S+)", (PARTS / "go.mod").read_text(encoding="utf-8"))
    assert found
    return found[1]


def folder() -> Path:
    """Where the programs are: another place for other sources."""
    sources = [PARTS / "go.mod", PARTS / "go.sum", *sorted(PARTS.glob("*/*.go"))]
    key = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    return binaries.cache_folder() / "cluster" / key


def missing() -> list[str]:
    """What this machine lacks for the cluster, in words; empty when it can run."""
    lacks = [tool for tool in _TOOLS if shutil.which(tool) is None]
    lacks += [] if (PLUGINS / "bridge").exists() else ["network plugins (containernetworking-plugins)"]
    wanted = [*map(binaries.path_of, binaries.VERSIONS), *(folder() / name for name in NAMES)]
    built = all(program.exists() for program in wanted)
    return box.missing() + lacks + ([] if built or shutil.which("go") else ["Go, to build Kubernetes"])


def build() -> Path:
    """The folder of the programs and images; Go runs only if one is missing (about 10 CPU minutes)."""
    target, release = folder(), version()
    component, (major, minor, _) = "k8s.io/component-base/version", release.split(".")
    values = {"gitVersion": f"v{release}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    flags = " ".join(["-s -w", *(f"-X {component}.{key}={value}" for key, value in values.items())])
    command = ["go", "build", "-trimpath", "-ldflags", flags, "-o", f"{target / 'fresh'}/", *_PACKAGES]
    binaries.compile_once(target, NAMES, command, PARTS)
    _image(target / "pause.tar", PAUSE, target / "pause", "/pause")
    _image(target / "coredns.tar", COREDNS, binaries.build(binaries.NEW), "/coredns")
    _image(target / "coredns-old.tar", OLD_COREDNS, binaries.build(binaries.OLD), "/coredns")
    return target


def _image(target: Path, name: str, program: Path, entry: str) -> None:
    """An OCI image of one static program."""
    if target.exists():
        return
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        _put(tar, entry.lstrip("/"), program.read_bytes(), mode=0o755)
    blobs: dict[str, bytes] = {}

    def blob(kind: str, data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": _OCI + kind, "digest": f"sha256:{digest}", "size": len(data)}

    content = blob("layer.v1.tar", layer.getvalue())
    config = {"architecture": _ARCHITECTURES[platform.machine()], "os": "linux", "config": {"Entrypoint": [entry]}}
    config["rootfs"] = {"type": "layers", "diff_ids": [str(content["digest"])]}
    manifest = {"schemaVersion": 2, "mediaType": f"{_OCI}manifest.v1+json", "layers": [content]}
    manifest["config"] = blob("config.v1+json", json.dumps(config).encode())
    entry_point = blob("manifest.v1+json", json.dumps(manifest).encode())
    index = {"schemaVersion": 2, "manifests": [entry_point | {"annotations": {"io.containerd.image.name": name}}]}
    fresh = target.with_suffix(f".{os.getpid()}")
    with tarfile.open(fresh, "w") as tar:
        _put(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        for path, data in {"index.json": json.dumps(index).encode(), **blobs}.items():
            _put(tar, path, data)
    fresh.replace(target)


def _put(tar: tarfile.TarFile, path: str, data: bytes, *, mode: int = 0o644) -> None:
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(data), mode
    tar.addfile(info, io.BytesIO(data))
