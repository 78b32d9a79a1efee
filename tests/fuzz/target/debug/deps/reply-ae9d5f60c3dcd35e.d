/work/main/tests/fuzz/target/debug/deps/reply-ae9d5f60c3dcd35e.d: targets/reply.rs

/work/main/tests/fuzz/target/debug/deps/libreply-ae9d5f60c3dcd35e.rmeta: targets/reply.rs

targets/reply.rs:
