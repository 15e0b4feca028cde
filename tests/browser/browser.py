"""Debian's Chromium, without a network, watched for anything it asks for or complains of."""

import contextlib
import shutil
import sys

from playwright.sync_api import sync_playwright

# Reports violations of the page's content security policy to the console. The browser's debugger
# runs it, which no policy of the page can prevent.
WATCH = """
document.addEventListener('securitypolicyviolation', event =>
    console.error('policy violated: ' + event.violatedDirective + ' ' + event.blockedURI));
"""


@contextlib.contextmanager
def chromium():
    """The browser. No name resolves in it."""
    executable = shutil.which("chromium")
    if executable is None:
        sys.exit("Chromium is not installed: run tests/browser/run, which installs it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            # Chromium's sandbox does not work for root in a container; Chromium shows only pages
            # that the tests write.
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"],
        )
        yield browser
        browser.close()


class Watched:
    """A page, and what it asked for and complained of."""

    def __init__(self, browser, width=1280, scheme="light"):
        self.page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        self.page.add_init_script(WATCH)
        self.requests = []
        self.complaints = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append("dialog"))

    def open(self, path):
        self.page.goto(path.as_uri(), wait_until="load")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.page.close()
