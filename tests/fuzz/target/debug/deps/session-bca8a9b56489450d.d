/work/main/tests/fuzz/target/debug/deps/session-bca8a9b56489450d.d: targets/session/main.rs targets/session/script.rs targets/session/../../../../crates/smtp-core/tests/watch/mod.rs targets/session/../../../../crates/smtp-core/tests/watch/rules.rs

/work/main/tests/fuzz/target/debug/deps/libsession-bca8a9b56489450d.rmeta: targets/session/main.rs targets/session/script.rs targets/session/../../../../crates/smtp-core/tests/watch/mod.rs targets/session/../../../../crates/smtp-core/tests/watch/rules.rs

targets/session/main.rs:
targets/session/script.rs:
targets/session/../../../../crates/smtp-core/tests/watch/mod.rs:
targets/session/../../../../crates/smtp-core/tests/watch/rules.rs:
