"""The configuration is shown as it was written, and no secret with it."""

from __future__ import annotations

import yaml

from exporter.config import Configuration
from exporter.status.in_force import in_force


def shown(**sections):
    """Return what is shown of a configuration."""
    models = [{"name": "bot", "paths": ["bot.log"]}]
    return in_force(Configuration.model_validate({"models": models, **sections}))


def test_what_was_configured():
    """Defaults are left out, and it is YAML."""
    text = shown(rotate_wait="10s")
    content = yaml.safe_load(text)
    assert content["models"] == [{"name": "bot", "paths": ["bot.log"]}]
    assert content.keys() == {"models", "rotate_wait"}


def test_addresses_without_a_query():
    """It may hold a token; user and password can't be configured."""
    url = "https://example.com:8443/status?token=s3cret#top"
    text = shown(dependencies=[{"name": "api", "url": url}])
    assert "https://example.com:8443/status?hidden\n" in text
