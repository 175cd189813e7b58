//! From the spreadsheets of a station to its published pack, by the program itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The Python that `make setup` prepares.
fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv/bin/python")
}

fn run_with(folder: &Path, python: &Path, path: Option<&str>, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ailchin-server"));
    command.arg("--json").arg("--data").arg(folder.join("station")).stdin(Stdio::null());
    command.env("AILCHIN_PYTHON", python).args(words);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    command.output().unwrap()
}

fn run(folder: &Path, words: &[&str]) -> Output {
    run_with(folder, &python(), None, words)
}

/// The lines of JSON of a command that was done.
fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A copy of one of the built-in pack's spreadsheets, its manifest without the others, beside an empty station.
fn desk() -> (tempfile::TempDir, String) {
    let (folder, pack) = whole_desk();
    let manifest = Path::new(&pack).join("pack.json");
    let mut json: Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    json["forms"].as_array_mut().unwrap().retain(|form| form["id"] == "household_visit");
    std::fs::write(manifest, json.to_string()).unwrap();
    for entry in std::fs::read_dir(Path::new(&pack).join("forms")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|name| name != "household_visit") {
            std::fs::remove_file(path).unwrap();
        }
    }
    (folder, pack)
}

/// A copy of the built-in pack's spreadsheets beside an empty station.
fn whole_desk() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/anmulong"), folder.path().join("pack"));
    std::fs::create_dir_all(to.join("forms")).unwrap();
    std::fs::copy(from.join("pack.json"), to.join("pack.json")).unwrap();
    for entry in std::fs::read_dir(from.join("forms")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "xlsx") {
            std::fs::copy(&path, to.join("forms").join(path.file_name().unwrap())).unwrap();
        }
    }
    lines(&run(
        folder.path(),
        &["station", "create", "--name", "试验派出所", "--area", "试验苏木", "--area-code", "159900101"],
    ));
    let pack = to.to_string_lossy().into_owned();
    (folder, pack)
}

#[test]
fn a_pack_is_built_validated_published_and_listed_and_the_same_content_has_the_same_hash() {
    let (folder, pack) = whole_desk();
    let built = lines(&run(folder.path(), &["pack", "build", &pack]));
    let hash = built.last().unwrap()["hash"].clone();
    assert_eq!(hash, ailchin_core::pack::builtin().unwrap().hash.to_string(), "as the program has it built in");
    let published = lines(&run(folder.path(), &["pack", "publish", &pack]));
    assert_eq!(published.last().unwrap()["published"], hash);
    lines(&run(folder.path(), &["pack", "publish", &pack]));
    let listed = lines(&run(folder.path(), &["pack", "list"]));
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0]["hash"], &listed[0]["current"]), (&hash, &Value::Bool(true)));
}

#[test]
fn a_form_that_changed_under_its_version_is_not_published() {
    let (folder, pack) = desk();
    let script = "import sys, openpyxl\n\
                  book = openpyxl.load_workbook(sys.argv[1]); sheet = book['survey']\n\
                  heads = [cell.value for cell in sheet[1]]; at = heads.index('label::中文 (zh-Hans)') + 1\n\
                  sheet.cell(5, at).value = sheet.cell(5, at).value + '！'; book.save(sys.argv[1])";
    let form = format!("{pack}/forms/household_visit.xlsx");
    assert!(Command::new(python()).args(["-c", script, &form]).status().unwrap().success());
    let refused = run(folder.path(), &["pack", "publish", &pack]);
    assert_eq!(refused.status.code(), Some(3));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("household_visit") && said.contains("version"), "{said}");
    assert!(lines(&run(folder.path(), &["pack", "list"])).is_empty());
}

#[test]
fn without_java_a_pack_is_built_and_it_is_said_that_nothing_validated_it() {
    let (folder, pack) = desk();
    let built = lines(&run_with(folder.path(), &python(), Some("/nonexistent"), &["pack", "build", &pack]));
    assert!(built.iter().any(|line| line["zh"].as_str().is_some_and(|zh| zh.contains("Java"))), "{built:?}");
    assert!(built.last().unwrap()["hash"].is_string());
}

#[test]
fn without_python_or_pyxform_it_is_said_what_is_missing() {
    let (folder, pack) = desk();
    let nowhere = run_with(folder.path(), Path::new("/nonexistent/python"), None, &["pack", "build", &pack]);
    assert!(!nowhere.status.success() && String::from_utf8_lossy(&nowhere.stderr).contains("--python"));
    let other = folder.path().join("python");
    std::fs::write(&other, "#!/bin/sh\nexit 1\n").unwrap();
    let mut mode = std::fs::metadata(&other).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&other, mode).unwrap();
    let bare = run_with(folder.path(), &other, None, &["pack", "build", &pack]);
    let said = String::from_utf8_lossy(&bare.stderr).into_owned();
    assert!(!bare.status.success() && said.contains("pip install pyxform==4.5.0"), "{said}");
}

#[test]
fn a_fault_in_a_spreadsheet_is_told_with_its_cell_and_nothing_is_made() {
    let (folder, pack) = desk();
    let script = "import sys, openpyxl\n\
                  book = openpyxl.load_workbook(sys.argv[1]); sheet = book['survey']\n\
                  heads = [cell.value for cell in sheet[1]]; at = heads.index('label::中文 (zh-Hans)') + 1\n\
                  sheet.cell(5, at).value = '户主的民族'; book.save(sys.argv[1])";
    let form = format!("{pack}/forms/household_visit.xlsx");
    assert!(Command::new(python()).args(["-c", script, &form]).status().unwrap().success());
    let refused = run(folder.path(), &["pack", "publish", &pack]);
    assert_eq!(refused.status.code(), Some(3));
    let said = String::from_utf8_lossy(&refused.stdout);
    assert!(said.contains("不得询问“民族”") && said.contains("\"sheet\":\"survey\""), "{said}");
    assert!(!Path::new(&pack).join("forms/household_visit.xml").exists());
}
