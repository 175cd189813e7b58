//! The programs of the demonstration: the station and the tablets, as anybody would start them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use ailchin_tests::window::program;
use serde_json::Value;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// The PIN of both tablets.
pub(crate) const PIN: &str = "274951";

#[allow(clippy::print_stdout, reason = "the story is what the demonstration prints")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

fn json(output: &Output, what: &str) -> Result<Value, Failure> {
    if !output.status.success() {
        return Err(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The station's server.
pub(crate) struct Station {
    data: PathBuf,
    running: Option<Child>,
    address: String,
}

impl Station {
    pub(crate) fn with_demo_data(data: &Path) -> Result<Self, Failure> {
        let station = Self { data: data.to_owned(), running: None, address: "https://127.0.0.1:0".to_owned() };
        let made = station.command(&["--json", "demo-data"])?;
        say(&format!(
            "   {} households, {} persons, {} visits, {} officers: {} revisions.",
            made["households"], made["persons"], made["visits"], made["officers"], made["revisions"]
        ));
        Ok(station)
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Starts the server, on the port it had before.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        let listen = self.address.trim_start_matches("https://");
        let mut child = Command::new(program("ailchin-server")?)
            .arg("--data")
            .arg(&self.data)
            .args(["--log", "error", "serve", "--addr", listen])
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or("the server has no output")?;
        self.running = Some(child);
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line)?;
        self.address = said["listening"].as_str().ok_or("the server does not say where it listens")?.to_owned();
        Ok(())
    }

    /// Asks the server to end and waits until it has.
    pub(crate) fn stop(&mut self) -> Result<(), Failure> {
        let Some(mut child) = self.running.take() else { return Ok(()) };
        Command::new("kill").arg("-TERM").arg(child.id().to_string()).status()?;
        let ended = child.wait()?;
        if ended.success() { Ok(()) } else { Err(format!("the server ended with {ended}").into()) }
    }

    pub(crate) fn invite(&self, officer: u32) -> Result<String, Failure> {
        let made = self.command(&["--json", "device", "invite", "--officer", &officer.to_string()])?;
        Ok(made["invite"].as_str().ok_or("no invite")?.to_owned())
    }

    fn command(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let output = Command::new(program("ailchin-server")?).arg("--data").arg(&self.data).args(arguments).output()?;
        json(&output, "ailchin-server")
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            // The story failed; the process is ours.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A tablet without a window.
pub(crate) struct Tablet {
    pub(crate) name: &'static str,
    pub(crate) dir: PathBuf,
}

impl Tablet {
    pub(crate) fn enrol(name: &'static str, dir: &Path, invite: &str) -> Result<Self, Failure> {
        let tablet = Self { name, dir: dir.to_owned() };
        let state = tablet.run(&["enrol", invite])?;
        say(&format!(
            "   Tablet {name} belongs to {} and opens for {}.",
            state["station"]["zh"], state["officers"][0]["name"]["zh"]
        ));
        Ok(tablet)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Value, Failure> {
        json(&self.output(arguments)?, &format!("tablet {}", self.name))
    }

    pub(crate) fn sync(&self) -> Result<Value, Failure> {
        self.run(&["sync"])
    }

    /// What a sync without a station says.
    pub(crate) fn refused_to_sync(&self) -> Result<String, Failure> {
        let output = self.output(&["sync"])?;
        let said: Value = serde_json::from_slice(&output.stderr)?;
        match output.status.code() {
            Some(4) => Ok(format!("{} (exit code 4, try again later)", said["code"])),
            other => Err(format!("a sync without a station ends with {other:?}").into()),
        }
    }

    pub(crate) fn visit(&self, folder: &Path, home: &Value, answers: &Value, photo: bool) -> Result<(), Failure> {
        let file = folder.join("answers.json");
        std::fs::write(&file, answers.to_string())?;
        let picture = folder.join("photo.png");
        let shade = |of: u32| u8::try_from(of % 256).unwrap_or(0);
        image::RgbImage::from_fn(640, 480, |x, y| image::Rgb([200, shade(x), shade(y)])).save(&picture)?;
        let (file, picture) = (file.display().to_string(), format!("photo={}", picture.display()));
        let mut arguments = vec!["visit", id(home), "--answers", &file];
        if photo {
            arguments.extend(["--file", &picture]);
        }
        self.run(&arguments)?;
        Ok(())
    }

    pub(crate) fn edit(&self, home: &Value, change: &str) -> Result<(), Failure> {
        self.run(&["edit", id(home), change])?;
        Ok(())
    }

    pub(crate) fn show(&self, home: &Value) -> Result<Value, Failure> {
        self.run(&["show", id(home)])
    }

    /// The last receipt in one sentence.
    pub(crate) fn receipt(&self) -> Result<String, Failure> {
        let receipt = self.run(&["receipt"])?["receipt"].clone();
        let digest = receipt["digest"].as_str().ok_or("there is no receipt")?;
        Ok(format!(
            "Receipt: {} of {} own changes and {} of {} pictures are at the station; both hold {} revisions, digest {}….",
            receipt["own_stored"],
            receipt["own_total"],
            receipt["blobs_stored"],
            receipt["blobs_total"],
            receipt["count"],
            &digest[..16]
        ))
    }

    /// Opens the tablet's window and waits until it is closed.
    pub(crate) fn open_window(&self) -> Result<(), Failure> {
        say(&format!("Tablet {}'s window opens; close it to end the demonstration.", self.name));
        Command::new(program("ailchin")?).env("AILCHIN_TABLET_DIR", &self.dir).status()?;
        Ok(())
    }

    fn output(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let program = program("tablet")?;
        Ok(Command::new(program).arg("--dir").arg(&self.dir).env("AILCHIN_PIN", PIN).args(arguments).output()?)
    }
}

fn id(home: &Value) -> &str {
    home["id"].as_str().unwrap_or_default()
}
