//! Does a page reach core through the window's one door, and nothing else?
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ailchin_core::device::commands::NAMES;
use serde_json::{Value, json};
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager as _, WebviewWindow};

/// The program without a window, on a tablet in a fresh folder.
struct Page {
    app: App<MockRuntime>,
    _folder: tempfile::TempDir,
}

impl Page {
    fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = ailchin_app::build(mock_builder(), Some(folder.path().join("tablet"))).unwrap();
        Self { app, _folder: folder }
    }

    fn window(&self) -> WebviewWindow<MockRuntime> {
        self.app.get_webview_window("main").unwrap()
    }

    fn invoke(&self, cmd: &str, body: Value, url: &str) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: cmd.to_owned(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: url.parse().unwrap(),
            body: InvokeBody::Json(body),
            headers: Default::default(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        get_ipc_response(&self.window(), request).map(|answer| answer.deserialize().unwrap())
    }

    fn call(&self, name: &str, request: &Value) -> Result<Value, Value> {
        self.invoke("call", json!({ "name": name, "request": request }), "tauri://localhost")
    }

    fn refusal(&self, name: &str, request: &Value) -> String {
        let refused = self.call(name, request).unwrap_err();
        refused["code"].as_str().unwrap_or_else(|| panic!("no refusal: {refused}")).to_owned()
    }
}

#[test]
fn a_fresh_folder_is_a_new_tablet() {
    let state = Page::fresh().call("tablet_state", &json!({})).unwrap();
    assert_eq!(state["phase"], "new");
    assert_eq!(state["officers"], json!([]));
    assert_eq!(state["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn an_unknown_command_is_refused_with_its_code() {
    assert_eq!(Page::fresh().refusal("burn_everything", &json!({})), "not_found");
}

#[test]
fn a_request_of_the_wrong_form_is_refused_with_its_code() {
    let page = Page::fresh();
    assert_eq!(page.refusal("enrol", &json!({ "invite": 7 })), "malformed");
    assert_eq!(page.refusal("unlock", &json!([])), "malformed");
}

#[test]
fn an_invite_that_is_none_is_refused_before_anything_is_written() {
    let page = Page::fresh();
    assert_eq!(page.refusal("read_invite", &json!({ "invite": "hello" })), "invite_unreadable");
    assert_eq!(page.refusal("enrol", &json!({ "invite": "ailchin1:%%%", "pin": "483920" })), "invite_unreadable");
    assert_eq!(page.call("tablet_state", &json!({})).unwrap()["phase"], "new");
}

#[test]
fn nothing_of_the_records_is_told_while_the_tablet_is_not_open() {
    let page = Page::fresh();
    for name in ["today", "areas", "sync_status", "sync_start"] {
        assert_eq!(page.refusal(name, &json!({})), "locked", "{name}");
    }
    let query = json!({ "query": "", "area": null, "offset": 0, "limit": 20 });
    assert_eq!(page.refusal("households", &query), "locked");
}

#[test]
fn a_desktop_says_that_it_knows_no_place_and_has_no_camera() {
    let page = Page::fresh();
    assert_eq!(page.call("position", &json!({})).unwrap(), Value::Null);
    assert_eq!(page.call("camera", &json!({})).unwrap(), Value::Null);
}

#[test]
fn every_command_of_the_table_answers_or_refuses_with_a_code() {
    let page = Page::fresh();
    for name in NAMES {
        if let Err(refused) = page.call(name, &json!({})) {
            assert!(refused["code"].is_string(), "{name}: {refused}");
        }
    }
}

#[test]
fn a_page_can_call_nothing_of_tauri_itself() {
    let page = Page::fresh();
    for command in ["plugin:window|close", "plugin:event|listen", "plugin:path|resolve_directory", "plugin:app|version"]
    {
        let refused = page.invoke(command, json!({}), "tauri://localhost").unwrap_err();
        assert!(refused.as_str().is_some_and(|why| why.contains("not allowed")), "{command}: {refused}");
    }
}

#[test]
fn a_page_from_elsewhere_cannot_call_core() {
    let page = Page::fresh();
    let body = json!({ "name": "tablet_state", "request": {} });
    let refused = page.invoke("call", body, "https://example.org/").unwrap_err();
    assert!(refused.as_str().is_some_and(|why| why.contains("not allowed")), "{refused}");
}
