//! The named checks that passed and failed, told as they come.

use crate::command::Failure;

/// What a check comes to: nothing to say, or what is wrong.
pub(super) type Outcome = Result<(), String>;

#[derive(Debug, Default)]
pub(super) struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    pub(super) fn take(&mut self, name: &str, outcome: Outcome) {
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("ok      {name}");
            }
            Err(why) => {
                self.failed += 1;
                println!("FAILED  {name}");
                why.lines().for_each(|line| println!("        {line}"));
            }
        }
    }

    /// Says the count, and fails if a check did or if there was none.
    pub(super) fn close(self) -> Result<(), Failure> {
        let count = format!("{} passed, {} failed", self.passed, self.failed);
        if self.failed > 0 || self.passed == 0 {
            return Err(Failure::new(format!("peers: {count}")));
        }
        println!("{count}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_a_check() {
        assert_eq!(Tally::default().close().unwrap_err().to_string(), "peers: 0 passed, 0 failed");
    }

    #[test]
    fn one_failed_check_of_two() {
        let mut tally = Tally::default();
        tally.take("a", Ok(()));
        tally.take("b", Err("because".into()));
        assert_eq!(tally.close().unwrap_err().to_string(), "peers: 1 passed, 1 failed");
    }
}
