//! What rounds remember, and their messages: read back unchanged, whatever somebody writes into them.

use super::{AccountMemory, StackMemory, Tick};
use crate::check::guard::GuardState;
use proptest::prelude::*;

/// The page that shows the document of an account.
const PAGE: &str = include_str!("../../../../docs/watchdog.md");

/// Returns the document that the page shows.
fn shown() -> &'static str {
    let document = PAGE.split("```json\n").nth(1).unwrap();
    document.split("```").next().unwrap()
}

/// Returns a text of a document with some characters replaced.
fn damaged(text: String) -> impl Strategy<Value = String> {
    let places = proptest::collection::vec((any::<prop::sample::Index>(), any::<char>()), 0..4);
    places.prop_map(move |places| {
        let mut text: Vec<char> = text.chars().collect();
        for (place, by) in places {
            let place = place.index(text.len());
            text[place] = by;
        }
        text.into_iter().collect()
    })
}

/// Returns any of the documents and messages, as they are written.
fn written() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        shown().to_owned(),
        StackMemory::default().to_json(),
        GuardState::default().to_json(),
        Tick::default().into_message(),
        r#"{"watch":{"after":"111122223333","failed":["111111111111"],"totals":{"chains":17,"oldest":"2026-01-15T12:00:00Z"}}}"#.to_owned(),
    ])
}

/// The document of the page is what a round remembers, in the order of its fields.
#[test]
fn the_document_of_the_page_is_read_and_written_unchanged() {
    let memory = AccountMemory::read(shown().as_bytes()).unwrap();
    let [condition] = memory.conditions.values().collect::<Vec<_>>()[..] else {
        panic!("{memory:#?}");
    };
    assert!(condition.reported);
    let without_space: String = shown().split_whitespace().collect();
    assert_eq!(memory.to_json(), without_space);
}

proptest! {
    #[test]
    fn what_is_remembered_is_read_back(text in written().prop_flat_map(damaged)) {
        if let Ok(memory) = AccountMemory::read(text.as_bytes()) {
            prop_assert_eq!(AccountMemory::read(memory.to_json().as_bytes()), Ok(memory));
        }
        if let Ok(state) = GuardState::read(text.as_bytes()) {
            prop_assert_eq!(GuardState::read(state.to_json().as_bytes()), Ok(state));
        }
        let memory = StackMemory::read(text.as_bytes());
        prop_assert_eq!(StackMemory::read(memory.to_json().as_bytes()), memory);
        if let Ok(tick) = Tick::read(&text) {
            prop_assert_eq!(Tick::read(&tick.clone().into_message()), Ok(tick));
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = AccountMemory::read(&bytes);
        let _ = StackMemory::read(&bytes);
    }
}
