//! What the window is made of: the tablet in its folder, the device's services, the one command.

use std::path::PathBuf;
use std::sync::Arc;

use ailchin_core::device::services::{Desktop, Printer, SecretFile};
use ailchin_core::device::{LocalNetwork, Services, Tablet};
use ailchin_core::sync::Rhythm;
use ailchin_core::world::Machine;
use tauri::utils::config::WindowConfig;
use tauri::{App, Builder, Manager as _, Runtime, WebviewWindowBuilder};

use crate::printer::WindowPrinter;

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// The system has no window for us.
    #[error("the window cannot be shown")]
    Window(#[source] tauri::Error),
    /// The system does not say where a program's data belongs.
    #[error("the system has no folder for the tablet's files; name one in AILCHIN_TABLET_DIR")]
    NoFolder(#[source] tauri::Error),
}

/// Shows the tablet's window until it is closed.
///
/// The tablet's files lie in the folder that `AILCHIN_TABLET_DIR` names, else where the system keeps a program's data.
/// It syncs by itself, unless `AILCHIN_SYNC` is `by-hand`: for tests, and to look into a tablet without changing anything.
///
/// # Errors
/// [`WindowError`]; nothing was shown then.
#[cfg_attr(mobile, tauri::mobile_entry_point)]
pub fn run() -> Result<(), WindowError> {
    let folder = std::env::var_os("AILCHIN_TABLET_DIR").map(PathBuf::from);
    let app = build(Builder::default(), folder)?;
    if std::env::var_os("AILCHIN_SYNC").is_none_or(|how| how != "by-hand") {
        app.state::<Arc<Tablet>>().sync_by_itself(Rhythm::default());
    }
    app.run(|_, _| {});
    Ok(())
}

/// The program on any runtime, a mock one too, with the tablet of `folder`.
///
/// # Errors
/// [`WindowError`].
pub fn build<R: Runtime>(builder: Builder<R>, folder: Option<PathBuf>) -> Result<App<R>, WindowError> {
    let app = builder
        .invoke_handler(tauri::generate_handler![crate::command::call])
        .build(tauri::generate_context!())
        .map_err(WindowError::Window)?;
    let folder = folder.map_or_else(|| app.path().app_data_dir().map_err(WindowError::NoFolder), Ok)?;
    app.manage(tablet(folder, WindowPrinter(app.handle().clone())));
    // Only now, and not by Tauri itself: a page must not ask before there is a tablet.
    for config in &app.config().app.windows {
        show(&app, config).map_err(WindowError::Window)?;
    }
    Ok(app)
}

fn show<R: Runtime>(app: &App<R>, config: &WindowConfig) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::from_config(app, config)?.build()?;
    #[cfg(target_os = "linux")]
    window.with_webview(|view| {
        crate::webkit::turn_form_controls(&view.inner());
        crate::capture::allow(&view.inner());
    })?;
    Ok(())
}

/// A desktop's tablet: no receiver, no camera, its secret in a file of its own. It meets tablets on its network; with
/// `AILCHIN_NEARBY` set to `loopback`, for tests, only those on the same machine.
fn tablet(folder: PathBuf, printer: impl Printer + 'static) -> Arc<Tablet> {
    let nearby = match std::env::var_os("AILCHIN_NEARBY") {
        Some(whom) if whom == "loopback" => LocalNetwork::on_loopback(),
        _ => LocalNetwork::default(),
    };
    let services = Services {
        position: Box::new(Desktop),
        camera: Box::new(Desktop),
        network: Box::new(Desktop),
        secrets: Box::new(SecretFile::at(folder.join("device-secret"))),
        nearby: Box::new(nearby),
        printer: Box::new(printer),
    };
    Arc::new(Tablet::new(folder, Arc::new(Machine), services))
}
