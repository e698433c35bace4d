"""Certificates for one run, made on the spot: right ones and wrong ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)


class Authority:
    """A certificate authority that lives for one run."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.pem = _pem(self._sign(self._name, self._key, [], authority=True))

    def issue(self, folder: Path, names: Sequence[str], *, expired: bool = False) -> tuple[Path, Path]:
        """Certificate and key files for these DNS names or addresses; `expired` since yesterday."""
        return self._files(folder, [x509.NameAttribute(NameOID.COMMON_NAME, names[0])], names, expired=expired)

    def admit(self, folder: Path, user: str, group: str) -> tuple[Path, Path]:
        """Certificate and key files by which a user of a group shows who it is."""
        attributes = (NameOID.COMMON_NAME, user), (NameOID.ORGANIZATION_NAME, group)
        return self._files(folder, [x509.NameAttribute(*attribute) for attribute in attributes], [])

    def _files(
        self, folder: Path, subject: list[x509.NameAttribute[str]], names: Sequence[str], *, expired: bool = False
    ) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(x509.Name(subject), key, names, expired=expired)
        stem = str(subject[0].value)
        chain, secret = folder / f"{stem}.crt", folder / f"{stem}.key"
        chain.write_bytes(_pem(certificate))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return chain, secret

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: Sequence[str],
        *,
        authority: bool = False,
        expired: bool = False,
    ) -> x509.Certificate:
        end = dt.datetime.now(dt.UTC) + (-_DAY if expired else _DAY)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - 30 * _DAY)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    if name.replace(".", "").isdigit():
        return x509.IPAddress(ip_address(name))
    return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
