"""A real phone in the same network can open the pages over HTTPS; the certificate looks after itself."""

import ipaddress
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from server.local_https import CERTIFICATE_DAYS, NoAddress, certificate_for, own_address

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_a_browser_that_knows_the_authority_is_content(tmp_path: Path) -> None:
    made = certificate_for(tmp_path, "127.0.0.1", datetime.now(UTC))
    server = HTTPServer(("127.0.0.1", 0), Hello)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"https://127.0.0.1:{server.server_port}/"
    try:
        trusting = ssl.create_default_context(cafile=str(made.authority))
        assert httpx.get(address, verify=trusting).text == "hello"
        with pytest.raises(httpx.ConnectError):
            httpx.get(address)
    finally:
        server.shutdown()


def test_nothing_is_made_twice_without_need(tmp_path: Path) -> None:
    before = contents(certificate_for(tmp_path, "192.168.1.20", NOW))
    assert contents(certificate_for(tmp_path, "192.168.1.20", NOW + timedelta(days=30))) == before


def test_another_network_gets_another_certificate_from_the_same_authority(tmp_path: Path) -> None:
    authority, certificate, _ = contents(certificate_for(tmp_path, "192.168.1.20", NOW))
    moved = certificate_for(tmp_path, "10.0.0.7", NOW)
    assert moved.authority.read_bytes() == authority
    assert moved.certificate.read_bytes() != certificate
    assert {ipaddress.ip_address("10.0.0.7"), ipaddress.ip_address("127.0.0.1")} <= set(addresses(moved))


def test_it_is_renewed_before_it_ends(tmp_path: Path) -> None:
    before = contents(certificate_for(tmp_path, "192.168.1.20", NOW))
    later = NOW + timedelta(days=CERTIFICATE_DAYS - 13)
    renewed = certificate_for(tmp_path, "192.168.1.20", later)
    assert contents(renewed)[0] == before[0]
    found = x509.load_pem_x509_certificate(renewed.certificate.read_bytes())
    assert found.not_valid_after_utc > later + timedelta(days=60)


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    certificate_for(tmp_path, "192.168.1.20", NOW)
    for days in range(0, 1500, 60):
        made = certificate_for(tmp_path, "192.168.1.20", NOW + timedelta(days=days))
        ends = [
            x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
            for path in (made.certificate, made.authority)
        ]
        assert ends[0] <= ends[1]


@pytest.mark.parametrize("name", ["server.pem", "server.key", "authority.pem", "authority.key"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, name: str) -> None:
    certificate_for(tmp_path, "192.168.1.20", NOW)
    (tmp_path / name).write_text("damaged")
    made = certificate_for(tmp_path, "192.168.1.20", NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)


def test_keys_are_for_nobody_else(tmp_path: Path) -> None:
    certificate_for(tmp_path, "192.168.1.20", NOW)
    for key in tmp_path.glob("*.key"):
        assert key.stat().st_mode & 0o077 == 0


def test_the_address_can_be_named() -> None:
    assert own_address(" 192.168.1.20 ") == "192.168.1.20"
    with pytest.raises(NoAddress, match="LAN_ADDRESS"):
        own_address("my-laptop")


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *arguments: object) -> None:
        pass


def contents(made) -> tuple[bytes, bytes, bytes]:
    return made.authority.read_bytes(), made.certificate.read_bytes(), made.key.read_bytes()


def addresses(made) -> list:
    found = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.IPAddress)
