//! The start of a function, measured from its process to its first request for an invocation.
//!
//! The emulator gets a small script in place of the function. It starts this program again, which
//! announces itself at the [`Gate`] and then becomes the function, with the gate as its runtime
//! API. The gate notes the first request and passes everything on to the emulator.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{self, TcpListener};

/// The argument that makes this program the one that becomes the function:
/// `start-function GATE PROGRAM`.
pub(crate) const CHILD: &str = "start-function";

/// The variable with the address of the runtime API.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
/// The first word of an announcement.
const START: &str = "START ";
/// The size of the first bytes of a connection.
const FIRST: usize = 256;

/// Takes the time of one function's starts.
#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    emulator: String,
    began: Option<Instant>,
    took: Option<Duration>,
}

impl Gate {
    /// Opens a gate on a free port.
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let gate = Self {
            address: listener.local_addr()?,
            state: Arc::default(),
        };
        tokio::spawn(accept(listener, Arc::clone(&gate.state)));
        Ok(gate)
    }

    /// Writes a program into `folder` that starts `function` through this gate.
    pub(crate) fn launcher(&self, folder: &Path, function: &Path) -> anyhow::Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let path = folder.join("bootstrap");
        let this = std::env::current_exe()?;
        let script = format!(
            "#!/bin/sh\nexec '{}' {CHILD} {} '{}'\n",
            this.display(),
            self.address,
            function.display(),
        );
        fs::write(&path, script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(path)
    }

    /// Returns how long the last start took.
    pub(crate) fn take(&self) -> anyhow::Result<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state
            .took
            .take()
            .context("the function asked for no invocation")
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            // A connection that the function or the emulator cuts is their concern.
            let _ = pass(stream, &state).await;
        });
    }
}

async fn pass(mut stream: net::TcpStream, state: &Mutex<State>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0; FIRST];
    let length = stream.read(&mut first).await?;
    let arrived = Instant::now();
    let first = &first[..length];
    if let Some(emulator) = std::str::from_utf8(first)?.strip_prefix(START) {
        {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            emulator.trim().clone_into(&mut state.emulator);
            state.took = None;
            state.began = Some(Instant::now());
        }
        // The function starts when it reads this.
        stream.write_all(b"\n").await?;
        return Ok(());
    }
    let emulator = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(began) = state.began.take() {
            state.took = Some(arrived - began);
        }
        state.emulator.clone()
    };
    let mut upstream = net::TcpStream::connect(emulator).await?;
    upstream.set_nodelay(true)?;
    upstream.write_all(first).await?;
    copy_bidirectional(&mut stream, &mut upstream).await?;
    Ok(())
}

/// Runs as the process that becomes the function.
pub(crate) fn child(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let [_, gate, function] = arguments else {
        bail!("{CHILD} GATE PROGRAM");
    };
    let emulator = std::env::var(RUNTIME_API).context(RUNTIME_API)?;
    let mut stream = TcpStream::connect(gate)?;
    stream.set_nodelay(true)?;
    stream.write_all(format!("{START}{emulator}").as_bytes())?;
    stream.read_exact(&mut [0])?;
    let error = Command::new(function).env(RUNTIME_API, gate).exec();
    Err(error).with_context(|| format!("starting {function}"))
}
