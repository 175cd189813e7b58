//! Today: what is due, begun and waiting.

use rusqlite::params;

use super::receipts::receipt;
use super::standing::waiting;
use super::tasks::tasks;
use super::{conflicted, small};
use crate::ids::{DeviceId, OfficerId};
use crate::replica::read::officer_name;
use crate::replica::{Replica, ReplicaError, history, tablet};
use crate::time::Instant;
use crate::view::{OfficerLine, Today};

/// How far ahead Today looks for due tasks.
const DUE_WITHIN_DAYS: i32 = 7;
/// More changes than anybody makes in a day.
const A_DAYS_CHANGES: u32 = 500;
const MAX_DUE: u32 = 200;

impl Replica {
    /// What is due, begun and waiting.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn today(&self, device: DeviceId, officer: OfficerId, now: Instant) -> Result<Today, ReplicaError> {
        self.reading(|connection| {
            let day = now.day();
            let until = day.plus_days(DUE_WITHIN_DAYS).to_string();
            Ok(Today {
                day,
                officer: OfficerLine { id: officer, name: officer_name(connection, officer)? },
                due: tasks(
                    connection,
                    "t.done = 0 AND t.due <= ?1 ORDER BY t.due, t.r LIMIT ?2",
                    params![until, MAX_DUE],
                    day,
                )?,
                open_tasks: small(connection, "SELECT count(*) FROM task WHERE done = 0", [])?,
                drafts: tablet::drafts(connection, None)?,
                visits_today: small(
                    connection,
                    "SELECT count(DISTINCT r.r)
                     FROM (SELECT record FROM log WHERE device = ?1 ORDER BY seq DESC LIMIT ?3) l
                     JOIN record r ON r.id = l.record WHERE r.kind = 'visit' AND r.first_ms >= ?2",
                    params![device, day.start().as_ms(), A_DAYS_CHANGES],
                )?,
                waiting: waiting(connection, device)?,
                conflicts: conflicted(connection)?,
                decided_this_month: history::decided_this_month(connection, now)?,
                receipt: receipt(connection)?,
            })
        })
    }
}
