//! PostgreSQL: a bounded pool of connections, each with its prepared statements.
//!
//! A writing job runs at READ COMMITTED: it locks its station's row first (`station::require`), so every statement after that
//! sees all that was committed before, and the jobs of a station come one after another without any of them having to be done
//! again. A reading job runs at REPEATABLE READ, READ ONLY: one view of the store from beginning to end.

use std::collections::HashMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::{FromSql, IsNull, ToSql, Type};
use postgres::{Client, Config, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::error::{Fault, StoreError};
use super::super::schema;
use super::{Cell, DatabaseError, Row, Tx};

/// Connections of one server; more jobs at once wait for one.
const CONNECTIONS: usize = 12;

/// How often a job is begun anew that another transaction was in the way of.
const TRIES: u32 = 5;

/// What every connection is told. A server that hangs in a transaction must not hold the others up for ever, and what was
/// answered must be on disk even where the database's default is less.
const GREETING: &str = "SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = '30s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

const BEGIN_WRITING: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The connections to a database.
pub(in crate::store) struct Pool {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    places: Mutex<Places>,
    came_back: Condvar,
}

#[derive(Default)]
struct Places {
    idle: Vec<Connection>,
    lent: usize,
}

struct Connection {
    client: Client,
    statements: HashMap<Box<str>, Statement>,
}

/// A place in the pool, free again when this is dropped, whatever became of the connection.
struct Place<'p>(&'p Pool);

/// A transaction that is under way.
pub(in crate::store) struct PgTx<'t> {
    connection: &'t mut Connection,
    failed: bool,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl Drop for Pool {
    /// A connection blocks while it closes, which it must not do on a thread of the server's runtime: whoever holds the store last
    /// may be there.
    fn drop(&mut self) {
        let idle = std::mem::take(&mut self.lock().idle);
        if tokio::runtime::Handle::try_current().is_ok() {
            std::thread::spawn(move || drop(idle));
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().lent -= 1;
        self.0.came_back.notify_one();
    }
}

impl Pool {
    pub(in crate::store) fn open(config: Config, tls: Option<MakeRustlsConnect>) -> Result<Self, StoreError> {
        let pool = Self { config, tls, places: Mutex::new(Places::default()), came_back: Condvar::new() };
        let mut connection = pool.connect().map_err(|source| StoreError::Database { doing: "opening", source })?;
        schema::bring_database_up_to_date(&mut connection.client)?;
        pool.lock().idle.push(connection);
        Ok(pool)
    }

    pub(in crate::store) fn write<T>(&self, mut job: impl FnMut(&Tx<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut tries = 1;
        loop {
            match self.in_transaction(true, &mut job) {
                Err(Fault::Sql(error)) if error.is_passing() && tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    pub(in crate::store) fn read<T>(&self, job: impl FnOnce(&Tx<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        self.in_transaction(false, job)
    }

    /// Lets go of the connections that nobody uses.
    pub(in crate::store) fn settle(&self) {
        let idle = std::mem::take(&mut self.lock().idle);
        drop(idle);
    }

    /// Overwrites what was deleted or replaced in the log. Readers go on meanwhile.
    pub(in crate::store) fn vacuum(&self) -> Result<(), DatabaseError> {
        let _place = self.take_place();
        Ok(self.connect()?.client.batch_execute("VACUUM log")?)
    }

    fn in_transaction<T>(&self, writes: bool, job: impl FnOnce(&Tx<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let _place = self.take_place();
        let mut connection = self.begin(if writes { BEGIN_WRITING } else { BEGIN_READING })?;
        let tx = Tx::postgres(PgTx { connection: &mut connection, failed: false }, writes);
        let done = job(&tx);
        let failed = tx.has_failed();
        let ended = match (&done, failed) {
            (Ok(_), false) => connection.client.batch_execute("COMMIT"),
            _ => connection.client.batch_execute("ROLLBACK"),
        };
        if ended.is_ok() && !failed {
            self.lock().idle.push(connection);
        }
        let done = done?;
        ended.map_err(DatabaseError::from)?;
        // A job that passed over a failure would be told it is done, and nothing would be there.
        if failed { Err(Fault::Sql(DatabaseError::RolledBack)) } else { Ok(done) }
    }

    fn take_place(&self) -> Place<'_> {
        let mut places = self.lock();
        while places.lent >= CONNECTIONS {
            places = self.came_back.wait(places).unwrap_or_else(PoisonError::into_inner);
        }
        places.lent += 1;
        Place(self)
    }

    /// A connection within a transaction. One that the database has closed meanwhile is found out here, before anything is done.
    fn begin(&self, how: &str) -> Result<Connection, DatabaseError> {
        loop {
            let idle = self.lock().idle.pop();
            let Some(mut connection) = idle else { break };
            if connection.client.batch_execute(how).is_ok() {
                return Ok(connection);
            }
        }
        let mut connection = self.connect()?;
        connection.client.batch_execute(how)?;
        Ok(connection)
    }

    fn connect(&self) -> Result<Connection, DatabaseError> {
        let mut client = match &self.tls {
            Some(tls) => self.config.connect(tls.clone())?,
            None => self.config.connect(NoTls)?,
        };
        client.batch_execute(GREETING)?;
        Ok(Connection { client, statements: HashMap::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PgTx<'_> {
    pub(super) const fn has_failed(&self) -> bool {
        self.failed
    }

    pub(super) fn execute(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<u64, DatabaseError> {
        let statement = self.connection.prepare(sql);
        let statement = self.noting(statement)?;
        let cells: Vec<&(dyn ToSql + Sync)> = cells.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
        let changed = self.connection.client.execute(&statement, &cells);
        self.noting(changed)
    }

    pub(super) fn each(
        &mut self,
        sql: &str,
        cells: &[Cell<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let statement = self.connection.prepare(sql);
        let statement = self.noting(statement)?;
        let mut failed = None;
        match self.connection.client.query_raw(&statement, cells.iter().copied()) {
            Err(error) => failed = Some(error),
            Ok(mut rows) => loop {
                match rows.next() {
                    Ok(Some(row)) if take(&Row::Postgres(&row))?.is_continue() => {}
                    Ok(_) => break,
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            },
        }
        self.noting(failed.map_or(Ok(()), Err))?;
        Ok(())
    }

    /// After a failure PostgreSQL undoes the whole transaction, even if asked to commit it.
    fn noting<T>(&mut self, done: Result<T, postgres::Error>) -> Result<T, DatabaseError> {
        self.failed |= done.is_err();
        Ok(done?)
    }
}

impl Connection {
    fn prepare(&mut self, sql: &str) -> Result<Statement, postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql.into(), statement.clone());
        Ok(statement)
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self, column: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) if *column == Type::INT8 => number.to_sql(column, out),
            Self::Text(text) if *column == Type::TEXT => text.to_sql(column, out),
            Self::Bytes(bytes) if *column == Type::BYTEA => bytes.to_sql(column, out),
            _ => Err(format!("a parameter of another type: {column}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(column: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        match *column {
            Type::INT8 => i64::from_sql(column, raw).map(Cell::Number),
            Type::TEXT => <&str>::from_sql(column, raw).map(Cell::Text),
            _ => <&[u8]>::from_sql(column, raw).map(Cell::Bytes),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Cell::Null)
    }

    fn accepts(column: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(column)
    }
}
