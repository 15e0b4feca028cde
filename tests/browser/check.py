"""Looks at each sample page as its readers do: on a screen, on a phone, on paper, by keyboard."""

import json
import pathlib
import re
import subprocess
import sys
import time

import chat
import jsonschema
from browser import Watched, chromium
from calendar_cells import calendars
from dashboard import body, page
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/verification.schema.json").read_text())
SCRIPTS = pathlib.Path(__file__).parent
SAMPLES = ["organization", "valid", "ended", "nothing", "large", "hostile"]
REPORTS = ["auditor-month", "auditor-valid", "auditor-nothing", "auditor-hostile"]
REPORT_SCHEMA = json.loads((ROOT / "docs/evidence-report.schema.json").read_text())
# The maximum time in which the page of a month of an organization opens, on a slow machine.
SECONDS_TO_OPEN = 30
FORGING = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]")


class Failed(Exception):
    """A check that did not hold."""


def require(condition, what):
    if not condition:
        raise Failed(what)


def require_equal(actual, expected, what):
    require(actual == expected, f"{what}: {actual!r}, not {expected!r}")


def script(name):
    return (SCRIPTS / "page" / name).read_text()


def controls(browser, folder):
    """What is watched for is noticed: otherwise no silence would mean anything."""
    policy = re.search(r"<meta http-equiv[^>]*>", (folder / "valid.html").read_text()).group()
    body = "<script>1</script><img src='http://attacker.example/a.png' onerror='1'>"
    page = folder / "control.html"
    with Watched(browser) as watched:
        page.write_text(f"<!DOCTYPE html><title>x</title>{body}")
        watched.open(page)
        require(len(watched.requests) > 1, "a request to elsewhere is not noticed")
    with Watched(browser) as watched:
        page.write_text(f"<!DOCTYPE html>{policy}<title>x</title>{body}")
        watched.open(page)
        violated = {c.split()[2] for c in watched.complaints if c.startswith("policy violated")}
        require(
            violated >= {"script-src-elem", "img-src"},
            f"the policy lets a page run scripts or ask for pictures: {watched.complaints}",
        )
    with Watched(browser, width=400) as watched:
        page.write_text("<!DOCTYPE html><title>x</title><pre>" + "x" * 500)
        require(watched.open(page).page.evaluate(script("overflow.js")), "overflow is not noticed")


def opens_quietly(watched, page):
    started = time.monotonic()
    watched.open(page)
    took = time.monotonic() - started
    require(took < SECONDS_TO_OPEN, f"takes {took:.0f} s to open")
    require_equal(watched.requests, [page.as_uri()], "requests")
    require_equal(watched.complaints, [], "console")


def is_inert(watched, verification):
    """Hostile words are text: no element, attribute or link is made of them."""
    for problem in watched.page.evaluate(script("inert.js")):
        raise Failed(problem)
    text = watched.page.evaluate("document.body.innerText")
    require(not FORGING.search(text.replace("\n", "").replace("\t", "")), "text that hides")
    for word in verification["command"]:
        if not FORGING.search(word):
            shown = word.replace("'", r"'\''")
            require(word in text or shown in text, f"does not show {word!r}")
        else:
            require("U+202E" in text, "does not spell out what reorders text")


def shows_every_cell(watched, verification):
    actual = watched.page.evaluate(script("calendars.js"))
    expected = calendars(verification)
    require_equal(len(actual), len(expected), "calendars")
    for number, (shown, wanted) in enumerate(zip(actual, expected)):
        require_equal(shown, wanted, f"calendar {number + 1}")
    counts = {state: 0 for state in "vpfco"}
    for _, rows in actual:
        for _, cells in rows:
            for cell in cells:
                counts[cell] += 1
    return counts


def is_well_formed(watched):
    """Headings, landmarks, tables and names as assistive technology needs them; contrast."""
    for problem in watched.page.evaluate(script("structure.js")):
        raise Failed(problem)


def has_contrast(watched):
    for problem in watched.page.evaluate(script("contrast.js")):
        raise Failed(problem)


def fits(watched, width):
    wider = watched.page.evaluate(script("overflow.js"))
    require(not wider, f"is wider than {width} px: {wider}")


