//! What the operating system says about this process.
//!
//! Owns: nothing. Calls: nothing. Called by: `telemetry::metrics`.
//! Invariants: a figure that cannot be had is left out, never zero (`memory_is_read_where_linux_tells_it`).
//! After a crash: nothing is left.

/// Bytes of memory this process occupies. `None` where the system does not tell.
///
/// Read from `status` rather than `statm`: it is in kilobytes, whatever the size of a page.
pub fn resident_memory_bytes() -> Option<u64> {
    parse(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_where_linux_tells_it() {
        assert_eq!(parse("VmPeak:\t  9000 kB\nVmRSS:\t    2048 kB\nThreads:\t1\n"), Some(2_097_152));
        assert_eq!(parse("Name:\ttenantry\n"), None);
        if cfg!(target_os = "linux") {
            assert!(resident_memory_bytes().is_some_and(|bytes| bytes > 1_000_000));
        }
    }
}
