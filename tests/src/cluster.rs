//! A throw-away PostgreSQL cluster: one for each test program, one database for each test.
//!
//! It lies in a temporary folder and listens on a socket in it only. A small shell keeps it: when the test program is gone,
//! however it ended, the shell reads the end of its input, stops the database and removes the folder. Should the shell be
//! killed itself, the system stops the database.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::types::Type;
use postgres::{Client, Config, NoTls, Row};
use rusqlite::types::Value as Cell;

/// What PostgreSQL says when it may be connected to.
const READY: &str = "database system is ready to accept connections";

/// `$1` the programs' folder, `$2` the cluster's folder, `$3` more settings; the rest is put before commands to run them as
/// another user.
const KEEPER: &str = r#"
trap '' HUP INT TERM
bin=$1 folder=$2 settings=$3
shift 3
if [ $# -gt 0 ]; then chown -R postgres "$folder"; fi
{
  "$@" "$bin/initdb" --pgdata="$folder/data" --username=station --auth=trust --encoding=UTF8 --no-locale --no-sync 2>&1 &&
  {
    "$@" setpriv --pdeathsig INT -- "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= \
      -c fsync=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=32MB -c lc_messages=C $settings 2>&1 &
    database=$!
    read -r _
    kill -QUIT "$database"
    wait "$database"
  }
}
rm -rf "$folder"
"#;

static CLUSTER: LazyLock<Cluster> =
    LazyLock::new(|| Cluster::start(empty_folder(), "").unwrap_or_else(|log| panic!("{log}")));

static DURABLE: LazyLock<Cluster> =
    LazyLock::new(|| Cluster::start(empty_folder(), AS_INSTALLED).unwrap_or_else(|log| panic!("{log}")));

/// What PostgreSQL does if nobody sets it.
const AS_INSTALLED: &str = "-c fsync=on -c full_page_writes=on -c shared_buffers=128MB";

/// A cluster; stopped and removed when it is dropped or this program is gone.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    /// Its input ends with this program.
    keeper: Child,
}

/// An empty database of its own, and where it is.
///
/// # Panics
/// If there is no PostgreSQL on this machine.
#[must_use]
pub fn database() -> String {
    database_of(&CLUSTER)
}

/// An empty database of its own that waits for its disk before it says that something is stored, and where it is.
///
/// # Panics
/// If there is no PostgreSQL on this machine.
#[must_use]
pub fn durable_database() -> String {
    database_of(&DURABLE)
}

fn database_of(cluster: &Cluster) -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("test{}", MADE.fetch_add(1, Ordering::Relaxed));
    client(&cluster.address("postgres")).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    cluster.address(&name)
}

/// A cluster of its own that speaks TLS with a certificate (PEM) on a free loopback port, and its port.
///
/// # Panics
/// If there is no PostgreSQL on this machine.
#[must_use]
pub fn with_tls(certificate: &str, key: &str) -> (Cluster, u16) {
    let mut said = String::new();
    // PostgreSQL cannot look for a free port itself: somebody may take it before PostgreSQL does.
    for _ in 0..5 {
        let folder = empty_folder();
        for (name, text) in [("tls.crt", certificate), ("tls.key", key)] {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(folder.join(name));
            file.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = folder.display();
        let settings = format!(
            "-c listen_addresses=127.0.0.1 -p {port} -c ssl=on -c ssl_cert_file={at}/tls.crt -c ssl_key_file={at}/tls.key"
        );
        match Cluster::start(folder, &settings) {
            Ok(cluster) => return (cluster, port),
            Err(log) => said = log,
        }
    }
    panic!("{said}");
}

/// A connection for looking at what is really there.
///
/// # Panics
/// If the database does not answer.
#[must_use]
pub fn client(address: &str) -> Client {
    address.parse::<Config>().unwrap().connect(NoTls).unwrap()
}

/// What really stands in a store: the answer to a question of either database, its address `postgres://…` or a file's path.
///
/// # Panics
/// If it cannot be asked.
#[must_use]
pub fn rows(address: &str, sql: &str) -> Vec<Vec<Cell>> {
    if address.starts_with("postgres://") {
        return client(address).query(sql, &[]).unwrap().iter().map(of_postgres).collect();
    }
    let file = rusqlite::Connection::open(address).unwrap();
    file.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    let mut statement = file.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
    rows.map(Result::unwrap).collect()
}

fn of_postgres(row: &Row) -> Vec<Cell> {
    let cell = |column: usize| match *row.columns()[column].type_() {
        Type::INT8 => row.get::<_, Option<i64>>(column).map_or(Cell::Null, Cell::Integer),
        Type::TEXT => row.get::<_, Option<String>>(column).map_or(Cell::Null, Cell::Text),
        Type::BYTEA => row.get::<_, Option<Vec<u8>>>(column).map_or(Cell::Null, Cell::Blob),
        ref other => panic!("a column of type {other}"),
    };
    (0..row.len()).map(cell).collect()
}

impl Cluster {
    /// Starts one in a folder of its own; what PostgreSQL said if it does not.
    fn start(folder: PathBuf, settings: &str) -> Result<Self, String> {
        let mut keeper = Command::new("/bin/sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(programs()).arg(&folder).arg(settings).args(as_postgres());
        // A group of its own: what ends the tests must not end their keeper.
        keeper.process_group(0).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut keeper = keeper.spawn().unwrap();
        let mut said = BufReader::new(keeper.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut log = String::from("PostgreSQL does not start:");
        loop {
            match said.next() {
                None => {
                    let _ = keeper.wait();
                    return Err(log);
                }
                Some(line) if line.contains(READY) => break,
                Some(line) => {
                    log.push('\n');
                    log.push_str(&line);
                }
            }
        }
        // Read on, so that it is never held up by what it says.
        std::thread::spawn(move || said.for_each(drop));
        Ok(Self { folder, keeper })
    }

    fn address(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://station@{folder}/{database}")
    }
}

impl Drop for Cluster {
    /// Closes the keeper's input and waits until it has cleared away.
    fn drop(&mut self) {
        let _ = self.keeper.wait();
    }
}

fn empty_folder() -> PathBuf {
    tempfile::Builder::new().prefix("ailchin-postgres-").tempdir().unwrap().keep()
}

/// The newest PostgreSQL that Debian or Ubuntu installed.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map_while(Result::ok);
    let found = versions
        .filter(|version| version.path().join("bin/postgres").exists())
        .max_by_key(|version| version.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
    let found = found.map(|version| version.path().join("bin"));
    found.unwrap_or_else(|| panic!("no PostgreSQL in /usr/lib/postgresql/*/bin; `make setup` installs it"))
}

/// PostgreSQL does not run as root: then it is the user that its package made.
fn as_postgres() -> &'static [&'static str] {
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if root { &["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] } else { &[] }
}