def works_by_keyboard(watched):
    """Tab reaches everything that can be used, in the order of the page, and shows where it is."""
    page = watched.page
    expected = page.evaluate(script("stops.js"))
    require_equal(expected[0], "a.skip Skip to the content", "the first stop")
    for kind in ["a #summary", "a #chain-1", "div.scroll", "summary"]:
        require(any(stop.startswith(kind) for stop in expected), f"no stop is {kind}")
    for number, stop in enumerate(expected):
        page.keyboard.press("Tab")
        at = page.evaluate(script("focused.js"))
        require_equal(at["stop"], stop, f"Tab {number + 1}")
        require(at["visible"], f"the focus on {stop} cannot be seen")
    page.keyboard.press("Tab")
    require_equal(page.evaluate("document.activeElement === document.body"), True, "after the last")
    page.evaluate("document.querySelector('a.skip').focus()")
    page.keyboard.press("Enter")
    require_equal(page.evaluate("document.activeElement.id"), "content", "the skip link leads to")
    page.evaluate("document.querySelector('details > summary').focus()")
    for is_open in (False, True):
        page.keyboard.press("Enter")
        require_equal(
            page.evaluate("document.querySelector('details').open"), is_open, "details open"
        )


def prints(watched, verification, pdf, most_pages):
    """Everything that the page holds is on the paper, also what is folded away on the screen."""
    watched.page.pdf(path=str(pdf), prefer_css_page_size=True)
    info = subprocess.run(["pdfinfo", pdf], check=True, capture_output=True, text=True).stdout
    require(re.search(r"Page size: .*\(A4\)", info), f"is not printed on A4: {info}")
    pages = int(re.search(r"Pages: +(\d+)", info).group(1))
    require(pages <= most_pages, f"takes {pages} pages")
    raw = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True)
    layout = raw.stdout.decode()
    require(f"Page {pages} of {pages}" in layout, "has no page numbers")
    raw = subprocess.run(["pdftotext", "-raw", pdf, "-"], check=True, capture_output=True)
    # A finding may continue on the next page, after that page's number.
    foot = r"Trailseal: verification of CloudTrail digest and log files|Page \d+ of \d+|\s"
    text = re.sub(foot, "", raw.stdout.decode())
    for finding in verification["findings"]:
        require(finding["id"] in text, f"does not print finding {finding['id']}")
        require(squeezed(finding["message"]) in text, f"does not print {finding['message']}")
    for one in verification["cannotTell"]:
        require(squeezed(one["subject"]) in text, f"does not print {one['subject']}")
    for chain in verification["chains"]:
        require(chain["account"] + chain["region"] in text, f"does not print {chain['region']}")
    return pages


def squeezed(text):
    """A text as the page shows it, without spaces: characters that reorder text are spelled out."""
    spelled = FORGING.sub(lambda found: f"U+{ord(found.group()):04X}", text)
    return re.sub(r"\s", "", spelled)


def is_distinguished_without_color(watched):
    """In gray, or in colors that a reader cannot distinguish, each state still looks different."""
    for problem in watched.page.evaluate(script("gray.js")):
        raise Failed(problem)


def check(browser, folder, name):
    page = folder / f"{name}.html"
    verification = json.loads((folder / f"{name}.json").read_text())
    jsonschema.validate(verification, SCHEMA)
    with Watched(browser) as watched:
        opens_quietly(watched, page)
        is_inert(watched, verification)
        counts = shows_every_cell(watched, verification)
        is_well_formed(watched)
        fits(watched, 1280)
        if name != "large":
            is_distinguished_without_color(watched)
            has_contrast(watched)
            if verification["chains"]:
                works_by_keyboard(watched)
            watched.page.evaluate("scrollTo(0, 0); document.activeElement.blur()")
            watched.page.screenshot(path=folder / f"{name}.png", full_page=True)
            if name != "hostile":
                pages = prints(watched, verification, folder / f"{name}.pdf", 40)
                print(f"{name}: {pages} printed pages")
        require_equal(watched.requests, [page.as_uri()], "requests in the end")
        require_equal(watched.complaints, [], "console in the end")
    for width in (400, 320):
        with Watched(browser, width=width) as watched:
            fits(watched.open(page), width)
            if width == 400 and name != "large":
                watched.page.screenshot(path=folder / f"{name}-narrow.png", full_page=True)
    if name == "organization":
        with Watched(browser, scheme="dark") as watched:
            has_contrast(watched.open(page))
            is_distinguished_without_color(watched)
            watched.page.screenshot(path=folder / f"{name}-dark.png", full_page=True)
    cells = ", ".join(f"{number} {state}" for state, number in counts.items())
    print(f"{name}: {page.stat().st_size // 1024} KiB, {cells}")


