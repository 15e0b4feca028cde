//! What a day costs with other sizes of memory.

use super::assumptions::ACCOUNTS;
use super::bill::{Bill, Inputs};
use super::settings::{Function, Settings};
use super::tables::usd;
use crate::report::{Section, Table, seconds};

/// The sizes in MB. With the fourth, Lambda gives a whole processor.
pub(crate) const SIZES: [u32; 6] = [256, 512, 1_024, 1_769, 2_048, 3_008];

/// Returns the section about sizes of memory, for the largest organization.
pub(super) fn section(inputs: Inputs<'_>) -> Section {
    let mut section = Section::new(
        "Memory",
        format!(
            "{} accounts, a day: the time of an invocation, and the dollars for GB-seconds, if a function has another size of memory. Lambda's share of a processor is in proportion to it. **Bold** is the size in `template.yaml`.",
            ACCOUNTS[2]
        ),
    );
    let bills = SIZES.map(|size| with_memory(inputs, size));
    let head: Vec<String> = SIZES.iter().map(|size| format!("{size} MB")).collect();
    let mut rows = Table::new(std::array::from_fn::<_, { SIZES.len() + 1 }, _>(|column| {
        column
            .checked_sub(1)
            .map_or("function", |size| head[size].as_str())
    }));
    for function in Function::ALL {
        let mut cells = vec![function.name().to_owned()];
        cells.extend(bills.iter().zip(SIZES).filter_map(|(bill, size)| {
            let work = bill.work.get(&function)?;
            let each = seconds(work.duration / work.invocations);
            let cost = usd(work.gigabyte_seconds * inputs.compute.usd);
            let cell = format!("{each}, {cost}");
            let is_set = (inputs.settings.of(function).memory_mb - f64::from(size)).abs() < 1.0;
            Some(if is_set { format!("**{cell}**") } else { cell })
        }));
        if cells.len() > 1 {
            rows.row(cells);
        }
    }
    section.table(rows);
    section
}

/// Returns the day of the largest organization, if all functions have this much memory.
fn with_memory(inputs: Inputs<'_>, size: u32) -> Bill {
    let mut settings: Settings = inputs.settings.clone();
    for function in settings.functions.values_mut() {
        function.memory_mb = f64::from(size);
    }
    Bill::of(
        ACCOUNTS[2],
        Inputs {
            settings: &settings,
            ..inputs
        },
    )
}
