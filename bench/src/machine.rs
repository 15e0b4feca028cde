//! The machine on which the numbers were measured.

use std::fs;
use std::process::Command;

use trailseal_tests::local::paths;

use crate::report::Table;

/// Returns a table of the properties that matter for the numbers.
pub(crate) fn describe() -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let mut table = Table::new(["machine", ""]);
    let load = read("/proc/loadavg");
    for (what, value) in [
        ("processor", field("/proc/cpuinfo", "model name")),
        ("cores", cores.to_string()),
        ("memory", memory()),
        ("system", format!("{}, {}", release(), kernel())),
        ("rustc", output_of("rustc", &["--version"])),
        (
            "AWS CLI",
            output_of(&paths::aws_cli().display().to_string(), &["--version"]),
        ),
        (
            "load before",
            load.split_whitespace().next().unwrap_or("?").to_owned(),
        ),
    ] {
        table.row([what.to_owned(), value]);
    }
    Ok(table.to_string())
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Returns the value of the first `name : value` line.
fn field(path: &str, name: &str) -> String {
    read(path)
        .lines()
        .find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
        .unwrap_or_else(|| "?".to_owned())
}

fn memory() -> String {
    let kilobytes: Option<u64> = field("/proc/meminfo", "MemTotal")
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok());
    kilobytes.map_or_else(
        || "?".to_owned(),
        |kilobytes| format!("{} MiB", kilobytes / 1024),
    )
}

fn kernel() -> String {
    format!("Linux {}", read("/proc/sys/kernel/osrelease").trim())
}

fn release() -> String {
    read("/etc/os-release")
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map_or_else(|| "?".to_owned(), |name| name.trim_matches('"').to_owned())
}

fn output_of(program: &str, arguments: &[&str]) -> String {
    match Command::new(program).args(arguments).output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(_) => "?".to_owned(),
    }
}
