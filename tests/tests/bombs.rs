//! Few bytes that unpack to many: no reader takes more memory than it says. Alone in its process, which it measures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write as _;

use ailchin_core::error::Code;
use ailchin_core::sync::{WireUnreadable, read_batch, read_lines};
use ailchin_server::batch::Push;

const MIB: usize = 1024 * 1024;

/// So many times `piece`, packed.
fn bomb(piece: &[u8], times: usize) -> Vec<u8> {
    let block = piece.repeat((MIB / piece.len()).max(1));
    let blocks = (times * piece.len()).div_ceil(block.len());
    let mut packed = zstd::Encoder::new(Vec::new(), 1).unwrap();
    (0..blocks).for_each(|_| packed.write_all(&block).unwrap());
    packed.finish().unwrap()
}

/// The most memory this process ever had, in MiB.
fn most_mib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() / 1024
}

#[test]
fn bytes_that_unpack_to_a_gibibyte_are_refused_within_the_caps() {
    let zeros = bomb(&[0], 1024 * MIB);
    let empty_lines = bomb(b"\n", 1024 * MIB);
    let short_lines = bomb(b"{}\n", 300 * MIB);
    let long_lines = bomb(&[&vec![b'x'; 500_000][..], b"\n"].concat(), 1_000);
    for packed in [&zeros, &empty_lines, &short_lines, &long_lines] {
        assert!(packed.len() < 200_000, "{} bytes", packed.len());
    }
    let before = most_mib();
    for packed in [&zeros, &empty_lines, &short_lines, &long_lines] {
        assert_eq!(Push::unpack(packed).unwrap_err(), Code::TooLarge);
    }
    let push = most_mib() - before;
    // The cap is 4 MiB; a growing buffer has twice that for a moment.
    assert!(push <= 24, "{push} MiB for a push");

    assert!(matches!(read_lines(&zeros), Err(WireUnreadable::TooLarge)));
    assert!(matches!(read_lines(&empty_lines), Err(WireUnreadable::TooLarge)));
    assert!(read_batch(&short_lines).is_err());
    assert!(read_batch(&long_lines).is_err());
    let pull = most_mib() - before;
    // The cap is 64 MiB.
    assert!(pull <= 128, "{pull} MiB for a pull");
}
