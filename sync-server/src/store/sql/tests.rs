//! What a transaction promises when others are in the way or something in it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../../../tests/src/cluster.rs"]
#[allow(dead_code, unreachable_pub, reason = "the kit of the stories uses the rest")]
mod cluster;

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

fn pool(address: &str) -> Pool {
    Pool::open(address.parse().unwrap(), None).unwrap()
}

/// A database with two rows that jobs can change.
fn two_rows() -> String {
    let address = cluster::database();
    cluster::client(&address)
        .batch_execute("CREATE TABLE tried (name BIGINT PRIMARY KEY, times BIGINT NOT NULL); INSERT INTO tried VALUES (1, 0), (2, 0)")
        .unwrap();
    address
}

const TRY: &str = "UPDATE tried SET times = times + 1 WHERE name = $1";

fn times(pool: &Pool) -> Vec<i64> {
    pool.read(|tx| tx.all("SELECT times FROM tried ORDER BY name", &[], |row| row.get("times"))).unwrap()
}

#[test]
fn a_job_that_another_one_was_in_the_way_of_is_done_again_and_counts_once() {
    let pool = pool(&two_rows());
    let (begun, met) = (AtomicU32::new(0), Barrier::new(2));
    let job = |first: i64, second: i64| {
        pool.write(|tx| {
            let again = begun.fetch_add(1, Ordering::SeqCst) >= 2;
            tx.execute(TRY, cells![first])?;
            if !again {
                // Each holds one row and wants the other's.
                met.wait();
            }
            tx.execute(TRY, cells![second])
        })
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| job(2, 1));
        job(1, 2).unwrap();
        other.join().unwrap().unwrap();
    });
    assert_eq!((times(&pool), begun.load(Ordering::SeqCst)), (vec![2, 2], 3));
}

#[test]
fn a_job_that_passes_over_a_failed_statement_is_not_called_done() {
    let pool = pool(&two_rows());
    let done = pool.write(|tx| {
        tx.execute(TRY, cells![1_i64])?;
        let _ = tx.execute("INSERT INTO tried VALUES ($1, $2)", cells![1_i64, 0_i64]);
        Ok(())
    });
    assert!(matches!(done, Err(Fault::Sql(DatabaseError::RolledBack))), "{done:?}");
    assert_eq!(times(&pool), [0, 0]);
}

#[test]
fn a_refused_job_leaves_nothing_and_its_connection_goes_on() {
    let pool = pool(&two_rows());
    for _ in 0..40 {
        let done: Result<(), Fault> = pool.write(|tx| {
            tx.execute(TRY, cells![1_i64])?;
            Err(Fault::Refused(Code::Malformed))
        });
        assert!(matches!(done, Err(Fault::Refused(Code::Malformed))));
    }
    assert_eq!(times(&pool), [0, 0]);
}

#[test]
fn a_job_that_panics_gives_its_place_back() {
    let pool = pool(&two_rows());
    for _ in 0..40 {
        let job = std::panic::AssertUnwindSafe(|| {
            pool.write(|tx| {
                tx.execute(TRY, cells![1_i64])?;
                fails_on_purpose()
            })
        });
        assert!(std::panic::catch_unwind(job).is_err());
    }
    assert_eq!(times(&pool), [0, 0]);
}

fn fails_on_purpose() -> Result<(), Fault> {
    panic!("on purpose")
}

#[test]
fn more_jobs_at_once_than_connections_wait_for_one() {
    let pool = pool(&two_rows());
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| pool.write(|tx| tx.execute(TRY, cells![2_i64])).unwrap());
        }
    });
    assert_eq!(times(&pool), [0, 40]);
}

#[test]
fn a_statement_within_the_rows_of_another_is_refused() {
    let pool = pool(&two_rows());
    let done = pool.read(|tx| {
        tx.each("SELECT name FROM tried", &[], |_| {
            tx.exists("SELECT name FROM tried", &[]).map(|_| ControlFlow::Continue(()))
        })
    });
    assert!(matches!(done, Err(Fault::Sql(DatabaseError::RowsOpen))), "{done:?}");
}

#[test]
fn a_reading_job_sees_one_state_and_changes_nothing() {
    let pool = pool(&two_rows());
    let seen = pool.read(|tx| {
        let before: i64 = tx.one("SELECT times FROM tried WHERE name = $1", cells![1_i64], |row| row.get("times"))?;
        pool.write(|other| other.execute(TRY, cells![1_i64]))?;
        let after: i64 = tx.one("SELECT times FROM tried WHERE name = $1", cells![1_i64], |row| row.get("times"))?;
        Ok((before, after))
    });
    assert_eq!(seen.unwrap(), (0, 0));
    assert!(matches!(pool.read(|tx| tx.execute(TRY, cells![1_i64])), Err(Fault::Sql(DatabaseError::Postgres(_)))));
    assert_eq!(times(&pool), [1, 0]);
}

#[test]
fn a_pool_may_be_dropped_on_a_thread_of_the_runtime() {
    let address = two_rows();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let opened = pool(&address);
    runtime.block_on(runtime.spawn(async move { drop(opened) })).unwrap();
}
