//! The paths in the repository of what the harness starts.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Returns the root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from(".."), Path::to_path_buf)
}

/// Returns the Python environment that `make` creates; `TRAILSEAL_VENV` names another one.
pub fn venv() -> PathBuf {
    env::var_os("TRAILSEAL_VENV").map_or_else(|| repository().join(".venv"), PathBuf::from)
}

/// Returns the Python interpreter of the environment.
pub fn python() -> PathBuf {
    venv().join("bin/python3")
}

/// Returns the AWS CLI of the environment.
pub fn aws_cli() -> PathBuf {
    venv().join("bin/aws")
}

/// Returns AWS's Lambda runtime interface emulator from the SAM CLI's wheel.
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

/// Returns the built executable of one function of the template. Functions that run the same program
/// share a folder: the template that `sam build` writes names the folder of each.
/// `TRAILSEAL_FUNCTIONS_DIR` names a place with one folder for each logical ID instead.
pub fn bootstrap(logical_id: &str) -> Result<PathBuf> {
    let folder = match env::var_os("TRAILSEAL_FUNCTIONS_DIR") {
        Some(folders) => PathBuf::from(folders).join(logical_id),
        None => built_folder(logical_id)?,
    };
    let program = folder.join("bootstrap");
    ensure!(
        program.is_file(),
        "{} is not built: run `make build`",
        program.display()
    );
    Ok(program)
}

fn built_folder(logical_id: &str) -> Result<PathBuf> {
    let build = repository().join(".aws-sam/build");
    let template = build.join("local.json");
    let text = fs::read_to_string(&template)
        .with_context(|| format!("{} (run `make build`?)", template.display()))?;
    let template: Value = serde_json::from_str(&text)?;
    let folder = template["Resources"][logical_id]["Properties"]["CodeUri"].as_str();
    let folder = folder.with_context(|| format!("the template has no function {logical_id}"))?;
    Ok(build.join(folder))
}

/// Returns the built `trailseal` next to the running test or program; `TRAILSEAL_COMMAND` names another one.
pub fn command() -> Result<PathBuf> {
    if let Some(program) = env::var_os("TRAILSEAL_COMMAND") {
        return Ok(program.into());
    }
    let test = env::current_exe()?;
    // target/debug/deps/TEST, or target/debug/PROGRAM
    let mut folder = test.parent().context("a target folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().context("a target folder")?;
    }
    let program = folder.join("trailseal");
    ensure!(
        program.is_file(),
        "{} is not there: run `cargo build --workspace --locked --bin trailseal`",
        program.display()
    );
    Ok(program)
}

/// Returns the script that starts moto with the additions that it needs.
pub fn server_script() -> PathBuf {
    repository().join("tests/local-aws/server.py")
}

/// Returns the script that translates the template into plain `CloudFormation`.
pub fn translate_script() -> PathBuf {
    repository().join("tests/local-aws/translate.py")
}

/// Returns the template under test.
pub fn template() -> PathBuf {
    repository().join("template.yaml")
}
