#!/usr/bin/env python3
"""Draws the stack's CloudWatch dashboard as a page, from the template and made-up values.

The widgets, their places, titles, metrics and expressions are the template's. The values are those of three days in
which one account's trail was silent for some hours.
"""

import html
import json
import math
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

from samtranslator.yaml_helper import yaml_parse

HOURS = 72
OUTAGE = range(40, 52)
PARAMETERS = {
    "AWS::Region": "us-east-1",
    "AWS::StackName": "trailseal",
    "OverdueHours": "6",
    "EvidenceBucket": "trailseal-evidence-111122223333",
}
CELL = 50
GAP = 6
COLORS = ["#0972d3", "#d91515", "#037f0c", "#8d6605", "#7d2105", "#6237a7", "#007faa", "#c33d69", "#5f6b7a"]


def body(template):
    """The dashboard's JSON with the parameters' values and the resources' names put in."""
    text, variables = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

    def value(match):
        name = match.group(1)
        if name in variables:
            _, if_true, _ = variables[name]["Fn::If"]
            return re.sub(r"\$\{([^}]+)\}", value, if_true["Fn::Sub"])
        if name in PARAMETERS:
            return PARAMETERS[name]
        resource, _, _ = name.partition(".")
        if resource not in template["Resources"]:
            raise KeyError(f"the dashboard names {resource}, which is not in the template")
        return resource

    return json.loads(re.sub(r"\$\{([^}]+)\}", value, text))


def noise(name, hour):
    """A number from 0 to 1 that is the same in every run."""
    seed = sum(ord(letter) * (place + 7) for place, letter in enumerate(name))
    return math.modf(abs(math.sin(seed * 12.9898 + hour * 78.233)) * 43758.5453)[0]


def values(namespace, name, dimensions):
    """The made-up hourly values of a metric."""
    key = name + "".join(dimensions.values())

    def at(hour):
        some = noise(key, hour)
        silent = hour in OUTAGE
        match name:
            case "NewestVerifiedAge":
                return 3600 * (1.4 + some / 3 + (hour - OUTAGE.start if silent else 0))
            case "ChainsWatched":
                return 170
            case "ChainsOverdue":
                return 1 if silent and hour - OUTAGE.start >= 5 else 0
            case "OpenIncidents":
                return 2 if silent and hour - OUTAGE.start >= 5 else 1
            case "IncidentsOpened" | "Alerts":
                return 1 if hour == OUTAGE.start + 5 else 0
            case "Findings":
                return 3 if hour == OUTAGE.start + 5 else 0
            case "Lag":
                return 60 * (26 + 12 * some)
            case "ApproximateAgeOfOldestMessage":
                return 5 + 25 * some if "History" not in key else 400 * some
            case "Objects" | "HistoryObjects":
                usual = 160 + 20 * some
                return usual if dimensions.get("Verdict") == "valid" else 0
            case "Duration":
                return 90_000 + 20_000 * some
            case "NumberOfMessagesSent":
                return 170 + 20 * some
            case "ApproximateNumberOfMessagesVisible":
                return 1 if "Watchdog" in key and hour in range(41, 44) else 0
            case _:
                return 0

    return [at(hour) for hour in range(HOURS)]


def series(properties):
    """The shown lines of a widget: label, values, in the order of its metrics."""
    by_id, shown = {}, []
    for entry in properties["metrics"]:
        options = entry[-1] if isinstance(entry[-1], dict) else {}
        if "expression" in options:
            shown.append((options["label"], options["expression"]))
            continue
        names = [part for part in entry if isinstance(part, str)]
        namespace, name, *pairs = names
        dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
        found = values(namespace, name, dimensions)
        if options.get("stat") == "p99":
            found = [value * 1.3 for value in found]
        if "id" in options:
            by_id[options["id"]] = found
        if options.get("visible", True):
            shown.append((options.get("label", name), found))
    return [
        (label, of if isinstance(of, list) else evaluate(of, by_id)) for label, of in shown
    ]


def evaluate(expression, by_id):
    """Metric math: numbers, ids, + * / ( ) and SUM([...]), hour by hour."""
    terms = re.sub(r"SUM\(\[([^\]]*)\]\)", lambda of: f"({of.group(1).replace(',', ' +')})", expression)
    if not re.fullmatch(r"[\w\s.+*/()]+", terms):
        raise ValueError(f"cannot evaluate {expression}")
    used = set(re.findall(r"[a-z]\w*", terms))
    if unknown := used - by_id.keys():
        raise ValueError(f"{expression} names {unknown}, which no metric has as its id")
    code = compile(terms, expression, "eval")
    return [
        eval(code, {"__builtins__": {}}, {name: by_id[name][hour] for name in used})  # noqa: S307
        for hour in range(HOURS)
    ]


def number(value):
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2g}" if value < 1 else f"{value:.1f}"


