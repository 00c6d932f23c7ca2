"""The status page in a browser: what it shows, what it lets nobody do, and who can use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from exporter.cli import execute
from exporter.commands.streams import Streams
from tests.commands.exporter_process import ExporterProcess, configure, running, wait_until
from tests.tailing.following import append

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("browser")]

HOSTILE = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
RIGHT_TO_LEFT = "\u202egnp.exe"


def record(number: int, **fields: object) -> str:
    """Return a prediction that is right four times of five."""
    content = {
        "prediction": "spam" if number % 2 else HOSTILE,
        "true_label": "spam" if number % 2 or number % 5 else "ham",
        "model_version": HOSTILE,
        "confidence": 0.5 + number % 50 / 100,
        "latency_ms": 10 + number % 7,
        "features": {"age": number % 90, f"plan{HOSTILE}": HOSTILE},
        **fields,
    }
    return json.dumps(content) + "\n"


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExporterProcess]:
    """Run one over logs whose every part tries to be more than text."""
    folder = tmp_path_factory.mktemp("status")
    append(folder / "reference.jsonl", "".join(record(number) for number in range(1000)))
    syslog = {"name": "hosts", "paths": [str(folder / "syslog")], "reference_alpha": 0.05}
    model = {
        "name": "bot",
        "paths": [str(folder / "app.log*")],
        "thresholds": {"min_accuracy": 0.99},
        "rules": {"fields": {"features.age": {"max": 80}}},
    }
    sections = {"models": [model], "syslog": [syslog], "privacy": {"show_values": True}}
    config = configure(folder, **sections)
    reference = folder / "bot.ref"
    build = ["reference", "build", "--config.file", str(config), "--model", "bot", "-o"]
    execute([*build, str(reference), str(folder / "reference.jsonl")], Streams.standard())
    model["drift"] = {"reference": str(reference), "min_samples": 50}
    config = configure(folder, **sections)
    append(folder / "app.log", "".join(record(number) for number in range(400)))
    append(folder / "app.log", f"{HOSTILE}{RIGHT_TO_LEFT}\n")
    usual = "".join(
        f"Nov 22 {12 + number // 1800:02d}:{number // 30 % 60:02d}:{2 * number % 60:02d} h1 "
        f"cron[{number}]: job {'began' if number % 2 else 'ended'}\n"
        for number in range(4000)
    )
    append(folder / "syslog", f"{usual}Nov 22 14:30:00 h1 kernel: {HOSTILE}\n{usual[:9000]}")
    with running(config) as process:
        wait_until(lambda: process.lines() == 401)
        seen = ("modeltail_lines_total", "hosts")
        wait_until(lambda: process.scrape().get(seen, 0) > 4000)
        yield process


@pytest.fixture
def page(browser: Chrome, exporter: ExporterProcess) -> Chrome:
    """Open the page; what the browser has logged before is forgotten."""
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.set_window_size(1200, 900)
    browser.get(f"{exporter.url}/")
    return browser


def text(page: Chrome, section: str) -> str:
    """Return what a section says, folded parts included."""
    # In one step: the page may put another one in its place at any moment.
    return page.execute_script("return document.getElementById(arguments[0]).textContent", section)


def test_it_loads_without_a_remark_and_asks_nobody_else(page, exporter):
    """The policy refuses nothing that the page has, and nothing comes from elsewhere."""
    assert page.get_log("browser") == []
    asked = [
        message["params"]["request"]["url"]
        for entry in page.get_log("performance")
        if (message := json.loads(entry["message"])["message"])["method"]
        == "Network.requestWillBeSent"
    ]
    assert asked
    assert all(url.startswith(exporter.url) for url in asked)


def test_what_logs_say_is_text(page):
    """Models, versions, features, categories, rejected lines, broken rules, syslog lines."""
    assert page.title == "modeltail"
    assert page.find_elements(By.CSS_SELECTOR, "#content img, #content script") == []
    assert HOSTILE in text(page, "models")
    assert f"plan{HOSTILE}" in text(page, "drift")
    assert "gnp.exe" in text(page, "rejects")
    assert HOSTILE in text(page, "anomalies")
    assert "features.age breaks max" in text(page, "rejects")


def test_a_script_in_the_page_would_not_run(page):
    """Even if one got there."""
    page.execute_script(
        "const one = document.createElement('script');"
        "one.textContent = \"document.title = 'owned'\"; document.body.append(one);"
    )
    assert page.title == "modeltail"
    assert "Content Security Policy" in page.get_log("browser")[0]["message"]


def test_figures_and_charts(page):
    """A model with its limit, its windows, what is beyond it, and how it came to that."""
    models = text(page, "models")
    assert "min_accuracy 0.99" in models
    assert "below the limit" in models
    assert "400 predictions" in models
    charts = page.find_elements(By.CSS_SELECTOR, "#models .chart")
    assert "accuracy over 5m, last" in " ".join(one.get_attribute("aria-label") for one in charts)
    assert page.find_elements(By.CSS_SELECTOR, "#drift .chart rect.current")
    assert "min_samples: 50" in text(page, "configuration")


def test_it_follows_what_happens_without_a_reload(page, exporter):
    """New figures come by themselves; what was opened stays open."""
    page.execute_script("window.marker = 1")
    page.find_element(By.CSS_SELECTOR, "#configuration summary").click()
    number = 400 + 37
    append(exporter.log.with_name("app.log"), "".join(record(n) for n in range(400, number)))
    wait_until(lambda: f"{number} predictions" in text(page, "models"))
    assert page.execute_script("return window.marker") == 1
    assert page.find_element(By.ID, "configuration-text").get_attribute("open")
    assert page.find_element(By.ID, "live").text.startswith("As of")


def test_the_keyboard_leads_to_the_content(page):
    """The first stop skips what comes before it."""
    page.switch_to.active_element.send_keys(Keys.TAB)
    first = page.switch_to.active_element
    assert first.text == "Skip to the content"
    first.send_keys(Keys.ENTER)
    assert page.execute_script("return document.activeElement.id") == "content"


def test_others_than_this_machine_see_no_log(page, exporter):
    """Behind a proxy on this machine it is not known who asks."""
    page.execute_cdp_cmd("Network.enable", {})
    headers = {"X-Forwarded-For": "203.0.113.7"}
    page.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": headers})
    try:
        page.get(f"{exporter.url}/")
        anomalies, rejects = text(page, "anomalies"), text(page, "rejects")
        assert "Withheld" in anomalies
        assert "h1 novel" in anomalies
        assert HOSTILE[:10] not in anomalies
        assert "Withheld" in rejects
        assert "not_json, 1 of" in rejects
        assert "gnp.exe" not in rejects
        assert "breaks max\n" in rejects
        assert "breaks max:" not in rejects
    finally:
        page.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_axe_finds_nothing_that_keeps_people_out(page, scheme, width):
    """Contrast, names, landmarks and order, on a desk and on a phone, by day and by night."""
    page.set_window_size(width, 900)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page.execute_script(resources.files("axe_core_python").joinpath("axe.min.js").read_text())
    found = page.execute_async_script(
        "const done = arguments[arguments.length - 1]; axe.run().then(done, done);"
    )
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert len(found["passes"]) > 20
    # Nothing of the page itself is wider than it; tables scroll by themselves.
    assert page.execute_script(
        "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
