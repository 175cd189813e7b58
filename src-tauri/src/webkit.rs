//! Lets form controls follow `writing-mode` in WebKitGTK, which ships that feature switched off.
//!
//! The library offers features one by one since 2.42; its Rust bindings end before that, so these six functions are
//! declared here. An older library would not start the program: the `Makefile` installs a newer one.
#![allow(unsafe_code, reason = "functions of the C library that its Rust bindings lack")]

use std::ffi::{CStr, c_char, c_int, c_void};

use webkit2gtk::glib::object::ObjectType as _;
use webkit2gtk::{WebView, WebViewExt as _};

/// Inputs, buttons and selections turn with the Mongolian text around them.
const VERTICAL_FORM_CONTROLS: &CStr = c"VerticalFormControls";

#[repr(C)]
struct FeatureList(c_void);

#[repr(C)]
struct Feature(c_void);

unsafe extern "C" {
    fn webkit_settings_get_all_features() -> *mut FeatureList;
    fn webkit_feature_list_get_length(list: *mut FeatureList) -> usize;
    fn webkit_feature_list_get(list: *mut FeatureList, index: usize) -> *mut Feature;
    fn webkit_feature_list_unref(list: *mut FeatureList);
    fn webkit_feature_get_identifier(feature: *mut Feature) -> *const c_char;
    fn webkit_settings_set_feature_enabled(
        settings: *mut webkit2gtk::ffi::WebKitSettings,
        feature: *mut Feature,
        enabled: c_int,
    );
}

/// Switches the feature on for this view; a library that no longer lists it does it by itself.
pub(crate) fn turn_form_controls(view: &WebView) {
    let Some(settings) = view.settings() else { return };
    // SAFETY: the list is ours until the unref at the end; its features live as long as it does and their identifiers
    // are C strings; `settings` is kept alive by the binding above.
    unsafe {
        let list = webkit_settings_get_all_features();
        for index in 0..webkit_feature_list_get_length(list) {
            let feature = webkit_feature_list_get(list, index);
            if CStr::from_ptr(webkit_feature_get_identifier(feature)) == VERTICAL_FORM_CONTROLS {
                webkit_settings_set_feature_enabled(settings.as_ptr(), feature, 1);
            }
        }
        webkit_feature_list_unref(list);
    }
}
