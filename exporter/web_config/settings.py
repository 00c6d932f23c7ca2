"""The web configuration: TLS, users, headers and rate limit, in the format of exporter-toolkit.

The format is Prometheus' own (https://github.com/prometheus/exporter-toolkit,
docs/web-configuration.md), so that one file serves all exporters of a host. What Python's TLS can't
do is refused rather than passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from exporter.config.quantities import duration_seconds
from exporter.config.section import Section

VERSIONS = ("TLS10", "TLS11", "TLS12", "TLS13")
CLIENT_AUTH = ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
HEADERS: Mapping[str, str] = {
    "Strict-Transport-Security": ".*",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "(?i:deny|sameorigin)",
    "X-XSS-Protection": ".*",
    "Content-Security-Policy": ".*",
}
"""Headers that may be set, and what they may be."""
CIPHER_SUITES: Mapping[str, str] = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305": "ECDHE-RSA-CHACHA20-POLY1305",
}
"""Go's names of suites of TLS 1.2, and OpenSSL's; those of TLS 1.3 can't be chosen in either."""
CURVES: Mapping[str, str] = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}
# What `htpasswd -B` and others write: version, cost of 4 to 31, and 53 characters.
_BCRYPT = re.compile(r"\$2[abxy]?\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")


def _known_suite(value: str) -> str:
    if value not in CIPHER_SUITES:
        raise ValueError(f"{value!r} can't be chosen; expected one of {', '.join(CIPHER_SUITES)}")
    return value


class TlsServer(Section):
    """Certificates, and what is asked of clients."""

    cert_file: Path = Field(strict=False)
    key_file: Path = Field(strict=False)
    client_ca_file: Path | None = Field(default=None, strict=False)
    client_auth_type: Literal[CLIENT_AUTH] = "NoClientCert"  # type: ignore[valid-type]
    client_allowed_sans: tuple[str, ...] = Field(default=(), strict=False)
    min_version: Literal[VERSIONS] = "TLS12"  # type: ignore[valid-type]
    max_version: Literal[VERSIONS] = "TLS13"  # type: ignore[valid-type]
    cipher_suites: tuple[Annotated[str, AfterValidator(_known_suite)], ...] = Field(
        default=(), strict=False
    )
    prefer_server_cipher_suites: bool = True
    curve_preferences: tuple[Literal[tuple(CURVES)], ...] = Field(  # type: ignore[valid-type]
        default=(), strict=False, max_length=1
    )

    @property
    def files(self) -> dict[str, Path]:
        """Return the files that are named, by their key."""
        every = {
            "cert_file": self.cert_file,
            "key_file": self.key_file,
            "client_ca_file": self.client_ca_file,
        }
        return {key: file for key, file in every.items() if file is not None}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if VERSIONS.index(self.min_version) > VERSIONS.index(self.max_version):
            raise ValueError(f"min_version {self.min_version} is above {self.max_version}")
        asks = self.client_auth_type != "NoClientCert"
        if asks and self.client_ca_file is None:
            raise ValueError(f"client_auth_type: {self.client_auth_type} needs a client_ca_file")
        if not asks and (self.client_ca_file is not None or self.client_allowed_sans):
            raise ValueError("client_auth_type is NoClientCert: no client would be asked for one")
        return self


class HttpServer(Section):
    """What goes with every answer. HTTP/2 is not spoken, whatever `http2` says."""

    http2: bool = True
    headers: dict[str, str] = Field(default_factory=dict)

    @field_validator("headers")
    @classmethod
    def _allowed(cls, value: dict[str, str]) -> dict[str, str]:
        for name, content in value.items():
            if name not in HEADERS:
                raise ValueError(f"{name!r} can't be set; expected one of {', '.join(HEADERS)}")
            if not re.fullmatch(HEADERS[name], content) or not content.isprintable():
                raise ValueError(f"{name}: {content!r} is no value of it")
        return value


class RateLimit(Section):
    """How many requests are answered: one an `interval`, after a burst."""

    interval: Annotated[float, BeforeValidator(duration_seconds)]
    burst: Annotated[int, Field(ge=1)]


class WebConfig(Section):
    """The whole file; all parts are optional."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: dict[str, str] = Field(default_factory=dict)
    rate_limit: RateLimit | None = None

    @field_validator("basic_auth_users")
    @classmethod
    def _hashed(cls, value: dict[str, str]) -> dict[str, str]:
        for user, hashed in value.items():
            if ":" in user:
                raise ValueError(f"{user!r}: a user's name has no colon")
            if not _BCRYPT.fullmatch(hashed):
                # Not quoted: it may be the password itself.
                raise ValueError(
                    f"{user}: expected a bcrypt hash, as htpasswd -nBC 12 {user} writes"
                )
        return value
