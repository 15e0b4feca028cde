//! A machine without a compiler, which follows the documentation.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use trailseal_tests::local::paths;
use trailseal_tests::local::server::{REGION, client_environment};

/// What the machine has besides the AWS CLI: programs of every Linux.
const TOOLS: [&str; 7] = ["sh", "tar", "gzip", "sha256sum", "uname", "cat", "ls"];

/// What it must not have.
const COMPILERS: [&str; 8] = [
    "cargo", "rustc", "rustup", "cc", "gcc", "clang", "zig", "sam",
];

pub(crate) struct Machine {
    // It has the programs and the home folder.
    folder: TempDir,
    release: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Machine {
    /// Returns a machine that has the folder of a release, and an AWS at an endpoint.
    pub(crate) fn with(release: &Path, endpoint: &str) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("trailseal-machine-")
            .tempdir()?;
        let programs = folder.path().join("bin");
        fs::create_dir(&programs)?;
        let path = std::env::var("PATH")?;
        for tool in TOOLS {
            let found = path.split(':').map(|folder| Path::new(folder).join(tool));
            let found = found.into_iter().find(|program| program.is_file());
            let found = found.with_context(|| format!("{tool} is not installed"))?;
            std::os::unix::fs::symlink(found, programs.join(tool))?;
        }
        let aws = programs.join("aws");
        // The local AWS may be slow. The AWS CLI would send a request again after a minute.
        let script = format!(
            "#!{}\nexec {} {} --cli-read-timeout 0 \"$@\"\n",
            programs.join("sh").display(),
            paths::python().display(),
            paths::aws_cli().display()
        );
        fs::write(&aws, script)?;
        fs::set_permissions(&aws, fs::Permissions::from_mode(0o755))?;
        let mut environment = client_environment(endpoint, REGION);
        for (name, value) in [
            ("PATH", programs.display().to_string()),
            ("HOME", folder.path().display().to_string()),
            ("AWS_PAGER", String::new()),
        ] {
            environment.insert(name.to_owned(), value);
        }
        let machine = Self {
            folder,
            release: release.to_owned(),
            environment,
        };
        for compiler in COMPILERS {
            let found = machine.run(&format!("command -v {compiler}"))?;
            ensure!(!found.status.success(), "the machine has {compiler}");
        }
        Ok(machine)
    }

    /// Runs a script in the folder of the release.
    pub(crate) fn run(&self, script: &str) -> Result<Output> {
        Command::new(self.folder.path().join("bin/sh"))
            .args(["-eu", "-c", script])
            .env_clear()
            .envs(&self.environment)
            .current_dir(&self.release)
            .output()
            .context("sh")
    }

    /// Does what a section of docs/install.md says first, and returns what that prints.
    pub(crate) fn follow(&self, section: &str) -> Result<String> {
        let output = self.run(&first_commands(section)?)?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        // The AWS CLI prints how much of a file is uploaded, each time in place of the last one.
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.rsplit('\r').next().unwrap_or_default();
        ensure!(output.status.success(), "{section}: {printed}{said}");
        Ok(printed)
    }
}

/// Returns the first block of commands of a section.
fn first_commands(section: &str) -> Result<String> {
    let document = fs::read_to_string(paths::repository().join("docs/install.md"))?;
    let heading = format!("\n## {section}\n");
    let (_, after) = document
        .split_once(&heading)
        .with_context(|| format!("no section {section}"))?;
    let of_section = after.split("\n## ").next().unwrap_or_default();
    let (_, block) = of_section.split_once("```sh\n").context("no commands")?;
    let (commands, _) = block.split_once("\n```").context("no end of commands")?;
    Ok(commands.to_owned())
}
