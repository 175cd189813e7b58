//! Tasks as lines of a list.

use rusqlite::Connection;

use super::rows;
use crate::replica::ReplicaError;
use crate::replica::people::names;
use crate::time::Day;
use crate::view::TaskLine;

pub(super) fn tasks(
    connection: &Connection,
    wanted: &str,
    values: impl rusqlite::Params,
    today: Day,
) -> Result<Vec<TaskLine>, ReplicaError> {
    let sql = format!(
        "SELECT t.id, t.household, t.note, t.due, t.done, h.name_zh, h.name_mong, h.name_cyrl,
                a.name_zh, a.name_mong, a.name_cyrl
         FROM task t LEFT JOIN household h ON h.id = t.household LEFT JOIN area a ON a.id = h.area
         WHERE {wanted}"
    );
    rows(connection, &sql, values, |row| {
        let due = row.get::<_, Option<String>>(3)?.and_then(|text| Day::parse(&text));
        let done: bool = row.get(4)?;
        Ok(TaskLine {
            id: row.get(0)?,
            household: row.get(1)?,
            household_name: names(row, 5)?,
            area_name: names(row, 8)?,
            note: row.get(2)?,
            due,
            overdue: !done && due.is_some_and(|due| due < today),
            done,
        })
    })
}
