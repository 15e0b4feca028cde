//! The calendar: the verdict on each hour of each chain, at a glance.
//!
//! A chain is drawn in hours, with one row per day. If that takes more cells than the page has room
//! for, it is drawn in days, with one row per month, and then in months, with one row per year. A
//! cell shows the worst state in it. Time that was not requested takes no row, and many rows that
//! show only one bad state become one row of words.

mod grid;

use super::shown::{ShownChains, is_fine};
use super::{chains, outcome, text};
use crate::report::{ChainReport, Outcome};
use grid::{Cell, Grid, Row, Unit};
use maud::{Markup, html};

/// The maximum number of cells of a page, divided evenly among its chains.
const MAX_CELLS: usize = 40_000;

/// What the results are called on a page.
pub(super) struct CalendarWords {
    /// The first sentences.
    pub(super) lead: &'static str,
    /// All of a cell's time is valid.
    pub(super) valid: &'static str,
    /// All of the requested part of it is.
    pub(super) part: &'static str,
    /// None of it was requested.
    pub(super) outside: &'static str,
}

/// The words for a verification.
pub(super) const VERIFICATION: CalendarWords = CalendarWords {
    lead: "The result for each hour of each chain, in UTC. A cell shows the worst result of its time.",
    valid: "valid",
    part: "valid in the requested part",
    outside: "not requested, or no digest yet",
};

/// Returns the section.
pub(super) fn section(chains: &ShownChains<'_>, words: &CalendarWords) -> Markup {
    let room = MAX_CELLS / chains.shown.len().max(1);
    let drawn: Vec<_> = chains
        .shown
        .iter()
        .map(|(number, chain)| (*number, *chain, Grid::of(&chain.coverage, room)))
        .collect();
    let only_hours = drawn.iter().all(|(_, _, grid)| grid.unit == Unit::Hour);
    html! {
        section #coverage aria-labelledby="coverage-title" {
            h2 #coverage-title { "Coverage" }
            p.lead {
                (words.lead)
                @if !only_hours {
                    " A page has room for " (text::number(MAX_CELLS)) " cells, "
                    (text::number(room)) " for each chain. A chain that needs more is drawn in days or in months, as its rows show."
                }
            }
            (legend(words))
            @for account in drawn.chunk_by(|(_, one, _), (_, other, _)| same_account(one, other)) {
                (account_group(account))
            }
            (chains.note())
        }
    }
}

fn same_account(one: &ChainReport, other: &ChainReport) -> bool {
    one.account == other.account && one.shares_prefix_with(other)
}

fn legend(words: &CalendarWords) -> Markup {
    html! {
        ul.legend aria-label="Legend" {
            @for (cell, meaning) in [
                (Cell::Valid, words.valid),
                (Cell::Part, words.part),
                (Cell::Finding, "finding"),
                (Cell::CannotTell, "cannot tell"),
                (Cell::Outside, words.outside),
            ] {
                li { span.h aria-hidden="true" { (cell_markup(cell)) } " " (meaning) }
            }
        }
    }
}

fn account_group(group: &[(usize, &ChainReport, Grid)]) -> Markup {
    let Some((_, first, _)) = group.first() else {
        return html! {};
    };
    let damaged = group
        .iter()
        .filter(|(_, chain, _)| !is_fine(chain.verdict))
        .count();
    html! {
        details.account open {
            summary {
                h3 { "Account " (text::isolated(&first.account)) }
                span.sub {
                    (text::count(group.len(), "chain", "chains")) ", "
                    @if damaged == 0 { "all valid" } @else { (text::number(damaged)) " not valid" }
                    "; " (chains::place(first))
                }
            }
            div.months {
                @for (number, chain, grid) in group { (calendar(*number, chain, grid)) }
            }
        }
    }
}

fn calendar(number: usize, chain: &ChainReport, grid: &Grid) -> Markup {
    let anchor = chains::anchor(number);
    html! {
        section.chain id=(anchor) aria-labelledby={ (anchor) "-title" } {
            h4 id={ (anchor) "-title" } {
                (text::isolated(&chain.region)) " " span.trail { (text::isolated(&chain.trail)) }
                (outcome::badge(chain.verdict))
            }
            @if grid.rows.is_empty() {
                p.quiet { "No time is covered." }
            } @else {
                div class={ "grid " (grid.unit.class()) } {
                    div.scale aria-hidden="true" {
                        span.d { (grid.unit.heading()) }
                        span.h { @for mark in grid.unit.scale() { b { (mark) } } }
                    }
                    ol {
                        @for row in &grid.rows { (row_markup(row)) }
                    }
                }
            }
            @if grid.cut {
                p.more { "Older rows are not drawn. " code { "--format json" } " contains them." }
            }
        }
    }
}

fn row_markup(row: &Row) -> Markup {
    match row {
        Row::Drawn {
            label,
            summary,
            cells,
        } => html! {
            li {
                span.d aria-hidden="true" { (label) }
                span.h role="img" aria-label=(summary) title=(summary) {
                    @for cell in cells { (cell_markup(*cell)) }
                }
            }
        },
        Row::Folded { cell, words } => html! {
            li.fold {
                span.h aria-hidden="true" { (cell_markup(*cell)) }
                span { (words) }
            }
        },
    }
}

fn cell_markup(cell: Cell) -> Markup {
    html! { i class=(cell.class()) {} }
}

impl Cell {
    fn class(self) -> &'static str {
        match self {
            Self::Valid => outcome::class(Outcome::Valid),
            Self::Part => "p",
            Self::Finding => outcome::class(Outcome::Finding),
            Self::CannotTell => outcome::class(Outcome::CannotTell),
            Self::Outside => "o",
        }
    }
}

impl Unit {
    fn class(self) -> &'static str {
        match self {
            Self::Hour => "hours",
            Self::Day => "days",
            Self::Month => "year",
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// Returns the labels above the cells: about every third cell has one.
    fn scale(self) -> Vec<String> {
        let (first, last, step): (usize, usize, usize) = match self {
            Self::Hour => (0, 23, 3),
            Self::Day => (1, 31, 5),
            Self::Month => (1, 12, 1),
        };
        (first..=last)
            .map(|cell| {
                if (cell - first).is_multiple_of(step) {
                    format!("{cell:02}")
                } else {
                    String::new()
                }
            })
            .collect()
    }
}
