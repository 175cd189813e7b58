//! An officer's hands and eyes on the tablet's real window, on a screen that nobody sees.
//!
//! [`Screen`] is an X server of our own, [`Window`] the program driven through `WebKitWebDriver`. Parts of a page are named
//! by their `data-testid`. Nothing is waited for by time: every act looks again until the part is there, at most [`PATIENCE`].

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::error::{CmdError, NewSessionError};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::tablet::PIN;

/// How long something may take before it counts as not happening, on a slow and busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

const LOOK_AGAIN: Duration = Duration::from_millis(40);

/// Why the window could not be driven further.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// The driver or its window did not answer for as long as anybody waits.
    #[error("no answer while {0}")]
    Silent(&'static str),
    /// A program did not start, or a file could not be written.
    #[error("{doing}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The driver could not open the window.
    #[error("opening the window")]
    Open(#[from] NewSessionError),
    /// The driver could not do what was asked.
    #[error("{doing}")]
    Act {
        /// What was being done.
        doing: String,
        /// The driver's answer.
        source: CmdError,
    },
    /// Something did not happen.
    #[error("waited in vain for {what} ({last}); the page shows:\n{page}")]
    InVain {
        /// What was waited for.
        what: String,
        /// The driver's last answer.
        last: String,
        /// The text of the page.
        page: String,
    },
    /// The driver has no window below it.
    #[error("there is no window's process")]
    NoProcess,
}

fn system(doing: &'static str) -> impl FnOnce(std::io::Error) -> WindowError {
    move |source| WindowError::System { doing, source }
}

/// The folder of the programs that were built together with the running one.
///
/// # Errors
/// [`WindowError::System`] if none above the running program holds `name`: it was not built.
pub fn program(name: &str) -> Result<PathBuf, WindowError> {
    let here = std::env::current_exe().map_err(system("finding the programs"))?;
    let found = here.ancestors().skip(1).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| WindowError::System {
        doing: "finding a program that `cargo build --workspace` makes",
        source: std::io::Error::new(std::io::ErrorKind::NotFound, name.to_owned()),
    })
}

/// A screen of 1280 × 900 that nobody sees.
#[derive(Debug)]
pub struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    /// Starts an X server on a free display; it listens when this returns.
    ///
    /// # Errors
    /// [`WindowError::System`] if there is no Xvfb.
    pub fn start() -> Result<Self, WindowError> {
        let starting = "starting Xvfb";
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(system(starting))?;
        let mut number = String::new();
        if let Some(out) = server.stdout.take() {
            BufReader::new(out).read_line(&mut number).map_err(system(starting))?;
        }
        Ok(Self { server, display: format!(":{}", number.trim()) })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        end(&mut self.server);
    }
}

/// The tablet's window.
#[derive(Debug)]
pub struct Window {
    driver: Child,
    client: Client,
    runtime: Runtime,
}

impl Window {
    /// Opens the window on the tablet in this folder; it syncs only when it is told to.
    ///
    /// # Errors
    /// [`WindowError::System`] if the driver or the program is missing, [`WindowError::Open`] if no window appears.
    pub fn open(screen: &Screen, tablet: &Path) -> Result<Self, WindowError> {
        Self::start(screen, tablet, "by-hand")
    }

    /// Opens the window as an officer does: it syncs by itself.
    ///
    /// # Errors
    /// As [`Window::open`].
    pub fn open_as_it_is(screen: &Screen, tablet: &Path) -> Result<Self, WindowError> {
        Self::start(screen, tablet, "by-itself")
    }

    fn start(screen: &Screen, tablet: &Path, sync: &str) -> Result<Self, WindowError> {
        let program = program("ailchin")?;
        let port = free_port().map_err(system("finding a free port"))?;
        let mut driver = Command::new("WebKitWebDriver")
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .env("DISPLAY", &screen.display)
            .env("GDK_BACKEND", "x11")
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("AILCHIN_TABLET_DIR", tablet)
            .env("AILCHIN_SYNC", sync)
            .env("AILCHIN_NEARBY", "loopback")
            .env("AILCHIN_CAMERA", "invented")
            // What WebKit keeps beside the tablet's files belongs to this tablet too.
            .env("XDG_DATA_HOME", tablet.join("webkit"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(system("starting WebKitWebDriver"))?;
        let opened =
            Builder::new_current_thread().enable_all().build().map_err(system("starting the runtime")).and_then(
                |runtime| {
                    let client = runtime.block_on(session(port, &program))?;
                    Ok((runtime, client))
                },
            );
        match opened {
            Ok((runtime, client)) => Ok(Self { driver, client, runtime }),
            Err(cause) => {
                end(&mut driver);
                Err(cause)
            }
        }
    }

    /// Waits until the part is to be seen, and gives its text.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn see(&self, part: &str) -> Result<String, WindowError> {
        self.once(&format!("{part} to be seen"), async || {
            let element = self.client.find(Locator::Css(&css(part))).await?;
            if element.is_displayed().await? { shown_text(&element).await } else { Ok(None) }
        })
    }

    /// Waits until the part's text satisfies `right`, and gives it.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn see_that(&self, part: &str, what: &str, right: impl Fn(&str) -> bool) -> Result<String, WindowError> {
        self.once(&format!("{part} to say {what}"), async || {
            let element = self.client.find(Locator::Css(&css(part))).await?;
            Ok(shown_text(&element).await?.filter(|text| right(text)))
        })
    }