def chart(widget, width, height):
    """A chart of lines, stacked if the widget says so."""
    properties = widget["properties"]
    lines = series(properties)
    if properties.get("stacked"):
        below = [0.0] * HOURS
        stacked = []
        for label, line in lines:
            below = [a + b for a, b in zip(below, line, strict=True)]
            stacked.append((label, below))
        lines = stacked
    marks = properties.get("annotations", {}).get("horizontal", [])
    top = max([value for _, line in lines for value in line] + [mark["value"] for mark in marks])
    top = (top or 1) * 1.1
    legend_rows = math.ceil(len(lines) / 2)
    inner = height - 24 - 15 * legend_rows
    left, right = 46, width - 8

    def x(hour):
        return left + (right - left) * hour / (HOURS - 1)

    def y(value):
        return 8 + (inner - 8) * (1 - value / top)

    parts = []
    for share in (0, 0.5, 1):
        at = y(top * share / 1.1)
        parts.append(f'<path class="grid" d="M{left} {at:.1f}H{right}"/>')
        parts.append(f'<text class="tick" x="{left - 4}" y="{at + 4:.1f}">{number(top * share / 1.1)}</text>')
    for mark in marks:
        at = y(float(mark["value"]))
        parts.append(f'<path class="mark" d="M{left} {at:.1f}H{right}"/>')
        parts.append(f'<text class="marked" x="{right}" y="{at - 3:.1f}">{html.escape(mark["label"])}</text>')
    for place, (label, line) in enumerate(lines):
        color = COLORS[place % len(COLORS)]
        points = " ".join(f"{x(hour):.1f},{y(value):.1f}" for hour, value in enumerate(line))
        parts.append(f'<polyline stroke="{color}" points="{points}"/>')
        column, row = place % 2, place // 2
        at = inner + 20 + 15 * row
        start = 10 + column * (width - 20) / 2
        parts.append(f'<rect x="{start}" y="{at - 9}" width="9" height="9" fill="{color}"/>')
        parts.append(f'<text x="{start + 13}" y="{at}">{html.escape(label)}</text>')
    return f'<svg width="{width}" height="{height}">{"".join(parts)}</svg>'


def content(widget, width, height):
    properties = widget["properties"]
    if widget["type"] == "text":
        text = html.escape(properties["markdown"])
        text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
        return re.sub(r"`(.+?)`", r"<code>\1</code>", text)
    if widget["type"] == "alarm":
        names = "".join(f"<li>{html.escape(alarm)}</li>" for alarm in properties["alarms"])
        return f'<ul class="alarms">{names}</ul>'
    if properties["view"] == "singleValue":
        cells = "".join(
            f"<div><b>{number(line[-1])}</b>{html.escape(label)}</div>" for label, line in series(properties)
        )
        return f'<div class="values">{cells}</div>'
    return chart(widget, width - 8, height - 34)


STYLE = """
body { margin: 8px; background: #f2f3f3; font: 13px sans-serif; position: relative; }
section { position: absolute; background: #fff; border: 1px solid #d5dbdb; border-radius: 4px; padding: 4px; box-sizing: border-box; overflow: hidden; }
h2 { font-size: 14px; margin: 2px 4px 6px; }
svg text { font-size: 10.5px; } svg .tick { text-anchor: end; fill: #5f6b7a; } svg .marked { text-anchor: end; fill: #d91515; }
polyline { fill: none; stroke-width: 1.5; } .grid { stroke: #e9ebed; } .mark { stroke: #d91515; stroke-dasharray: 4 3; }
.values { display: flex; gap: 20px; padding: 8px; } .values div { max-width: 200px; color: #414d5c; } .values b { display: block; font-size: 30px; color: #000; }
.alarms { columns: 2; margin: 0; padding: 4px 4px 4px 20px; font-size: 10px; line-height: 1.15; } .alarms li::marker { color: #037f0c; }
"""


def page(dashboard):
    sections = []
    bottom = 0
    for widget in dashboard["widgets"]:
        left, top = widget["x"] * CELL, widget["y"] * CELL
        width, height = widget["width"] * CELL - GAP, widget["height"] * CELL - GAP
        bottom = max(bottom, top + height)
        title = widget["properties"].get("title", "")
        heading = f"<h2>{html.escape(title)}</h2>" if title else ""
        sections.append(
            f'<section style="left:{left}px;top:{top}px;width:{width}px;height:{height}px">'
            f"{heading}{content(widget, width, height)}</section>"
        )
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Dashboard</title><style>{STYLE}</style>'
        f'<body style="height:{bottom}px">{"".join(sections)}</body></html>'
    )


def main():
    template = yaml_parse((ROOT / "template.yaml").read_text())
    pathlib.Path(sys.argv[1]).write_text(page(body(template)))


if __name__ == "__main__":
    main()
