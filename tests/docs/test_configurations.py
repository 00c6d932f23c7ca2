from __future__ import annotations

import pytest

from exporter import config
from exporter.errors import UsageError
from tests.docs.markdown import DOCS, PAGES, Block, blocks

PAGE = DOCS / "configuration.md"

CONFIGURATIONS = [
    block for page in PAGES for block in blocks(page) if block.title == "modeltail.yml"
]


@pytest.mark.parametrize("block", CONFIGURATIONS, ids=str)
def test_configurations_are_valid(block: Block) -> None:
    """Every configuration file of the documentation is accepted as it stands."""
    config.parse(block.text, str(block))


def test_the_documentation_shows_configurations() -> None:
    """The README and the page about the configuration both show one."""
    assert {"README.md", "docs/configuration.md"} <= {block.page for block in CONFIGURATIONS}


def test_the_refusal_that_is_shown_is_real() -> None:
    """The page shows, word for word, what a typo is answered with."""
    text = "models:\n  - name: m\n    paths: [log]\n    treshold: {min_accuracy: 0.8}\n"
    with pytest.raises(UsageError) as refused:
        config.parse(text, "modeltail.yml")
    assert f"modeltail: {refused.value}\n" in [block.text for block in blocks(PAGE)]
