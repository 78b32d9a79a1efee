//! Every tool in one binary, by the name it is called by.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let name = args.first().and_then(|arg| Path::new(arg).file_name()).unwrap_or_default();
    match name.to_str() {
        Some("mxlookup") => mxlookup::main(args),
        Some("myip") => myip::main(args),
        Some("smtp-ping") => smtp_ping::main(args),
        Some("smtp-send") => smtp_send::main(args),
        _ => {
            tool_core::stderr::say("multicall", "call it by the name of a tool");
            ExitCode::from(2)
        }
    }
}
