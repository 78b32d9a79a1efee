/work/main/tests/fuzz/target/debug/deps/capabilities-e171e89e9ed34d55.d: targets/capabilities.rs

/work/main/tests/fuzz/target/debug/deps/libcapabilities-e171e89e9ed34d55.rmeta: targets/capabilities.rs

targets/capabilities.rs:
