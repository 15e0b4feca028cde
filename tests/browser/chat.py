#!/usr/bin/env python3
"""Draws the chat message of docs/outputs.md as a page, as a card in a channel of Slack.

A test of the core compares the message with what `exporter` publishes. The order of its parts and the headings are
those of Amazon Q Developer's custom notifications:
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html. The look of a chat differs from it.
"""

import html
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = "<!-- chat -->\n\n```json\n"


def message():
    """The message of the document."""
    text = (ROOT / "docs/outputs.md").read_text()
    _, _, rest = text.partition(MARK)
    example, _, _ = rest.partition("```")
    return json.loads(example)


def rendered(text):
    """A text in the markdown of Slack as HTML: code, bold, and lines."""
    parts = re.split(r"`([^`]*)`", text)
    for place, part in enumerate(parts):
        part = html.escape(part)
        if place % 2:
            parts[place] = f"<code>{part}</code>"
        else:
            part = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"<b>\1</b>", part)
            parts[place] = part.replace("\n", "<br>")
    return "".join(parts)


def plain(text):
    """A text without its marks, as a reader sees it."""
    parts = re.split(r"(`[^`]*`)", text)
    bare = [part.strip("`") if part.startswith("`") else re.sub(r"\*([^*\n]+)\*", r"\1", part) for part in parts]
    return " ".join("".join(bare).split())


STYLE = """
body { margin: 0; padding: 16px 20px; background: #fff; color: #1d1c1d; font: 15px/1.46 sans-serif; }
.sender { display: flex; align-items: center; gap: 8px; font-weight: bold; }
.sender i { width: 36px; height: 36px; border-radius: 6px; background: #6a3fd1; color: #fff; font: bold 20px/36px sans-serif; text-align: center; }
.sender small { background: #ebeaeb; color: #616061; padding: 1px 4px; border-radius: 3px; font-size: 10px; }
article { margin: 6px 0 0 44px; padding: 4px 0 4px 14px; border-left: 4px solid #c8102e; }
h1 { font-size: 16px; margin: 4px 0 8px; }
h2 { font-size: 15px; margin: 12px 0 2px; }
code { font: 12px/1.5 monospace; color: #b3163b; background: #f6f6f6; border: 1px solid #dedede; border-radius: 3px; padding: 1px 3px; overflow-wrap: anywhere; }
ul { margin: 0; padding-left: 22px; }
.keywords code { color: #1d1c1d; margin-right: 4px; }
"""


def page(notification):
    content = notification["content"]
    steps = "".join(f"<li>{rendered(step)}</li>" for step in content["nextSteps"])
    keywords = "".join(f"<code>{html.escape(word)}</code>" for word in content["keywords"])
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Chat</title><style>{STYLE}</style>'
        '<body><div class="sender"><i>Q</i>Amazon Q <small>APP</small></div><article>'
        f'<h1>{rendered(content["title"])}</h1><div class="description">{rendered(content["description"])}</div>'
        f'<h2>Next steps</h2><ul class="steps">{steps}</ul>'
        f'<h2>Keywords</h2><div class="keywords">{keywords}</div></article></body></html>'
    )


def main():
    pathlib.Path(sys.argv[1]).write_text(page(message()))


if __name__ == "__main__":
    main()
