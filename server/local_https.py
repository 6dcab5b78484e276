"""HTTPS on the machine's own address, for `make run LAN=1`: a small local authority and a certificate from it.

Only for trying things out with a real phone in the same network. The phone will warn, because nobody but
this machine vouches for the certificate.
"""

import ipaddress
import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3 * 365
CERTIFICATE_DAYS = 90
RENEW_DAYS = 14  # before the end


class NoAddress(Exception):
    """This machine has no address that a phone could reach."""


@dataclass(frozen=True)
class LocalCertificate:
    """Paths of the authority's certificate, of the server's certificate, and of its key."""

    authority: Path
    certificate: Path
    key: Path


def own_address(wanted: str | None = None) -> str:
    """The address that a phone in the same network can reach; `wanted` overrides. No packet is sent."""
    if wanted:
        try:
            return str(ipaddress.ip_address(wanted.strip()))
        except ValueError:
            raise NoAddress(f"LAN_ADDRESS 不是一个 IP 地址：{wanted}") from None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # connecting a datagram socket only chooses the interface
            address = str(probe.getsockname()[0])
        except OSError:
            address = "0.0.0.0"
    found = ipaddress.ip_address(address)
    if found.is_loopback or found.is_unspecified:
        raise NoAddress("这台机器没有连上局域网：连上 Wi-Fi 或网线，或用 LAN_ADDRESS=地址 指定")
    return address


def certificate_for(folder: Path, address: str, now: datetime) -> LocalCertificate:
    """The certificate for this address and for loopback; made or renewed only when it has to be.

    The authority stays the same while it is valid, so that a phone which has been told to trust it goes on.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = LocalCertificate(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    authority_key = folder / "authority.key"
    if not _good(made.authority, authority_key, now, days=CERTIFICATE_DAYS + RENEW_DAYS):
        _make_authority(made.authority, authority_key, now)
        made.certificate.unlink(missing_ok=True)
    if not _good(made.certificate, made.key, now, days=RENEW_DAYS, address=address):
        _make_certificate(made, authority_key, address, now)
    return made


def _good(certificate: Path, key: Path, now: datetime, days: int, address: str | None = None) -> bool:
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError):
        return False
    if private.public_key() != found.public_key() or found.not_valid_before_utc > now:
        return False
    if found.not_valid_after_utc - now < timedelta(days=days):
        return False
    if address is None:
        return True
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return ipaddress.ip_address(address) in names.get_values_for_type(x509.IPAddress)


def _make_authority(certificate: Path, key: Path, now: datetime) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "心桥试用（仅本机签发）")])
    signed = (
        _builder(name, name, private.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    _write_key(key, private)
    _write(certificate, signed.public_bytes(serialization.Encoding.PEM))


def _make_certificate(made: LocalCertificate, authority_key: Path, address: str, now: datetime) -> None:
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    signer = serialization.load_pem_private_key(authority_key.read_bytes(), password=None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    private = ec.generate_private_key(ec.SECP256R1())
    addresses = dict.fromkeys(ipaddress.ip_address(text) for text in (address, "127.0.0.1", "::1"))
    names: list[x509.GeneralName] = [x509.IPAddress(one) for one in addresses]
    signed = (
        _builder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)]),
            authority.subject,
            private.public_key(),
            now,
            CERTIFICATE_DAYS,
        )
        .add_extension(x509.SubjectAlternativeName([*names, x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    _write_key(made.key, private)
    pem = serialization.Encoding.PEM
    _write(made.certificate, signed.public_bytes(pem) + authority.public_bytes(pem))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # a phone's clock may be a little behind
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    _write(
        path,
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
