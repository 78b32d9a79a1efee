/work/main/tests/fuzz/target/debug/deps/fuzz-2ad680bbdd904aea.d: src/lib.rs

/work/main/tests/fuzz/target/debug/deps/libfuzz-2ad680bbdd904aea.rmeta: src/lib.rs

src/lib.rs:
