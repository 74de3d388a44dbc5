"""Certificates for relays of tests, made by openssl."""

import shutil
import ssl
import subprocess
import unittest

# A certificate is dated by `openssl ca`, which wants a settings file; `x509` of older versions cannot set both dates.
SETTINGS = """\
[ca]
default_ca = tests
[tests]
dir = .
new_certs_dir = .
database = index
serial = serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
CN = nobody
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[relay]
basicConstraints = CA:false
subjectAltName = IP:127.0.0.1, DNS:localhost
extendedKeyUsage = serverAuth
"""


class Authority:
    """A certificate authority in a folder of its own; `file` is its certificate."""

    def __init__(self, folder):
        if not shutil.which("openssl"):
            raise unittest.SkipTest("openssl is missing")
        self.folder = folder
        folder.mkdir()
        (folder / "settings").write_text(SETTINGS)
        (folder / "index").write_text("")
        (folder / "serial").write_text("1000\n")
        self._openssl(
            "req", "-x509", "-config", "settings", "-extensions", "authority", "-newkey", "rsa:2048", "-nodes", "-days",
            "30", "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem",
        )
        self.file = folder / "ca.pem"

    def server_context(self, name, start="20240101000000Z", end="20491231000000Z"):
        """What a server at 127.0.0.1 needs, with a certificate valid from `start` to `end`."""
        self._openssl(
            "req", "-config", "settings", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout",
            f"{name}.key", "-out", f"{name}.csr",
        )
        self._openssl(
            "ca", "-config", "settings", "-batch", "-notext", "-extensions", "relay", "-cert", "ca.pem", "-keyfile",
            "ca.key", "-startdate", start, "-enddate", end, "-in", f"{name}.csr", "-out", f"{name}.pem",
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context

    def _openssl(self, *words):
        result = subprocess.run(
            ["openssl", *words], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )
        if result.returncode:
            raise AssertionError(f"openssl {words[0]} failed:\n{result.stderr}")