    /// Waits until nothing of that name is on the page.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn see_gone(&self, part: &str) -> Result<(), WindowError> {
        self.once(&format!("{part} to go"), async || {
            Ok(self.client.find_all(Locator::Css(&css(part))).await?.is_empty().then_some(()))
        })
    }

    /// Waits until the part has this value of an attribute.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn see_attribute(&self, part: &str, name: &str, value: &str) -> Result<(), WindowError> {
        self.once(&format!("{name}={value} at {part}"), async || {
            let found = self.client.find(Locator::Css(&css(part))).await?.attr(name).await?;
            Ok((found.as_deref() == Some(value)).then_some(()))
        })
    }

    /// What is in a field.
    ///
    /// # Errors
    /// [`WindowError::InVain`] if there is no such field.
    pub fn value(&self, field: &str) -> Result<String, WindowError> {
        self.once(&format!("the field {field}"), async || {
            self.client.find(Locator::Css(&css(field))).await?.prop("value").await
        })
    }

    /// The texts of all parts of that name, in order, as they are now.
    ///
    /// # Errors
    /// [`WindowError::Act`].
    pub fn texts(&self, part: &str) -> Result<Vec<String>, WindowError> {
        self.act(&format!("reading all {part}"), async {
            let mut texts = Vec::new();
            for element in self.client.find_all(Locator::Css(&css(part))).await? {
                texts.extend(shown_text(&element).await?);
            }
            Ok(texts)
        })
    }

    /// Presses the part as soon as it can be pressed.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn press(&self, part: &str) -> Result<(), WindowError> {
        self.press_within(part, "")
    }

    /// Presses what a CSS selector finds in the part, as soon as it can be pressed.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn press_within(&self, part: &str, selector: &str) -> Result<(), WindowError> {
        let place = format!("{} {selector}", css(part));
        self.once(&format!("{} to be pressed", place.trim()), async || {
            let element = self.client.find(Locator::Css(place.trim())).await?;
            if !element.is_enabled().await? {
                return Ok(None);
            }
            self.bring(&element).await?;
            element.click().await?;
            Ok(Some(()))
        })
    }

    /// Presses the first part of that name whose text holds `text`.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn press_saying(&self, part: &str, text: &str) -> Result<(), WindowError> {
        self.once(&format!("{part} saying {text}"), async || {
            for element in self.client.find_all(Locator::Css(&css(part))).await? {
                if shown_text(&element).await?.is_some_and(|shown| shown.contains(text)) {
                    self.bring(&element).await?;
                    element.click().await?;
                    return Ok(Some(()));
                }
            }
            Ok(None)
        })
    }

    /// Types into a field, after what is in it.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn write(&self, field: &str, text: &str) -> Result<(), WindowError> {
        self.once(&format!("writing into {field}"), async || {
            let element = self.client.find(Locator::Css(&css(field))).await?;
            self.bring(&element).await?;
            element.send_keys(text).await?;
            Ok(Some(()))
        })
    }

    /// Types into a field in place of what it holds.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn overwrite(&self, field: &str, text: &str) -> Result<(), WindowError> {
        self.once(&format!("overwriting {field}"), async || {
            let element = self.client.find(Locator::Css(&css(field))).await?;
            self.bring(&element).await?;
            element.clear().await?;
            element.send_keys(text).await?;
            Ok(Some(()))
        })
    }

    /// Draws over the part with the pen down: from point to point, each given in hundredths of its width and height.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn draw(&self, part: &str, points: &[(f64, f64)]) -> Result<(), WindowError> {
        self.once(&format!("drawing on {part}"), async || {
            let element = self.client.find(Locator::Css(&css(part))).await?;
            self.bring(&element).await?;
            let script =
                "const { x, y, width, height } = arguments[0].getBoundingClientRect(); return [x, y, width, height]";
            let lies = self.client.execute(script, vec![serde_json::to_value(&element)?]).await?;
            let [x, y, width, height] = [0, 1, 2, 3].map(|side| lies[side].as_f64().unwrap_or_default());
            let place = |(across, down): &(f64, f64)| {
                ((x + width * across / 100.0).round(), (y + height * down / 100.0).round())
            };
            let mut pen = MouseActions::new("pen".to_owned());
            for (index, point) in points.iter().enumerate() {
                let (x, y) = place(point);
                pen = pen.then(PointerAction::MoveTo { duration: Some(Duration::from_millis(60)), x, y });
                if index == 0 {
                    pen = pen.then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
                }
            }
            self.client.perform_actions(pen.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT })).await?;
            Ok(Some(()))
        })
    }

    /// Chooses a file of the disk in a field for files.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn give_file(&self, field: &str, file: &Path) -> Result<(), WindowError> {
        self.once(&format!("a file for {field}"), async || {
            let element = self.client.find(Locator::Css(&css(field))).await?;
            element.send_keys(&file.to_string_lossy()).await?;
            Ok(Some(()))
        })
    }

    /// The newest draft as it lies on the disk, once it is `right`.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn see_kept(&self, what: &str, right: impl Fn(&str) -> bool) -> Result<String, WindowError> {
        self.once(&format!("{what} to be kept"), async || {
            let script = "const done = arguments[0]; \
                const call = (name, request) => window.__TAURI_INTERNALS__.invoke('call', { name, request }); \
                call('today', {}).then((today) => call('open_draft', { id: today.drafts[0].id })) \
                  .then((draft) => done(draft.submission), () => done(null))";
            let kept = self.client.execute_async(script, Vec::new()).await?;
            Ok(kept.as_str().filter(|submission| right(submission)).map(str::to_owned))
        })
    }

    /// Types a PIN on the pad and finishes it.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn enter_pin(&self, pin: &str) -> Result<(), WindowError> {
        for figure in pin.chars() {
            self.press(&format!("pin-key-{figure}"))?;
        }
        self.press("pin-done")
    }

    /// Enrols the new tablet of this window by an invite, and sets its officer's PIN.
    ///
    /// # Errors
    /// [`WindowError::InVain`].
    pub fn enrol(&self, invite: &str) -> Result<(), WindowError> {
        self.write("enrol-invite", invite)?;
        self.press("enrol-read")?;
        self.press("enrol-matches")?;
        self.enter_pin(PIN)?;
        self.see_attribute("pin-pad", "data-step", "again")?;
        self.enter_pin(PIN)?;
        self.see("today").map(drop)
    }

    /// Runs the body of an async function in the page and gives what it returns, or the text of what it throws.
    ///
    /// # Errors
    /// [`WindowError::Act`].
    pub fn ask_page(&self, body: &str) -> Result<Value, WindowError> {
        let script =
            format!("const done = arguments[0]; (async () => {{ {body} }})().then(done, (e) => done(String(e)))");
        self.act("asking the page", async { self.client.execute_async(&script, Vec::new()).await })
    }

    /// Makes the window this large.
    ///
    /// # Errors
    /// [`WindowError::Act`].
    pub fn resize(&self, width: u32, height: u32) -> Result<(), WindowError> {
        self.act("resizing the window", async { self.client.set_window_size(width, height).await })
    }

    /// Takes a picture of the page, drawn to the end and with its fonts, into `file` (PNG).
    ///
    /// # Errors
    /// [`WindowError::Act`], [`WindowError::System`] if the file cannot be written.
    pub fn picture(&self, file: &Path) -> Result<(), WindowError> {
        self.ask_page(
            "await document.fonts.ready; \
             await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))",
        )?;
        let png = self.act("taking a picture", async { self.client.screenshot().await })?;
        let folder = file.parent().unwrap_or(file);
        std::fs::create_dir_all(folder).map_err(system("making the pictures' folder"))?;
        std::fs::write(file, png).map_err(system("writing a picture"))
    }

    /// Kills the program as a dead battery does, in the middle of whatever it is doing.
    ///
    /// # Errors
    /// [`WindowError::NoProcess`] if it is gone already.
    pub fn kill(mut self) -> Result<(), WindowError> {
        let process = child_of(self.driver.id()).ok_or(WindowError::NoProcess)?;
        let killed = kill(process).map_err(system("killing the window"))?;
        self.once("the window's process to end", async || Ok((!is_running(process)).then_some(())))?;
        end(&mut self.driver);
        if killed { Ok(()) } else { Err(WindowError::NoProcess) }
    }

    /// Tries until there is an answer; a part that is not there, moves or is covered is looked for again.
    fn once<T>(&self, what: &str, attempt: impl AsyncFn() -> Result<Option<T>, CmdError>) -> Result<T, WindowError> {
        self.runtime.block_on(async {
            let deadline = Instant::now() + PATIENCE;
            let mut last = String::from("not yet");
            loop {
                let tried = tokio::time::timeout(PATIENCE, attempt()).await;
                match tried.map_err(|_| WindowError::Silent("waiting for the driver"))? {
                    Ok(Some(answer)) => return Ok(answer),
                    Ok(None) => {}
                    Err(CmdError::Standard(cause)) => last = format!("{:?}", cause.error),
                    Err(source) => return Err(WindowError::Act { doing: what.to_owned(), source }),
                }
                if Instant::now() > deadline {
                    let page = self.client.execute("return document.body.innerText", Vec::new()).await;
                    let page = page.map_or_else(|cause| cause.to_string(), |text| text.to_string());
                    return Err(WindowError::InVain { what: what.to_owned(), last, page });
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        })
    }

    /// Moves the page until the whole element is to be seen (the driver is content with an edge of it), and waits until it
    /// stands still: what unfolds above it takes it along.
    async fn bring(&self, element: &Element) -> Result<(), CmdError> {
        let script = "const [element, done] = arguments; let place = '', still = 0; \
            element.scrollIntoView({ block: 'center', inline: 'center' }); \
            const look = () => { \
                const { x, y } = element.getBoundingClientRect(); \
                still = place === `${x} ${y}` ? still + 1 : 0; \
                place = `${x} ${y}`; \
                if (still > 2) done(null); else requestAnimationFrame(look); \
            }; \
            look()";
        self.client.execute_async(script, vec![serde_json::to_value(element)?]).await.map(drop)
    }

    fn act<T>(&self, doing: &str, work: impl Future<Output = Result<T, CmdError>>) -> Result<T, WindowError> {
        let worked = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await });
        let worked = worked.map_err(|_| WindowError::Silent("waiting for the driver"))?;
        worked.map_err(|source| WindowError::Act { doing: doing.to_owned(), source })
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        if let Some(process) = child_of(self.driver.id()) {
            // Ours, and holding nothing that is not on the disk.
            let _ = kill(process);
        }
        end(&mut self.driver);
    }
}

