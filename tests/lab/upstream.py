"""A name server whose behaviour is a word: it runs as a process in the namespace of the upstreams.

    python -m tests.lab.upstream '{"10.196.17.210": {"mode": "answer"}}'

It prints `ready` when it listens; a line of the same JSON on its standard input changes modes. `mode` is one of
answer · slow SECONDS · rcode NAME · silent · truncated · big BYTES; `tcp` is serve · reset · silent.
`by_source` (CIDR to mode) and `by_zone` (zone to mode) make exceptions; `silent_to` (a type) is never answered.
`tls` {certificate, key} serves DNS over TLS on 853; with `tls: "silent"` it accepts there and never answers.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import sys
from ipaddress import ip_address, ip_network
from typing import Any, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Spec = dict[str, Any]
_TTL = 5
_RST = struct.pack("ii", 1, 0)
ABSENT = "absent."
"""Names with this label do not exist anywhere."""


class Server:
    """All addresses of one process."""

    def __init__(self, specs: dict[str, Spec]) -> None:
        self.specs = specs

    def mode_of(self, address: str, source: str, name: str) -> list[str]:
        """The words that say how to answer this source about this name."""
        spec = self.specs[address]
        for cidr, mode in spec.get("by_source", {}).items():
            if ip_address(source) in ip_network(cidr):
                return str(mode).split()
        for zone, mode in spec.get("by_zone", {}).items():
            if f".{name}".endswith(f".{zone}"):
                return str(mode).split()
        return str(spec.get("mode", "answer")).split()

    def answer(self, wire: bytes, address: str, source: str, *, udp: bool) -> tuple[float, bytes | None]:
        """Seconds to wait and the answer; None for silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text().lower()
        word, *rest = self.mode_of(address, source, name)
        if word == "silent" or dns.rdatatype.to_text(question.rdtype) == self.specs[address].get("silent_to"):
            return 0.0, None
        reply = dns.message.make_response(query, recursion_available=True)
        if word == "rcode" and question.rdtype != dns.rdatatype.NS:  # the health check `. NS` is answered anyway
            reply.set_rcode(dns.rcode.from_text(rest[0]))
            return 0.0, reply.to_wire()
        if word == "truncated" and udp and question.rdtype == dns.rdatatype.TXT:
            reply.flags |= dns.flags.TC
            return 0.0, reply.to_wire()
        _fill(reply, question, name, int(rest[0]) if word == "big" else 2000 if word == "truncated" else 60)
        probe = question.rdtype == dns.rdatatype.NS
        # `big` ignores the size that the client allows, as a broken server does
        wire = reply.to_wire(max_size=65535)
        return (float(rest[0]) if word == "slow" and not probe else 0.0), wire

    async def tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; several questions may come on it."""
        address = writer.get_extra_info("sockname")[0]
        source = writer.get_extra_info("peername")[0]
        how = self.specs[address].get("tcp", "serve")
        try:
            if how == "reset":
                await reader.read(2)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
                writer.transport.abort()
                return
            while True:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
                wait, wire = self.answer(await reader.readexactly(size), address, source, udp=False)
                await asyncio.sleep(wait)
                if wire is not None:
                    writer.write(struct.pack("!H", len(wire)) + wire)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class Udp(asyncio.DatagramProtocol):
    """One UDP address."""

    def __init__(self, server: Server, address: str) -> None:
        self.server, self.address = server, address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        wait, wire = self.server.answer(data, self.address, addr[0], udp=True)
        if wire is not None:
            asyncio.get_running_loop().call_later(wait, self.transport.sendto, wire, addr)


def _fill(reply: dns.message.Message, question: dns.rrset.RRset, name: str, size: int) -> None:
    kind = dns.rdatatype.to_text(question.rdtype)
    data = {"A": "192.0.2.80", "AAAA": "2001:db8::80", "NS": "ns1.example.net."}.get(kind)
    if kind == "TXT":
        data = " ".join(f'"{"x" * 200}"' for _ in range(max(1, size // 200)))
    if data is None or ABSENT in name:
        if kind not in ("A", "AAAA", "TXT", "NS") or ABSENT in name:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        soa = "ns1.example.net. admin.example.net. 1 3600 600 86400 1"
        reply.authority.append(dns.rrset.from_text(".", _TTL, "IN", "SOA", soa))
        return
    reply.answer.append(dns.rrset.from_text(question.name, _TTL, "IN", kind, data))


async def _ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass


async def serve(specs: dict[str, Spec]) -> None:
    """Listen on every address until standard input closes."""
    loop = asyncio.get_running_loop()
    server = Server(specs)
    for address, spec in specs.items():
        port = int(spec.get("port", 53))
        await loop.create_datagram_endpoint(lambda a=address: Udp(server, a), local_addr=(address, port))  # type: ignore[misc]
        await asyncio.start_server(server.tcp, address, port, backlog=500)
        tls = spec.get("tls")
        if tls == "silent":
            await asyncio.start_server(_ignore, address, 853)
        elif tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls["certificate"], tls["key"])
            await asyncio.start_server(server.tcp, address, 853, ssl=context)
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        for address, spec in json.loads(line).items():
            server.specs[address].update(spec)


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
