//! Writes the window's page into a PDF file, with the printing of the window's own engine.

use std::path::Path;

use ailchin_core::device::DeviceError;
use ailchin_core::device::services::Printer;
use ailchin_core::view::PageSize;
use tauri::{AppHandle, Runtime};

/// The window of an app; with another runtime than that of a window it prints nothing.
pub(crate) struct WindowPrinter<R: Runtime>(pub(crate) AppHandle<R>);

impl<R: Runtime> Printer for WindowPrinter<R> {
    #[cfg(target_os = "linux")]
    fn to_pdf(&self, file: &Path, page: &PageSize) -> Result<(), DeviceError> {
        linux::to_pdf(&self.0, file, *page)
    }

    /// Elsewhere the system's own dialog writes the file.
    #[cfg(not(target_os = "linux"))]
    fn to_pdf(&self, _file: &Path, _page: &PageSize) -> Result<(), DeviceError> {
        let _ = &self.0;
        Err(DeviceError::Refused(ailchin_core::error::Code::NoPrinter))
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{Error, ErrorKind};
    use std::path::Path;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use ailchin_core::device::DeviceError;
    use ailchin_core::error::Code;
    use ailchin_core::view::PageSize;
    use gtk::glib;
    use gtk::{PageSetup, PaperSize, PrintSettings, Unit};
    use tauri::{AppHandle, Manager as _, Runtime};
    use webkit2gtk::{PrintOperation, PrintOperationExt as _, WebView};

    /// A form of many pages with photos is laid out and written in seconds; longer, and nothing comes any more.
    const PATIENCE: Duration = Duration::from_secs(60);

    type Ended = Result<(), Error>;

    pub(super) fn to_pdf<R: Runtime>(app: &AppHandle<R>, file: &Path, page: PageSize) -> Result<(), DeviceError> {
        let doing = "printing the window's page";
        let window = app.get_webview_window("main").ok_or(DeviceError::Refused(Code::NoPrinter))?;
        let address = glib::filename_to_uri(file, None)
            .map_err(|cause| DeviceError::File { doing, source: Error::new(ErrorKind::InvalidInput, cause) })?;
        let (ended, waiting) = channel();
        window
            .with_webview(move |view| print(&view.inner(), &address, page, ended))
            .map_err(|cause| DeviceError::File { doing, source: Error::other(cause) })?;
        let ended = waiting.recv_timeout(PATIENCE).unwrap_or_else(|cause| Err(Error::new(ErrorKind::TimedOut, cause)));
        ended.map_err(|source| DeviceError::File { doing, source })
    }

    /// Begins to print, on the window's thread; how it ended is told through `ended`.
    fn print(view: &WebView, address: &str, page: PageSize, ended: Sender<Ended>) {
        let operation = PrintOperation::new(view);
        operation.set_print_settings(&into_file(address));
        operation.set_page_setup(&paper(page));
        // After a failure the library says that it finished, too: the first word counts.
        let failed = ended.clone();
        operation.connect_failed(move |_, cause| {
            // Nobody listens any more if it took too long.
            let _ = failed.send(Err(Error::other(cause.clone())));
        });
        operation.connect_finished(move |_| {
            let _ = ended.send(Ok(()));
        });
        operation.print();
    }

    fn into_file(address: &str) -> PrintSettings {
        let settings = PrintSettings::new();
        // The name that GTK gives its printer into files, in the system's language.
        settings.set_printer(&glib::dgettext(Some("gtk30"), "Print to File"));
        settings.set("output-file-format", Some("pdf"));
        settings.set("output-uri", Some(address));
        settings
    }

    fn paper(page: PageSize) -> PageSetup {
        let setup = PageSetup::new();
        setup.set_paper_size(&PaperSize::new_custom("ailchin", "ailchin", page.width_mm, page.height_mm, Unit::Mm));
        setup.set_top_margin(page.margin_block_mm, Unit::Mm);
        setup.set_bottom_margin(page.margin_block_mm, Unit::Mm);
        setup.set_left_margin(page.margin_inline_mm, Unit::Mm);
        setup.set_right_margin(page.margin_inline_mm, Unit::Mm);
        setup
    }
}