async fn session(port: u16, program: &Path) -> Result<Client, WindowError> {
    let deadline = Instant::now() + PATIENCE;
    while let Err(cause) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
        if Instant::now() > deadline {
            return Err(WindowError::System { doing: "reaching WebKitWebDriver", source: cause });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let options = json!({ "binary": program, "args": [] });
    let wanted: Capabilities = [("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect();
    let mut connector = hyper_util::client::legacy::connect::HttpConnector::new();
    connector.set_nodelay(true);
    let address = format!("http://127.0.0.1:{port}");
    let mut builder = ClientBuilder::new(connector);
    let opening = builder.capabilities(wanted).connect(&address);
    // A driver whose window died while it came up would wait for it for ever.
    let opened = tokio::time::timeout(PATIENCE, opening).await.map_err(|_| WindowError::Silent("opening a window"))?;
    Ok(opened?)
}

/// The text as WebKit lays it out; the driver's own reading leaves out vertical text.
async fn shown_text(element: &Element) -> Result<Option<String>, CmdError> {
    element.prop("innerText").await
}

fn css(part: &str) -> String {
    format!("[data-testid=\"{part}\"]")
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The process that this one started.
fn child_of(parent: u32) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").ok()?;
    processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).find(|process| {
        state_and_parent(*process).is_some_and(|(state, its_parent)| state != "Z" && its_parent == parent)
    })
}

fn is_running(process: u32) -> bool {
    state_and_parent(process).is_some_and(|(state, _)| state != "Z" && state != "X")
}

/// From `/proc/PID/stat`: after the name in brackets stand the state and the parent.
fn state_and_parent(process: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    Some((rest.next()?.to_owned(), rest.next()?.parse().ok()?))
}

fn kill(process: u32) -> std::io::Result<bool> {
    Ok(Command::new("sh").args(["-c", &format!("kill -KILL {process}")]).status()?.success())
}

fn end(child: &mut Child) {
    // Ended already is as good.
    let _ = child.kill();
    let _ = child.wait();
}
