"""Archives and compressed files → the files in them, without unpacking to disk; a hostile member is never opened."""

from __future__ import annotations

import posixpath
import re
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, cast

from msgspec import Struct, field
from msgspec.structs import replace

from triage.model.bundle import Document, Gap
from triage.sources.decoders import can_read, compression_of
from triage.sources.found import BROKEN, Found, Open, bytes_opener, read_up_to, shown
from triage.sources.limits import MIB, Limits
from triage.sources.streams import decompressed, slice_of
from triage.sources.zips import recovered_members

_TAR_BLOCK = 512
_SMALL_BYTES = MIB // 2
_PROBE_BYTES = 2 * MIB
"""Of a small compressed file, read to see whether it is broken: large ones are not read twice."""


class Unpacking(Struct):
    """What one load has used up and what it could not have."""

    limits: Limits
    gaps: list[Gap] = field(default_factory=list)
    kept_bytes: int = 0

    def gap(self, key: str, file: str) -> None:
        """Note once a file that could not be read to its end."""
        found = Gap(key, {"file": file})
        if found not in self.gaps:
            self.gaps.append(found)


def expand(found: Found, state: Unpacking, depth: int = 0) -> Iterator[Found | Document]:
    """The file itself when it is no archive, else its members; likewise archives inside it, as deep as allowed."""
    head = found.head(1024)
    compression = compression_of(head)
    if compression is not None:
        yield from _compressed(found, compression, state, depth)
    elif _is_tar(head):
        yield from _nested(found, _tar_members(found, found.open, state), state, depth)
    elif head[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        yield from _nested(found, _zip_members(found, state), state, depth)
    else:
        yield found


def _compressed(found: Found, compression: str, state: Unpacking, depth: int) -> Iterator[Found | Document]:
    if not can_read(compression):
        state.gap("gap.no-zstd", found.file)
        yield found.ignored("ignored.no-zstd")
        return
    opener = decompressed(found.open, compression, state.limits)
    path = _without_ending(found.layout_path)
    inner = replace(found, open=opener, size_bytes=None, stored_bytes=found.size_bytes, layout_path=path)
    head = inner.head(1024)
    if _is_tar(head):
        yield from _nested(inner, _tar_members(inner, opener, state), state, depth)
        return
    if (found.size_bytes or 0) <= _SMALL_BYTES:
        note_end(inner, state, _PROBE_BYTES)
    if compression_of(head) is not None:
        yield from _inside(inner, state, depth + 1)
    else:
        yield inner


def _without_ending(name: str) -> str:
    return re.sub(r"\.(?:gz|bz2|xz|zst|zstd|tgz)$", "", name, flags=re.IGNORECASE)


def note_end(found: Found, state: Unpacking, n_bytes: int) -> None:
    """A gap when a compressed file is broken in its first bytes; of a large log, who reads it to its end will tell."""
    try:
        with found.open() as stream:
            read_up_to(stream, n_bytes)
            reason = getattr(stream, "broken", None)
    except BROKEN:
        reason = "gap.archive-broken"
    if reason:
        state.gap(reason, found.file)


def _nested(
    outer: Found, members: Iterator[Found | Document], state: Unpacking, depth: int
) -> Iterator[Found | Document]:
    if depth >= state.limits.max_nesting:
        yield outer.ignored("ignored.nested-too-deep")
        return
    seen: set[str] = set()
    total = 0
    for number, member in enumerate(members):
        if number >= state.limits.max_files or total > state.limits.max_total_bytes:
            state.gap("gap.archive-limit", outer.file)
            return
        total += member.size_bytes or 0
        key = unicodedata.normalize("NFC", member.name).casefold()
        if isinstance(member, Found) and key in seen:
            state.gap("gap.archive-duplicate", member.file)
            yield member.ignored("ignored.duplicate")
            continue
        seen.add(key)
        if isinstance(member, Document):
            yield member
        else:
            yield from _inside(member, state, depth + 1)


def _inside(member: Found, state: Unpacking, depth: int) -> Iterator[Found | Document]:
    if depth > state.limits.max_nesting and compression_of(member.head(8)) is not None:
        yield member.ignored("ignored.nested-too-deep")
        return
    yield from expand(member, state, depth)


def _member(outer: Found, name: str, opener: Open, size: int | None) -> Found:
    clean = posixpath.normpath(name.replace("\\", "/")) if name else "?"
    return Found(
        name=f"{outer.name}!{clean}", file=f"{outer.file}!{clean}", open=opener, size_bytes=size, layout_path=clean
    )  # fmt: skip


def refused(name: str) -> str | None:
    r"""Why a member's name is refused: it points outside of its archive. None when it is an honest one.

    >>> refused("/etc/passwd"), refused("a/../../b"), refused("C:\\x"), refused("logs/a.log")
    ('ignored.absolute-path', 'ignored.parent-path', 'ignored.absolute-path', None)
    """
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[\\/]", name):
        return "ignored.absolute-path"
    return "ignored.parent-path" if ".." in re.split(r"[\\/]", name) else None


def _is_tar(head: bytes) -> bool:
    """A tar's first header: its magic, or for old tars a right checksum."""
    if len(head) < _TAR_BLOCK:
        return False
    if head[257:262] == b"ustar":
        return True
    try:
        tarfile.TarInfo.frombuf(head[:_TAR_BLOCK], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _tar_members(outer: Found, opener: Open, state: Unpacking) -> Iterator[Found | Document]:
    """Members in their order; a broken archive gives those before the break."""
    raw = opener()
    reason: str | None = None
    try:
        with tarfile.open(fileobj=raw, mode="r|", errorlevel=0, encoding="utf-8") as tar:
            yield from _read_tar(outer, opener, tar, state)
        read_up_to(raw, _PROBE_BYTES)  # what stands behind the archive: zeros, or something that is damaged
    except (tarfile.TarError, *BROKEN):
        reason = "gap.archive-broken"
    finally:
        raw.close()
    reason = getattr(raw, "broken", None) or reason
    if reason:
        state.gap(reason, outer.file)


def _read_tar(outer: Found, opener: Open, tar: tarfile.TarFile, state: Unpacking) -> Iterator[Found | Document]:
    while (info := tar.next()) is not None:
        tar.members = []  # type: ignore[attr-defined]  # a stream needs no index; millions of members would fill the memory
        name = shown(info.name)
        if info.isdir():
            continue
        member = _member(outer, name, slice_of(opener, info.offset_data, info.size), info.size)
        why = refused(info.name) or _no_plain_file(info)
        if why is not None:
            state.gap("gap.member-refused", member.file)
            yield member.ignored(why)
            continue
        if info.size > state.limits.max_member_bytes:
            state.gap("gap.archive-limit", member.file)
            yield member.ignored("ignored.too-large")
            continue
        yield _kept(member, tar, info, state)


def _no_plain_file(info: tarfile.TarInfo) -> str | None:
    if info.issym() or info.islnk():
        return "ignored.link"
    if info.issparse():
        return "ignored.sparse-file"
    return None if info.isreg() else "ignored.special-file"


def _kept(member: Found, tar: tarfile.TarFile, info: tarfile.TarInfo, state: Unpacking) -> Found:
    """Small members stay in memory: looking one up again in a compressed archive means to decompress all before it."""
    limits = state.limits
    if info.size > limits.kept_member_bytes or state.kept_bytes + info.size > limits.kept_total_bytes:
        return member
    try:
        stream = tar.extractfile(info)
        content = read_up_to(cast(BinaryIO, stream), info.size) if stream is not None else b""
    except tarfile.TarError:
        content = b""
    if len(content) < info.size:
        with member.open() as again:  # tarfile gives nothing of a member that is cut; the bytes are there
            content = read_up_to(again, info.size)
        state.gap("gap.archive-broken", member.file)
    state.kept_bytes += len(content)
    return replace(member, open=bytes_opener(content), size_bytes=len(content))


def _zip_members(outer: Found, state: Unpacking) -> Iterator[Found | Document]:
    try:
        with outer.open() as raw, zipfile.ZipFile(_seekable(raw, state.limits)) as archive:
            infos = archive.infolist()
            if len(infos) > state.limits.max_files:
                state.gap("gap.archive-limit", outer.file)
            for info in infos[: state.limits.max_files]:
                if not info.is_dir():
                    yield from _zip_member(outer, info, state)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, *BROKEN):
        state.gap("gap.archive-broken", outer.file)
        with outer.open() as raw:
            for name, content in recovered_members(read_up_to(raw, state.limits.max_text_bytes), state.limits):
                why = refused(name)
                member = _member(outer, shown(name), bytes_opener(content), len(content))
                yield member.ignored(why) if why else member


def _zip_member(outer: Found, info: zipfile.ZipInfo, state: Unpacking) -> Iterator[Found | Document]:
    member = _member(outer, shown(info.filename), _zip_opener(outer, info, state.limits), info.file_size)
    is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
    why = refused(info.orig_filename) or (
        "ignored.link" if is_link else "ignored.encrypted" if info.flag_bits & 1 else None
    )
    if why is None and info.file_size > state.limits.max_member_bytes:
        why = "ignored.too-large"
    if why is None and info.file_size > state.limits.ratio_free_bytes:
        why = "ignored.too-large" if info.file_size > state.limits.max_ratio * max(1, info.compress_size) else None
    if why is not None:
        state.gap("gap.member-refused" if why != "ignored.too-large" else "gap.archive-limit", member.file)
        yield member.ignored(why)
        return
    yield member


def _zip_opener(outer: Found, info: zipfile.ZipInfo, limits: Limits) -> Open:
    return partial(_open_zipped, outer.open, info, limits)


def _open_zipped(open_raw: Open, info: zipfile.ZipInfo, limits: Limits) -> BinaryIO:
    archive = zipfile.ZipFile(_seekable(open_raw(), limits))
    return archive.open(info)  # type: ignore[return-value]


def _seekable(raw: BinaryIO, limits: Limits) -> BinaryIO:
    """Zip needs its directory at the end: streams inside other archives are taken into memory."""
    if raw.seekable():
        return raw
    return bytes_opener(read_up_to(raw, limits.kept_total_bytes))()
