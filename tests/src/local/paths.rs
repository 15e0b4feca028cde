//! Where the repository keeps what the harness starts.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from(".."), Path::to_path_buf)
}

/// The Python environment that `make` creates; `TRAILSEAL_VENV` names another one.
pub fn venv() -> PathBuf {
    env::var_os("TRAILSEAL_VENV").map_or_else(|| repository().join(".venv"), PathBuf::from)
}

/// The Python interpreter of the environment.
pub fn python() -> PathBuf {
    venv().join("bin/python3")
}

/// The AWS CLI of the environment.
pub fn aws_cli() -> PathBuf {
    venv().join("bin/aws")
}

/// AWS's Lambda runtime interface emulator, as it comes inside the SAM CLI's wheel.
pub fn runtime_emulator() -> Result<PathBuf> {
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    let lib = venv().join("lib");
    fs::read_dir(&lib)
        .with_context(|| format!("{} (run `make venv`?)", lib.display()))?
        .flatten()
        .map(|python| {
            python.path().join(format!(
                "site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}"
            ))
        })
        .find(|path| path.is_file())
        .with_context(|| format!("no aws-lambda-rie-{architecture} under {}", lib.display()))
}

/// Where `sam build` leaves the functions, one folder a logical id; `TRAILSEAL_FUNCTIONS_DIR` names
/// another place.
pub fn functions() -> PathBuf {
    env::var_os("TRAILSEAL_FUNCTIONS_DIR")
        .map_or_else(|| repository().join(".aws-sam/build"), PathBuf::from)
}

/// The built executable of one function of the template.
pub fn bootstrap(logical_id: &str) -> PathBuf {
    functions().join(logical_id).join("bootstrap")
}

/// The built `trailseal`, beside the test that is running; `TRAILSEAL_COMMAND` names another one.
pub fn command() -> Result<PathBuf> {
    if let Some(program) = env::var_os("TRAILSEAL_COMMAND") {
        return Ok(program.into());
    }
    let test = env::current_exe()?;
    // target/debug/deps/TEST
    let folder = test
        .parent()
        .and_then(Path::parent)
        .context("a target folder")?;
    let program = folder.join("trailseal");
    ensure!(
        program.is_file(),
        "{} is not there: run `cargo build --workspace --locked --bin trailseal`",
        program.display()
    );
    Ok(program)
}

/// The script that starts moto with what it lacks.
pub fn server_script() -> PathBuf {
    repository().join("tests/local-aws/server.py")
}

/// The script that turns the template into plain `CloudFormation`.
pub fn translate_script() -> PathBuf {
    repository().join("tests/local-aws/translate.py")
}

/// The template under test.
pub fn template() -> PathBuf {
    repository().join("template.yaml")
}