def printed(page, pdf):
    """The text on paper, without spaces."""
    page.pdf(path=str(pdf), prefer_css_page_size=True)
    raw = subprocess.run(["pdftotext", "-raw", pdf, "-"], check=True, capture_output=True)
    foot = r"Trailseal: what the evidence says about a period|Page \d+ of \d+|\s"
    return re.sub(foot, "", raw.stdout.decode())


def check_report(browser, folder, name):
    """The page of `trailseal evidence report`."""
    page = folder / f"{name}.html"
    report = json.loads((folder / f"{name}.json").read_text())
    jsonschema.validate(report, REPORT_SCHEMA)
    with Watched(browser) as watched:
        opens_quietly(watched, page)
        is_inert(watched, report)
        shows_every_cell(watched, report)
        is_well_formed(watched)
        fits(watched, 1280)
        is_distinguished_without_color(watched)
        has_contrast(watched)
        watched.page.screenshot(path=folder / f"{name}.png", full_page=True)
        if name != "auditor-hostile":
            text = printed(watched.page, folder / f"{name}.pdf")
            for incident in report["incidents"]:
                require(incident["id"] in text, f"does not print incident {incident['id']}")
            for chain in report["chains"]:
                require(chain["account"] + chain["region"] in text, f"does not print {chain['region']}")
                for reason in [reason for gap in chain["gaps"] for reason in gap["reasons"]]:
                    require(squeezed(reason) in text, f"does not print {reason}")
                for day in {hour["from"][:10] for hour in chain["verified"]}:
                    require(day in text, f"does not print {day}, which is folded on the screen")
            for finding in report["evidenceFindings"]:
                require(squeezed(finding["key"]) in text, f"does not print {finding['key']}")
        require_equal(watched.requests, [page.as_uri()], "requests in the end")
        require_equal(watched.complaints, [], "console in the end")
    for width in (400, 320):
        with Watched(browser, width=width) as watched:
            fits(watched.open(page), width)
    with Watched(browser, scheme="dark") as watched:
        has_contrast(watched.open(page))
        watched.page.screenshot(path=folder / f"{name}-dark.png", full_page=True)
    print(f"{name}: {page.stat().st_size // 1024} KiB")


def check_dashboard(browser, folder):
    """The picture of the CloudWatch dashboard shows each widget, and each of its metrics."""
    dashboard = body(yaml_parse((ROOT / "template.yaml").read_text()))
    path = folder / "dashboard.html"
    path.write_text(page(dashboard))
    with Watched(browser, width=1216) as watched:
        opens_quietly(watched, path)
        sections = watched.page.locator("section")
        require_equal(sections.count(), len(dashboard["widgets"]), "widgets")
        require("NaN" not in watched.page.content(), "a value is not a number")
        outside = watched.page.evaluate(script("outside.js"))
        require_equal(outside, [], "texts outside of their widget")
        watched.page.screenshot(path=folder / "dashboard.png", full_page=True)


def check_chat(browser, folder):
    """The picture of the chat message shows its title, its description, each next step and each keyword."""
    message = chat.message()
    path = folder / "chat.html"
    path.write_text(chat.page(message))
    with Watched(browser, width=900) as watched:
        opens_quietly(watched, path)

        def texts(selector):
            found = watched.page.locator(selector).all()
            return [" ".join(it.inner_text().split()) for it in found if it.is_visible()]

        content = message["content"]
        require(content["nextSteps"] and content["keywords"], "the message has no next step or no keyword")
        require_equal(texts("h1"), [chat.plain(content["title"])], "title")
        require_equal(texts(".description"), [chat.plain(content["description"])], "description")
        require_equal(texts(".steps li"), [chat.plain(step) for step in content["nextSteps"]], "next steps")
        require_equal(texts(".keywords code"), content["keywords"], "keywords")
        fits(watched, 900)
        watched.page.locator("body").screenshot(path=folder / "chat.png")


def main():
    folder = pathlib.Path(sys.argv[1])
    with chromium() as browser:
        print(f"Chromium {browser.version}")
        controls(browser, folder)
        for name in SAMPLES + REPORTS:
            try:
                (check if name in SAMPLES else check_report)(browser, folder, name)
            except (Failed, jsonschema.ValidationError) as problem:
                sys.exit(f"{folder}/{name}.html: {problem}")
        for picture in (check_dashboard, check_chat):
            try:
                picture(browser, folder)
            except Failed as problem:
                sys.exit(f"{picture.__name__}: {problem}")
    print(f"The HTML pages passed all checks; screenshots are in {folder}")


if __name__ == "__main__":
    main()
