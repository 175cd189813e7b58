//! The programs under test, built from the same sources as this kit, and how one is started.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// `tablet`: a tablet without a window.
pub static TABLET: LazyLock<PathBuf> = LazyLock::new(|| built("tablet"));

/// `ailchin-server`: the station.
pub static SERVER: LazyLock<PathBuf> = LazyLock::new(|| built("ailchin-server"));

/// Both are built by one command that takes a moment if nothing changed. A program that is no test was built with the others
/// and lies beside them.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let here = std::env::current_exe().unwrap();
    let beside = here.parent().unwrap();
    if !beside.ends_with("deps") {
        return beside.to_owned();
    }
    let folder = beside.parent().unwrap().to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--target-dir"])
        .arg(folder.parent().unwrap());
    // The packages and features of `make test`, so that nothing is compiled twice.
    cargo.args(["--locked", "--workspace", "--all-features", "--bin", "tablet", "--bin", "ailchin-server"]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    // What cargo tells this test of its own package would have build scripts run anew, and everything after them.
    let told = std::env::vars_os().map(|(name, _)| name);
    for name in
        told.filter(|name| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|of| name.to_string_lossy().starts_with(of)))
    {
        cargo.env_remove(name);
    }
    assert!(cargo.status().unwrap().success(), "the programs under test do not build");
    folder
});

fn built(name: &str) -> PathBuf {
    FOLDER.join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// A process of ours; killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Killer,
    printed: Option<ChildStdout>,
}

/// What ends a process from elsewhere.
#[derive(Clone, Debug)]
pub struct Killer(Arc<Mutex<Child>>);

impl Killer {
    /// Ends the process as a power cut would, and waits until it is gone.
    pub fn kill(&self) {
        let mut child = self.lock();
        let _ = child.kill();
        let _ = child.wait();
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process {
    /// What the system calls it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.lock().id()
    }

    /// Starts a program and waits for the first line it prints; its error output goes to a file.
    ///
    /// # Panics
    /// If it ends without a line.
    #[must_use]
    pub fn start(command: &mut Command, errors: &Path) -> (Self, String) {
        let mut process = Self::begin(command, errors);
        let mut line = String::new();
        let mut printed = BufReader::new(process.printed.take().unwrap());
        printed.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "a program ended at once: {}", std::fs::read_to_string(errors).unwrap_or_default());
        process.printed = Some(printed.into_inner());
        (process, line)
    }

    /// Starts a program.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn begin(command: &mut Command, errors: &Path) -> Self {
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(errors).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let printed = child.stdout.take();
        Self { child: Killer(Arc::new(Mutex::new(child))), printed }
    }

    /// What ends it from elsewhere.
    #[must_use]
    pub fn killer(&self) -> Killer {
        self.child.clone()
    }

    /// Waits for its end: its exit code, `None` if it was killed, and what it printed.
    ///
    /// # Panics
    /// If what it printed cannot be read.
    #[must_use]
    pub fn wait(mut self) -> (Option<i32>, String) {
        let printed = self.printed.take().map(|out| std::io::read_to_string(out).unwrap()).unwrap_or_default();
        let code = self.child.lock().wait().unwrap().code();
        (code, printed)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill();
    }
}
