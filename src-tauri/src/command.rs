//! The one door from the page to core.

use std::sync::Arc;

use ailchin_core::device::{Tablet, commands};
use ailchin_core::error::Code;
use ailchin_core::view::Refusal;
use serde_json::Value;
use tauri::State;

/// Does a command of `ailchin_core::device::commands` away from the window's thread.
///
/// A command that stopped in the middle is `unknown`: nothing is known about how far it came.
#[tauri::command]
pub(crate) async fn call(tablet: State<'_, Arc<Tablet>>, name: String, request: Value) -> Result<Value, Refusal> {
    let tablet = Arc::clone(&tablet);
    tauri::async_runtime::spawn_blocking(move || commands::call(&tablet, &name, request))
        .await
        .unwrap_or(Err(Refusal { code: Code::Unknown, wait_ms: None, field: None, older: None }))
}
