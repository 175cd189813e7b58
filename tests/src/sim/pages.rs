//! A full disk: SQLite files opened on this thread may not grow beyond so many pages, and say "disk full" beyond them.
//!
//! The limit is a setting of a connection, and the product's connections are its own: SQLite itself hands every connection it
//! opens to [`limit`] first.
#![allow(unsafe_code, reason = "registering with SQLite is a C interface")]

use std::cell::Cell;
use std::ffi::{c_char, c_int};
use std::sync::Once;

use rusqlite::auto_extension::{init_auto_extension, register_auto_extension};
use rusqlite::{Connection, ffi};

thread_local! {
    /// Of the connections opened next; 0: as many as there are.
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

/// Does something that opens files, which may not grow beyond `pages`; `None`: the disk has room.
pub(super) fn within<T>(pages: Option<u32>, work: impl FnOnce() -> T) -> T {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // SAFETY: `limit` opens no database, closes none, and does not touch the list of extensions.
        unsafe { register_auto_extension(limit) }.unwrap();
    });
    PAGES.set(pages.unwrap_or(0));
    let made = work();
    PAGES.set(0);
    made
}

/// What SQLite calls with every new connection of this process.
///
/// # Safety
/// Only SQLite calls it, with a connection that is open.
unsafe extern "C" fn limit(
    connection: *mut ffi::sqlite3,
    error: *mut *mut c_char,
    _: *const ffi::sqlite3_api_routines,
) -> c_int {
    if PAGES.get() == 0 {
        return ffi::SQLITE_OK;
    }
    // SAFETY: the pointers are SQLite's own, and the closure only sets a limit.
    unsafe { init_auto_extension(connection, error, set) }
}

#[allow(clippy::needless_pass_by_value, reason = "the interface says so")]
fn set(connection: Connection) -> rusqlite::Result<()> {
    let pages = PAGES.get();
    connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
}
