//! The most memory that a process has had so far.

use std::fs;
use std::process::Child;

use crate::command::Failure;

/// VmHWM in kilobytes, while the process is there.
pub(super) fn peak_of(process: &Child) -> Result<u64, Failure> {
    let path = format!("/proc/{}/status", process.id());
    let status =
        fs::read_to_string(&path).map_err(|error| Failure::new(format!("bench: {path}: {error}")))?;
    high_water(&status).ok_or_else(|| Failure::new(format!("bench: {path} names no peak")))
}

/// The median of several turns.
pub(super) fn megabytes(mut kilobytes: Vec<u64>) -> f64 {
    kilobytes.sort_unstable();
    kilobytes.get(kilobytes.len() / 2).copied().unwrap_or_default() as f64 / 1024.0
}

/// In kilobytes (proc_pid_status(5)).
fn high_water(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_in_the_status() {
        assert_eq!(high_water("Name:\ta\nVmHWM:\t   12345 kB\nVmRSS:\t  1 kB\n"), Some(12_345));
        let own = fs::read_to_string("/proc/self/status").unwrap();
        assert!(high_water(&own).unwrap() > 100);
    }

    #[test]
    fn the_median_is_told_in_megabytes() {
        assert_eq!(megabytes(vec![4_096, 1_024, 2_048]), 2.0);
    }
}
