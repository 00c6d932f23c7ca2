"""TLS of the server, as the web configuration has it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from exporter.errors import UsageError
from exporter.web_config.settings import CIPHER_SUITES, CURVES, TlsServer

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_ASKS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


def context(settings: TlsServer, name: str) -> ssl.SSLContext:
    """Return what connections are made with; `name` stands for the file in errors.

    Raises
    ------
    UsageError
        If a certificate or key can't be read, or they do not belong together.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        made.minimum_version = _VERSIONS[settings.min_version]
        made.maximum_version = _VERSIONS[settings.max_version]
        if settings.cipher_suites:
            made.set_ciphers(":".join(CIPHER_SUITES[one] for one in settings.cipher_suites))
        for curve in settings.curve_preferences:
            made.set_ecdh_curve(CURVES[curve])
        if settings.prefer_server_cipher_suites:
            made.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
        made.load_cert_chain(settings.cert_file, settings.key_file, password=_no_password)
        if settings.client_ca_file is not None:
            made.load_verify_locations(settings.client_ca_file)
        made.verify_mode = _ASKS[settings.client_auth_type]
    except (OSError, ValueError) as error:
        named = ", ".join(map(str, settings.files.values()))
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{name}: tls_server_config: {named}: {reason}") from error
    return made


def _no_password() -> str:
    # Else OpenSSL asks for it on the terminal.
    raise ValueError("the key is protected by a password, which can't be configured")


def is_allowed(certificate: dict[str, Any] | None, allowed: tuple[str, ...]) -> bool:
    """Return whether a client may connect: one of its alternative names is among those allowed.

    Parameters
    ----------
    certificate
        As :meth:`ssl.SSLSocket.getpeercert` has it; absent where there is none.
    """
    if not allowed:
        return True
    names = (certificate or {}).get("subjectAltName", ())
    return any(name in allowed for _, name in names)


class Switching(ssl.SSLContext):
    """Makes each connection with the context that is in force when it comes."""

    current: Callable[[], ssl.SSLContext]

    @classmethod
    def to(cls, current: Callable[[], ssl.SSLContext]) -> Switching:
        """Return one that asks `current` each time."""
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        made.current = current
        return made

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """Begin the TLS of a connection."""
        return self.current().wrap_bio(*arguments, **options)
