//! The files of a release: what is in them, and that they depend on nothing but their content.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use trailseal_tests::local::paths;

use crate::folder::{Built, Release, architecture, functions, succeeds, target};

/// Returns a release of small executables, which the tests share.
fn release() -> &'static Release {
    static RELEASE: OnceLock<Release> = OnceLock::new();
    RELEASE.get_or_init(|| {
        let built = Built::stand_ins().expect("executables");
        Release::of(&built).expect("a release")
    })
}

/// Runs a check of tests/release.
fn check(script: &str, arguments: &[&OsStr]) -> Result<()> {
    let mut python = Command::new(paths::python());
    python
        .arg(paths::repository().join("tests/release").join(script))
        .args(arguments);
    succeeds(&mut python)?;
    Ok(())
}

#[test]
fn the_same_executables_give_the_same_files() -> Result<()> {
    // In another folder, later, and with other modes.
    let built = Built::stand_ins()?;
    for executable in functions()?.values() {
        let bootstrap = built.function(executable);
        let content = fs::read(&bootstrap)?;
        fs::remove_file(&bootstrap)?;
        fs::write(&bootstrap, content)?;
        fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o700))?;
    }
    let again = Release::of(&built)?;
    let checksums = release().read("SHA256SUMS")?;
    assert_eq!(again.read("SHA256SUMS")?, checksums);
    let named = checksums.lines().filter_map(|line| line.split_once("  "));
    let named: Vec<String> = named.map(|(_, name)| name.to_owned()).collect();
    let mut packed = release().names()?;
    assert!(packed.remove("SHA256SUMS"));
    assert!(packed.iter().eq(&named), "{packed:?} {named:?}");
    Ok(())
}

#[test]
fn an_archive_of_a_function_holds_its_executable() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for executable in functions()?.values() {
        let archive = release()
            .folder()
            .join(format!("{executable}-{}.zip", architecture()));
        let unpacked = folder.path().join(executable);
        let mut unpack = Command::new(paths::python());
        unpack.arg(paths::repository().join("tests/local-aws/unpack.py"));
        succeeds(unpack.arg(&archive).arg(&unpacked))?;
        let files: Vec<_> = fs::read_dir(&unpacked)?.collect::<Result<_, _>>()?;
        assert_eq!(files.len(), 1, "{executable}");
        let bootstrap = unpacked.join("bootstrap");
        assert_eq!(
            fs::metadata(&bootstrap)?.permissions().mode() & 0o777,
            0o755
        );
        assert!(fs::read(bootstrap)? == fs::read("/bin/true")?);
    }
    Ok(())
}

#[test]
fn the_command_comes_with_its_manual_completions_and_licenses() -> Result<()> {
    let title = format!("trailseal-{}-{}", env!("CARGO_PKG_VERSION"), target());
    let folder = tempfile::tempdir()?;
    let mut tar = Command::new("tar");
    tar.arg("-xzf")
        .arg(release().folder().join(format!("{title}.tar.gz")));
    succeeds(tar.arg("-C").arg(folder.path()))?;
    let unpacked = folder.path().join(title);
    let read = |name: &str| fs::read_to_string(unpacked.join(name)).context(name.to_owned());
    assert!(read("man/trailseal.1")?.contains(".SH SYNOPSIS"));
    assert!(read("completions/trailseal.bash")?.contains("complete "));
    assert!(read("completions/_trailseal")?.starts_with("#compdef trailseal"));
    assert!(read("completions/trailseal.fish")?.contains("complete -c trailseal"));
    assert_eq!(read("LICENSE")?, release().read("LICENSE")?);
    let notices = read("THIRD-PARTY-LICENSES.txt")?;
    assert!(notices.contains("\nrustls ") && notices.contains("Permission is hereby granted"));
    let mode = fs::metadata(unpacked.join("trailseal"))?
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o755);
    Ok(())
}

