use super::Cell::{CannotTell, Finding, Outside, Part, Valid};
use super::*;

fn stretch(from: &str, to: &str, state: Outcome) -> Stretch {
    Stretch {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        state,
        digests: 1,
        log_files: 1,
    }
}

/// Returns the summary and the cells of a row that is drawn.
fn drawn(row: &Row) -> (&str, &[Cell]) {
    match row {
        Row::Drawn { summary, cells, .. } => (summary, cells),
        Row::Folded { words, .. } => panic!("{words} is folded"),
    }
}

/// Returns the words of folded rows, and the names of the others.
fn words(grid: &Grid) -> Vec<&str> {
    grid.rows
        .iter()
        .map(|row| match row {
            Row::Drawn { label, .. } => label.as_str(),
            Row::Folded { words, .. } => words.as_str(),
        })
        .collect()
}

#[test]
fn a_chain_that_ended_months_ago_is_collapsed() {
    let mut ended = [
        stretch(
            "2026-01-14T00:00:00Z",
            "2026-01-15T12:00:00Z",
            Outcome::Valid,
        ),
        stretch(
            "2026-01-15T12:00:00Z",
            "2026-11-27T08:30:00Z",
            Outcome::Finding,
        ),
    ];
    ended[1].digests = 0;
    let grid = Grid::of(&ended, 24 * 5);
    assert_eq!(grid.unit, Unit::Hour);
    assert_eq!(
        words(&grid),
        [
            "01-14",
            "01-15",
            "2026-01-16 to 2026-11-26: no digest",
            "11-27"
        ]
    );
    assert!(matches!(grid.rows[2], Row::Folded { cell: Finding, .. }));
    assert_eq!(drawn(&grid.rows[1]).1[11..13], [Valid, Finding]);
    assert_eq!(drawn(&grid.rows[3]).0, "2026-11-27: finding 00:00 to 08:30");
}

#[test]
fn a_long_bad_range_in_the_middle_is_collapsed_and_a_short_one_is_drawn() {
    let with = |days: i64, state| {
        let start: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let end = start + (days * 24).hours();
        let mut stretches = vec![stretch(
            "2026-01-01T00:00:00Z",
            "2026-01-02T00:00:00Z",
            Outcome::Valid,
        )];
        for (from, to, state) in [(start, end, state), (end, end + 24.hours(), Outcome::Valid)] {
            stretches.push(Stretch {
                from,
                to,
                ..stretch("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", state)
            });
        }
        Grid::of(&stretches, 10_000)
    };
    let unread = with(6, Outcome::CannotTell);
    assert_eq!(
        words(&unread),
        ["01-01", "2026-01-02 to 2026-01-07: cannot tell", "01-08"]
    );
    // Their digests exist.
    let damaged = with(5, Outcome::Finding);
    assert_eq!(
        words(&damaged),
        ["01-01", "2026-01-02 to 2026-01-06: finding", "01-07"]
    );
    assert_eq!(with(4, Outcome::Finding).rows.len(), 6);
    assert_eq!(with(30, Outcome::Valid).rows.len(), 32);
}

#[test]
fn a_cell_shows_the_worst_state_of_its_time() {
    let grid = Grid::of(
        &[
            stretch(
                "2026-01-14T22:30:00Z",
                "2026-01-15T02:00:00Z",
                Outcome::Valid,
            ),
            stretch(
                "2026-01-15T02:00:00Z",
                "2026-01-15T04:30:00Z",
                Outcome::Finding,
            ),
            stretch(
                "2026-01-15T04:30:00Z",
                "2026-01-15T05:30:00Z",
                Outcome::CannotTell,
            ),
            stretch(
                "2026-01-15T05:30:00Z",
                "2026-01-15T06:30:00Z",
                Outcome::Valid,
            ),
        ],
        1000,
    );
    assert_eq!(grid.unit, Unit::Hour);
    let [first, second] = &grid.rows[..] else {
        panic!("two days")
    };
    let (first, second) = (drawn(first), drawn(second));
    assert_eq!(first.1[21], Cell::Outside);
    assert_eq!(first.1[22], Cell::Part);
    assert_eq!(first.1[23], Cell::Valid);
    assert_eq!(
        second.1[..8],
        [
            Valid, Valid, Finding, Finding, Finding, CannotTell, Part, Outside
        ]
    );
    assert_eq!(
        second.0,
        "2026-01-15: valid 00:00 to 02:00, finding 02:00 to 04:30, cannot tell 04:30 to 05:30, valid 05:30 to 06:30"
    );
}

#[test]
fn a_year_is_drawn_in_days_or_months_when_hours_do_not_fit() {
    let year = [
        stretch(
            "2025-01-01T00:00:00Z",
            "2025-05-03T07:00:00Z",
            Outcome::Valid,
        ),
        stretch(
            "2025-05-03T07:00:00Z",
            "2025-05-03T08:00:00Z",
            Outcome::Finding,
        ),
        stretch(
            "2025-05-03T08:00:00Z",
            "2026-01-01T00:00:00Z",
            Outcome::Valid,
        ),
    ];
    let days = Grid::of(&year, 12 * 31);
    assert_eq!((days.unit, days.rows.len()), (Unit::Day, 12));
    assert_eq!(drawn(&days.rows[1]).1.len(), 28);
    assert_eq!(drawn(&days.rows[4]).1[2], Cell::Finding);
    assert_eq!(drawn(&days.rows[4]).1[3], Cell::Valid);
    let months = Grid::of(&year, 12 * 31 - 1);
    assert_eq!((months.unit, months.rows.len()), (Unit::Month, 1));
    assert_eq!(drawn(&months.rows[0]).1[4], Cell::Finding);
    assert_eq!(drawn(&months.rows[0]).1[5], Cell::Valid);
    assert!(!months.cut);
}

#[test]
fn a_forged_date_takes_one_row_and_ages_are_skipped() {
    let grid = Grid::of(
        &[
            stretch(
                "0001-01-01T00:00:00Z",
                "0001-01-01T01:00:00Z",
                Outcome::Finding,
            ),
            stretch(
                "2026-01-15T00:00:00Z",
                "2026-01-15T02:00:00Z",
                Outcome::Valid,
            ),
        ],
        240,
    );
    assert_eq!((grid.unit, grid.rows.len()), (Unit::Hour, 2));
    let ages = [Stretch {
        from: Timestamp::MIN,
        to: Timestamp::MAX,
        state: Outcome::Finding,
        digests: 0,
        log_files: 0,
    }];
    let grid = Grid::of(&ages, 240);
    assert!(!grid.cut && grid.rows.len() <= 3, "{grid:?}");
    let ages = ages.map(|stretch| Stretch {
        state: Outcome::Valid,
        ..stretch
    });
    let grid = Grid::of(&ages, 240);
    assert_eq!((grid.unit, grid.cut), (Unit::Month, true));
    assert!(grid.rows.len() <= 20);
}
