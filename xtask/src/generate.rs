//! `cargo xtask gen`: the generated documents are tests that compare; this lets them write instead.

use crate::command::{CommandLine, Failure};

pub(crate) fn run() -> Result<(), Failure> {
    let write = CommandLine::cargo("test -p tests --test e2e generated").variable("MXPIPE_GEN", "1");
    eprintln!("$ {write}");
    write.run()
}
