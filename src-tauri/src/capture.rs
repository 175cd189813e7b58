//! Lets the forms of the window's own page use camera and microphone in WebKitGTK, which has both switched off.
//!
//! The page asks only when an officer presses the button for it; the interface shows as long as either is on.

use webkit2gtk::glib::ObjectExt as _;
use webkit2gtk::{PermissionRequestExt as _, SettingsExt as _, UserMediaPermissionRequest, WebView, WebViewExt as _};

/// Where the engine's own invented camera and microphone are used, for tests.
const INVENTED: &str = "invented";

/// Switches capturing on for this view; everything else that a page may ask for stays refused.
pub(crate) fn allow(view: &WebView) {
    let Some(settings) = view.settings() else { return };
    settings.set_enable_media_stream(true);
    if std::env::var_os("AILCHIN_CAMERA").is_some_and(|which| which == INVENTED) {
        settings.set_enable_mock_capture_devices(true);
    }
    view.connect_permission_request(|_, request| {
        if request.is::<UserMediaPermissionRequest>() {
            request.allow();
        } else {
            request.deny();
        }
        true
    });
}
