"""What the calendar has to show, worked out from the JSON form by itself."""

from datetime import datetime, timedelta, timezone

MAX_CELLS = 40_000
FOLDED_FROM = 5
BADNESS = {"valid": 0, "cannot-tell": 1, "finding": 2}
CELL = {"cannot-tell": "c", "finding": "f"}


def _parsed(time):
    return datetime.fromisoformat(time.replace("Z", "+00:00"))


def _months_on(day, months):
    month = day.year * 12 + day.month - 1 + months
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=timezone.utc)


def _day_row(time):
    begin = time.replace(hour=0, minute=0, second=0, microsecond=0)
    return begin.strftime("%m-%d"), [begin + timedelta(hours=n) for n in range(25)]


def _month_row(time):
    begin = _months_on(time, 0)
    days = (_months_on(time, 1) - begin).days
    return begin.strftime("%Y-%m"), [begin + timedelta(days=n) for n in range(days + 1)]


def _year_row(time):
    begin = datetime(time.year, 1, 1, tzinfo=timezone.utc)
    return str(time.year), [_months_on(begin, n) for n in range(13)]


def _cell(stretches, begin, end):
    within = [s for s in stretches if s[0] < end and s[1] > begin]
    if not within:
        return "o"
    worst = max((state for _, _, state, _ in within), key=BADNESS.get)
    if worst != "valid":
        return CELL[worst]
    covered = sum((min(to, end) - max(from_, begin) for from_, to, _, _ in within), timedelta())
    return "v" if covered == end - begin else "p"


def _rows(stretches, row_of):
    rows = []
    for from_, to, _, _ in stretches:
        time = from_
        while time < to:
            label, edges = row_of(time)
            if not rows or rows[-1][1] != edges:
                rows.append((label, edges))
            time = edges[-1]
    return rows


def _full(label, edges):
    return edges[0].strftime("%Y-%m-%d") if len(edges) == 25 else label


def _folded(rows, stretches):
    """Rows as label, edges and, where one stands for many, its cell."""
    shown = []
    at = 0
    while at < len(rows):
        begin, end = rows[at][1][0], rows[at][1][-1]
        over = [s for s in stretches if s[0] <= begin and s[1] >= end and s[2] != "valid"]
        count = 0
        if over:
            while at + count < len(rows) and rows[at + count][1][-1] <= over[0][1]:
                count += 1
        if count >= FOLDED_FROM:
            from_, to = _full(*rows[at]), _full(*rows[at + count - 1])
            _, _, state, digests = over[0]
            words = "no digest" if (state, digests) == ("finding", 0) else state.replace("-", " ")
            shown.append((f"{from_} to {to}: {words}", None, CELL[state]))
            at += count
        else:
            shown.append((*rows[at], None))
            at += 1
    return shown


def calendars(verification):
    """For each chain: the unit it is drawn in, and its rows as label and string of cells."""
    room = MAX_CELLS // max(1, len(verification["chains"]))
    drawn = []
    for chain in verification["chains"]:
        stretches = [
            (_parsed(s["from"]), _parsed(s["to"]), s["state"], s["digests"])
            for s in chain["coverage"]
        ]
        for unit, row_of, width in (
            ("hours", _day_row, 24),
            ("days", _month_row, 31),
            ("year", _year_row, 12),
        ):
            rows = _folded(_rows(stretches, row_of), stretches)
            if len(rows) * width <= room:
                break
        cells = [
            [label, cell or "".join(_cell(stretches, *edge) for edge in zip(edges, edges[1:]))]
            for label, edges, cell in rows
        ]
        drawn.append([unit, cells])
    return drawn