#[test]
fn the_packaged_template_is_the_template() -> Result<()> {
    let template = packaged_template();
    check(
        "check_template.py",
        &[template.as_os_str(), architecture().as_ref()],
    )
}

#[test]
fn the_packaged_template_passes_the_linters() -> Result<()> {
    let template = packaged_template();
    let tool = |name: &str| Command::new(paths::venv().join("bin").join(name));
    succeeds(tool("cfn-lint").arg(&template))?;
    let home = tempfile::tempdir()?;
    let mut sam = tool("sam");
    sam.args(["validate", "--lint", "--region", "us-east-1", "--template"])
        .arg(&template)
        .env("SAM_CLI_TELEMETRY", "0")
        .env("HOME", home.path());
    succeeds(&mut sam)?;
    Ok(())
}

fn packaged_template() -> std::path::PathBuf {
    let suffix = if architecture() == "x86_64" {
        ""
    } else {
        "-arm64"
    };
    release()
        .folder()
        .join(format!("template-packaged{suffix}.yaml"))
}

#[test]
fn the_terraform_module_has_the_parameters_of_the_template() -> Result<()> {
    check("check_terraform.py", &[packaged_template().as_os_str()])?;
    let mut python = Command::new(paths::python());
    python
        .arg(paths::repository().join("release/terraform_parameters.py"))
        .arg("--check");
    succeeds(&mut python)?;
    Ok(())
}

#[test]
fn the_sbom_lists_what_the_executables_contain() -> Result<()> {
    let names = release().names()?;
    let sbom = names.iter().find(|name| name.ends_with(".cdx.json"));
    let sbom = release().folder().join(sbom.context("no SBOM")?);
    check("check_sbom.py", &[sbom.as_os_str()])
}

/// Packs a release of `built`, which must fail, and returns the reason.
fn refusal(built: &Built, more: &[&OsStr]) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let packed = built.pack(folder.path(), more)?;
    assert!(!packed.status.success());
    assert!(!folder.path().join("SHA256SUMS").exists());
    Ok(String::from_utf8(packed.stderr)?)
}

#[test]
fn executables_that_are_not_what_the_release_says_are_refused() -> Result<()> {
    let executables = functions()?;
    let executable = executables.values().next().context("a function")?;
    let built = Built::stand_ins()?;
    let audited = refusal(&built, &["--audited".as_ref()])?;
    assert!(audited.contains("has no list of its crates"), "{audited}");

    let bootstrap = built.function(executable);
    let mut content = fs::read(&bootstrap)?;
    // e_machine of the ELF header: a processor that Lambda does not have (MIPS).
    content[18] = 8;
    fs::remove_file(&bootstrap)?;
    fs::write(&bootstrap, &content)?;
    let foreign = refusal(&built, &[])?;
    assert!(foreign.contains("is for EM_MIPS"), "{foreign}");

    fs::write(&bootstrap, "#!/bin/sh\n")?;
    let script = refusal(&built, &[])?;
    assert!(script.contains("is not an ELF file"), "{script}");

    fs::remove_file(&bootstrap)?;
    let missing = refusal(&built, &[])?;
    assert!(missing.contains("is not built"), "{missing}");
    Ok(())
}

#[test]
fn a_command_that_is_not_static_is_not_called_so() -> Result<()> {
    let built = Built::stand_ins()?;
    let musl = format!(
        "{}={}",
        target().replace("-gnu", "-musl"),
        built.command().display()
    );
    let refused = refusal(&built, &["--command".as_ref(), musl.as_ref()])?;
    assert!(refused.contains("is not static"), "{refused}");
    Ok(())
}

#[test]
fn a_folder_that_has_files_is_not_written_to() -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("other"), "")?;
    let packed = Built::stand_ins()?.pack(folder.path(), &[])?;
    let reason = String::from_utf8(packed.stderr)?;
    assert!(reason.contains("is not empty"), "{reason}");
    Ok(())
}

#[test]
fn the_workflows_call_what_exists() -> Result<()> {
    check("check_workflows.py", &[])
}
