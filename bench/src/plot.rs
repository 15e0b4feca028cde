//! The picture of growth: time per item over the number of items.

use svg::Document;
use svg::node::element::{Circle, Group, Line, Polyline, Rectangle, Style, Text};

use crate::report::{count, float};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 56.0;

/// The style, readable on light and dark backgrounds.
const STYLE: &str = "
svg { font: 13px system-ui, sans-serif; --ground: #ffffff; --ink: #1f2328; --faint: #d1d9e0; --quiet: #59636e; --a: #0969da; --b: #bc4c00; }
@media (prefers-color-scheme: dark) {
  svg { --ground: #0d1117; --ink: #f0f6fc; --faint: #3d444d; --quiet: #9198a1; --a: #58a6ff; --b: #ffa657; }
}
.ground { fill: var(--ground); }
text { fill: var(--ink); }
.quiet { fill: var(--quiet); }
.title { font-weight: 600; font-size: 15px; }
.grid { stroke: var(--faint); }
.axis { stroke: var(--quiet); }
.s0 .line { stroke: var(--a); } .s0 .net { fill: var(--a); } .s0 .raw { stroke: var(--a); } .s0 text { fill: var(--a); }
.s1 .line { stroke: var(--b); } .s1 .net { fill: var(--b); } .s1 .raw { stroke: var(--b); } .s1 text { fill: var(--b); }
.line { fill: none; stroke-width: 2; }
.raw { fill: var(--ground); stroke-width: 1.5; }
";

/// A measured size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    /// The number of items.
    pub(crate) items: u64,
    /// The seconds per item.
    pub(crate) raw: f64,
    /// The seconds per item, without the time of an empty run.
    pub(crate) net: f64,
    /// The seconds per item on the processors, without the time of an empty run.
    pub(crate) processor: f64,
}

/// A line of the picture.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<Point>,
}

/// The coordinates of the picture.
struct Scale {
    decades: (f64, f64),
    top: f64,
}

impl Scale {
    fn new(series: &[Series]) -> Self {
        let points = || series.iter().flat_map(|series| &series.points);
        let decade = |items: u64| float(items).log10();
        let highest = points()
            .map(|point| point.raw.max(point.net) * 1e6)
            .fold(1.0, f64::max);
        Self {
            decades: (
                points()
                    .map(|point| decade(point.items))
                    .fold(9.0, f64::min),
                points()
                    .map(|point| decade(point.items))
                    .fold(0.0, f64::max),
            ),
            top: highest * 1.08,
        }
    }

    fn x(&self, items: f64) -> f64 {
        let (first, last) = self.decades;
        let inset = 24.0;
        let width = WIDTH - LEFT - RIGHT - 2.0 * inset;
        LEFT + inset + (items.log10() - first) / (last - first).max(f64::EPSILON) * width
    }

    fn y(&self, micros: f64) -> f64 {
        HEIGHT - BOTTOM - micros / self.top * (HEIGHT - TOP - BOTTOM)
    }

    /// Returns a distance of grid lines that is easy to read: 1, 2, 2.5 or 5 times a power of ten.
    fn step(&self) -> f64 {
        let rough = self.top / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        [1.0, 2.0, 2.5, 5.0, 10.0]
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| *step >= rough)
            .unwrap_or(rough)
    }
}

/// Returns the picture.
pub(crate) fn growth(series: &[Series]) -> String {
    let scale = Scale::new(series);
    let mut document = Document::new()
        .set("viewBox", (0.0, 0.0, WIDTH, HEIGHT))
        .set("width", WIDTH)
        .set("height", HEIGHT)
        .set("role", "img")
        .set(
            "aria-label",
            "Time per log file and per digest, over their number",
        )
        .add(Style::new(STYLE))
        .add(
            Rectangle::new()
                .set("class", "ground")
                .set("width", WIDTH)
                .set("height", HEIGHT),
        )
        .add(
            text(
                "trailseal verify: time per item as items grow",
                LEFT,
                24.0,
                "start",
            )
            .set("class", "title"),
        )
        .add(axes(&scale, series));
    for (number, series) in series.iter().enumerate() {
        document = document.add(line(&scale, series).set("class", format!("s{number}")));
    }
    format!("{document}\n")
}

