//! What the system allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::stderr;

/// Open files that a run needs whatever it does: streams, event queues, its DNS sockets.
const BASE: u64 = 64;

/// A session, and a lookup beside it.
const PER_TARGET: u64 = 2;

/// Raises the limit of open files as far as it goes without privilege, and gives the number of
/// targets that can be worked on at a time under it: `wanted`, or fewer, which is said.
pub(super) fn open_files(tool: &str, wanted: u32, quiet: bool) -> u32 {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).is_ok();
    let Some(files) = (if raised { limit.maximum } else { limit.current }) else { return wanted };
    let possible = possible(files);
    if possible >= wanted {
        return wanted;
    }
    if !quiet {
        let sentence = format!(
            "{files} open files are allowed (ulimit -n), too few for -j {wanted}: going on with -j {possible}"
        );
        stderr::say(tool, &sentence);
    }
    possible
}

fn possible(files: u64) -> u32 {
    u32::try_from(files.saturating_sub(BASE) / PER_TARGET).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_are_few_targets_and_at_least_one() {
        assert_eq!(possible(1024), 480);
        assert_eq!(possible(10), 1);
        assert_eq!(possible(u64::MAX), u32::MAX);
    }
}
