//! Any bytes are what the hourly look remembers, its message, or an error. What is written is read
//! back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::check::guard::GuardState;
use trailseal::watch::{AccountMemory, StackMemory, Tick};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(memory) = AccountMemory::read(bytes) {
        assert_eq!(AccountMemory::read(memory.to_json().as_bytes()), Ok(memory));
    }
    if let Ok(state) = GuardState::read(bytes) {
        assert_eq!(GuardState::read(state.to_json().as_bytes()), Ok(state));
    }
    let memory = StackMemory::read(bytes);
    assert_eq!(StackMemory::read(memory.to_json().as_bytes()), memory);
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(tick) = Tick::read(text)
    {
        assert_eq!(Tick::read(&tick.clone().into_message()), Ok(tick));
    }
});