fn axes(scale: &Scale, series: &[Series]) -> Group {
    let mut group = Group::new();
    let step = scale.step();
    let mut micros = 0.0;
    while micros <= scale.top {
        let y = scale.y(micros);
        let class = if micros == 0.0 { "axis" } else { "grid" };
        group = group
            .add(stroke((LEFT, y), (WIDTH - RIGHT, y), class))
            .add(text(&format!("{micros} µs"), LEFT - 8.0, y + 4.0, "end").set("class", "quiet"));
        micros += step;
    }
    let mut sizes: Vec<u64> = series
        .iter()
        .flat_map(|series| series.points.iter().map(|point| point.items))
        // Starting digests make odd numbers.
        .map(|items| 10_u64.pow(items.ilog10()))
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    let floor = HEIGHT - BOTTOM;
    for size in sizes {
        let x = scale.x(float(size));
        group = group
            .add(stroke((x, floor), (x, floor + 5.0), "axis"))
            .add(text(&count(size), x, floor + 20.0, "middle").set("class", "quiet"));
    }
    let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
    let half = f64::midpoint(TOP, HEIGHT - BOTTOM);
    let label = text("time per log file or digest", 16.0, half, "middle");
    group = group.add(label.set("transform", format!("rotate(-90 16 {half:.1})")));
    group
        .add(text(
            "log files or digests verified in one run",
            middle,
            HEIGHT - 14.0,
            "middle",
        ))
        .add(
            Circle::new()
                .set("class", "raw axis")
                .set("cx", WIDTH - RIGHT + 14.0)
                .set("cy", HEIGHT - BOTTOM - 4.0)
                .set("r", 3.5),
        )
        .add(
            text(
                "with start-up",
                WIDTH - RIGHT + 24.0,
                HEIGHT - BOTTOM,
                "start",
            )
            .set("class", "quiet"),
        )
}

fn line(scale: &Scale, series: &Series) -> Group {
    let at = |items: u64, seconds: f64| (scale.x(float(items)), scale.y(seconds * 1e6));
    let path: Vec<String> = series
        .points
        .iter()
        .map(|point| {
            let (x, y) = at(point.items, point.net);
            format!("{x:.1},{y:.1}")
        })
        .collect();
    let mut group = Group::new().add(
        Polyline::new()
            .set("class", "line")
            .set("points", path.join(" ")),
    );
    for point in &series.points {
        let dot = |seconds: f64, class: &str| {
            let (x, y) = at(point.items, seconds);
            Circle::new()
                .set("class", class)
                .set("cx", format!("{x:.1}"))
                .set("cy", format!("{y:.1}"))
                .set("r", 3.5)
        };
        group = group.add(dot(point.raw, "raw")).add(dot(point.net, "net"));
    }
    match series.points.last() {
        Some(last) => {
            let (x, y) = at(last.items, last.net);
            let label = format!("{}: {:.0} µs", series.name, last.net * 1e6);
            group.add(text(&label, x + 12.0, y + 4.0, "start"))
        }
        None => group,
    }
}

fn stroke(from: (f64, f64), to: (f64, f64), class: &str) -> Line {
    let at = |value: f64| format!("{value:.1}");
    Line::new()
        .set("class", class)
        .set("x1", at(from.0))
        .set("y1", at(from.1))
        .set("x2", at(to.0))
        .set("y2", at(to.1))
}

fn text(content: &str, x: f64, y: f64, anchor: &str) -> Text {
    Text::new(content)
        .set("x", format!("{x:.1}"))
        .set("y", format!("{y:.1}"))
        .set("text-anchor", anchor)
}
