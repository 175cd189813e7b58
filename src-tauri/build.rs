//! Generates what Tauri needs at compile time, names the one command that a page may call, and has the program compiled
//! anew when the interface in it was built anew.

#[allow(clippy::print_stdout, reason = "cargo reads a build script's output")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=../ui/dist");
    let commands = tauri_build::AppManifest::new().commands(&["call"]);
    Ok(tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))?)
}
