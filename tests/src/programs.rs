//! The programs under test, built from the same sources as this kit, and how one is started.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

/// `tablet`: a tablet without a window.
pub static TABLET: LazyLock<PathBuf> = LazyLock::new(|| built("tablet"));

/// `ailchin-server`: the station.
pub static SERVER: LazyLock<PathBuf> = LazyLock::new(|| built("ailchin-server"));

/// Both are built by one command that takes a moment if nothing changed.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let here = std::env::current_exe().unwrap();
    let folder = here.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).unwrap().to_owned();
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
    assert!(cargo.status().unwrap().success(), "the programs under test do not build");
    folder
});

fn built(name: &str) -> PathBuf {
    FOLDER.join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// A process of ours; killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a program and waits for the first line it prints; its error output goes to a file.
    ///
    /// # Panics
    /// If it ends without a line.
    #[must_use]
    pub fn start(command: &mut Command, errors: &Path) -> (Self, String) {
        let mut process = Self::begin(command, errors);
        let mut line = String::new();
        BufReader::new(process.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "a program ended at once: {}", std::fs::read_to_string(errors).unwrap_or_default());
        (process, line)
    }

    /// Starts a program.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn begin(command: &mut Command, errors: &Path) -> Self {
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(errors).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        Self { child }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end: its exit code, `None` if it was killed, and what it printed.
    ///
    /// # Panics
    /// If what it printed cannot be read.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let printed = self.child.stdout.take().map(|out| std::io::read_to_string(out).unwrap()).unwrap_or_default();
        (self.child.wait().unwrap().code(), printed)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
