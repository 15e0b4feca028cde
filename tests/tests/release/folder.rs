//! The folder of a release, packed from the executables that are built.

use std::collections::{BTreeMap, BTreeSet};
use std::env::consts::ARCH;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use trailseal_tests::local::paths;

/// The time of the commit that is released, in seconds since 1970.
const COMMITTED: &str = "1768435200";

/// Returns Lambda's name of this machine's architecture.
pub(crate) fn architecture() -> &'static str {
    if ARCH == "aarch64" { "arm64" } else { ARCH }
}

/// Returns the target of the command that is built here.
pub(crate) fn target() -> String {
    format!("{ARCH}-unknown-linux-gnu")
}

/// What a release is packed from.
pub(crate) struct Built {
    folder: TempDir,
}

impl Built {
    /// Returns the functions of the template and the command, as they are built.
    pub(crate) fn here() -> Result<Self> {
        let built = Self::empty()?;
        for (logical_id, executable) in functions()? {
            built.add_function(&executable, &paths::bootstrap(&logical_id)?)?;
        }
        built.add_command(&paths::command()?)?;
        Ok(built)
    }

    /// Returns small executables: what they do does not matter to a test of the archives.
    pub(crate) fn stand_ins() -> Result<Self> {
        let built = Self::empty()?;
        for executable in functions()?.values() {
            built.add_function(executable, &fs::canonicalize("/bin/true")?)?;
        }
        built.add_command(&paths::command()?)?;
        Ok(built)
    }

    fn empty() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("trailseal-built-")
            .tempdir()?;
        Ok(Self { folder })
    }

    /// Returns where the executable of a function is expected.
    pub(crate) fn function(&self, executable: &str) -> PathBuf {
        self.folder
            .path()
            .join("functions")
            .join(executable)
            .join("bootstrap")
    }

    /// Returns the folder of the command.
    pub(crate) fn command(&self) -> PathBuf {
        self.folder.path().join("command")
    }

    fn add_function(&self, executable: &str, program: &Path) -> Result<()> {
        let bootstrap = self.function(executable);
        if bootstrap.exists() {
            return Ok(());
        }
        fs::create_dir_all(bootstrap.parent().context("a folder")?)?;
        symlink(program, &bootstrap).context("linking a function")
    }

    /// Adds the command and the programs next to it, without their symbols.
    fn add_command(&self, command: &Path) -> Result<()> {
        let folder = self.command();
        fs::create_dir_all(&folder)?;
        for name in ["trailseal", "trailseal-doctor"] {
            let program = command.with_file_name(name);
            if program.is_file() {
                let mut strip = Command::new("strip");
                succeeds(strip.arg("-o").arg(folder.join(name)).arg(program))?;
            }
        }
        Ok(())
    }

    /// Packs the release into a folder, with further arguments.
    pub(crate) fn pack(&self, out: &Path, more: &[&OsStr]) -> Result<Output> {
        let folder = self.folder.path();
        let functions = format!("{}={}", architecture(), folder.join("functions").display());
        let command = format!("{}={}", target(), self.command().display());
        Command::new(paths::python())
            .arg(paths::repository().join("release/package.py"))
            .arg("--out")
            .arg(out)
            .args(["--functions", &functions, "--command", &command])
            .arg("--metadata")
            .arg(metadata())
            .args(more)
            .env("SOURCE_DATE_EPOCH", COMMITTED)
            .output()
            .context("release/package.py")
    }
}

/// The folder of a release.
pub(crate) struct Release {
    // It is removed with this value.
    _parent: TempDir,
    folder: PathBuf,
}

impl Release {
    /// Packs a release.
    pub(crate) fn of(built: &Built) -> Result<Self> {
        let parent = tempfile::Builder::new()
            .prefix("trailseal-release-")
            .tempdir()?;
        let folder = parent.path().join("release");
        let packed = built.pack(&folder, &[])?;
        ensure!(
            packed.status.success(),
            "{}",
            String::from_utf8_lossy(&packed.stderr)
        );
        Ok(Self {
            _parent: parent,
            folder,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn read(&self, name: &str) -> Result<String> {
        let path = self.folder.join(name);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    }

    pub(crate) fn names(&self) -> Result<BTreeSet<String>> {
        let entries = fs::read_dir(&self.folder)?;
        let names =
            entries.map(|entry| anyhow::Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }
}

/// Returns the executable of each function by its logical ID, from the repository's template.
pub(crate) fn functions() -> Result<BTreeMap<String, String>> {
    let mut translate = Command::new(paths::python());
    let output = succeeds(
        translate
            .arg(paths::translate_script())
            .arg(paths::template()),
    )?;
    let template: Value = serde_json::from_slice(&output.stdout)?;
    let resources = template["Resources"].as_object().context("resources")?;
    let functions = resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::Lambda::Function");
    let functions = functions.map(|(name, function)| {
        let executable = function["Metadata"]["BuildProperties"]["Binary"].as_str();
        Ok((name.clone(), executable.context("a binary")?.to_owned()))
    });
    functions.collect()
}

/// Runs a program that must succeed.
pub(crate) fn succeeds(command: &mut Command) -> Result<Output> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}

/// Returns the file with what `cargo metadata` says about this machine's platform.
fn metadata() -> &'static Path {
    static FILE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, file) = FILE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("metadata.json");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .args(["--filter-platform", &target()])
            .current_dir(paths::repository());
        let output = succeeds(&mut command).expect("cargo metadata");
        fs::write(&file, output.stdout).expect("a file");
        (folder, file)
    });
    file
}
