//! `cargo xtask gen`: the generated documents are tests that compare; this lets them write instead.

use crate::command::{CommandLine, Failure};

pub(crate) fn run() -> Result<(), Failure> {
    // `generated::` is the module of those tests; what they write they name on standard output.
    let write = CommandLine::cargo("test --quiet -p tests --test e2e generated:: -- --nocapture");
    let write = write.variable("MXPIPE_GEN", "1");
    eprintln!("$ {write}");
    write.run()
}
