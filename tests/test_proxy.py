"""The page behind nginx, under a path. Skipped where there is no nginx, unless REQUIRE_NGINX is set, as it is in CI."""

import os
import re
import shutil
import subprocess
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import ROOT
from playwright.sync_api import sync_playwright

from artifacts import FIGURES, PUBLISHED
from demo import visitor
from demo.examples import write
from demo.screenshot import FLAGS, draw

NGINX, CHROMIUM = shutil.which("nginx") or shutil.which("/usr/sbin/nginx"), shutil.which("chromium")
pytestmark = pytest.mark.skipif(not NGINX and not os.environ.get("REQUIRE_NGINX"), reason="nginx is not installed")
CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies; proxy_temp_path {folder}/proxied; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port}; include {folder}/digits.conf; }}
}}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where nginx serves the page; it asks for ann's login."""
    folder, port = tmp_path_factory.mktemp("nginx"), visitor.free_port()
    with visitor.running(ROOT_PATH="/digits", DEMO_AUTH="ann:secret") as (inner, _):
        ours = (ROOT / "demo" / "nginx.conf").read_text()
        assert "http://127.0.0.1:7860/" in ours
        (folder / "digits.conf").write_text(ours.replace("127.0.0.1:7860", urlsplit(inner).netloc))
        (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=port))
        nginx = subprocess.Popen([NGINX or "nginx", "-c", folder / "nginx.conf", "-e", folder / "errors"])
        try:
            visitor.wait_for(f"http://127.0.0.1:{port}/digits/healthz")
            yield f"http://127.0.0.1:{port}/digits/"
        finally:
            nginx.terminate()
            nginx.wait()


@pytest.fixture
def client(address):
    with httpx.Client(base_url=address, trust_env=False, timeout=20, auth=("ann", "secret")) as client:
        yield client


def test_the_page_knows_its_path(address, client):
    config = client.get("config").json()
    assert config["root"] == address.rstrip("/")
    figure = next((PUBLISHED / FIGURES).iterdir())
    assert client.get(f"gradio_api/file={figure}").status_code == 200
    scripts = re.findall(r'(?:src|href)="(\./[^"]+)"', client.get("").text)
    assert scripts
    assert all(client.get(script).status_code == 200 for script in scripts)
    assert client.get(address.rstrip("/"), follow_redirects=True).status_code == 200


def test_a_drawing_is_read_and_an_upload_too(client):
    seven = visitor.drawn("7", visitor.part(client.get("config").json()))
    assert visitor.text(client.post(visitor.SERVER, json=seven).json()) == "7"
    tab, four = visitor.part(client.get("config").json(), "picture"), visitor.png(visitor.picture("4"))
    assert visitor.text(visitor.show(client, tab, four).json()) == "4"
    assert visitor.text(visitor.upload(client, four).json()) == "4"


def test_another_sites_page_is_refused_and_the_pages_own_is_not(address, client):
    own = "http://" + urlsplit(address).netloc
    for origin, status in ((own, 400), ("http://elsewhere.example", 403)):
        assert client.post(visitor.SERVER, content=b"{", headers={"Origin": origin}).status_code == status


@pytest.mark.skipif(not CHROMIUM and not os.environ.get("REQUIRE_BROWSER"), reason="chromium is not installed")
def test_somebody_logs_in_and_draws(address):
    with sync_playwright() as playwright:
        options = {"executable_path": CHROMIUM or "chromium", "args": FLAGS}
        page = playwright.chromium.launch(**options).new_page(viewport={"width": 1280, "height": 800})
        failed = []
        page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
        page.goto(address)
        failed.clear()
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password").fill("secret")
        page.get_by_role("button", name="Log in").click()
        page.locator("#pad .surface canvas").wait_for()
        for stroke in write("7", 400, visitor.CENTRE):
            draw(page, stroke)
        page.locator("#pad [data-reading='7']").wait_for()
        assert page.url == address
        assert failed == []
