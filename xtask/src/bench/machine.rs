//! What the figures were measured on.

use std::fs;
use std::thread;

use crate::command::CommandLine;

/// One line that says when and where.
pub(super) fn describe() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let date = CommandLine::new("date", vec!["+%F".into()]).read().unwrap_or_default();
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    format!(
        "{date}: {cores} cores, {processor}, Linux {kernel}; load when it began {load}; at most {files} open files a process",
        date = date.trim(),
        processor = processor(&read("/proc/cpuinfo")),
        kernel = kernel.trim(),
        load = load.split(' ').next().unwrap_or_default(),
        files = open_files(&read("/proc/self/limits")).unwrap_or("?"),
    )
}

fn processor(cpuinfo: &str) -> &str {
    let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
    model.and_then(|line| line.split_once(':')).map_or("an unnamed processor", |(_, name)| name.trim())
}

/// The hard limit: everything that is measured raises its own as far.
fn open_files(limits: &str) -> Option<&str> {
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_what_it_runs_on() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\nprocessor\t: 1\n";
        assert_eq!(processor(cpuinfo), "Some CPU @ 2.00GHz");
        assert_eq!(processor(""), "an unnamed processor");
        let limits =
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024       20000      files\n";
        assert_eq!(open_files(limits), Some("20000"));
    }
}
