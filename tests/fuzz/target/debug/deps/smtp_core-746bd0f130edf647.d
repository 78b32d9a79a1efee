/work/main/tests/fuzz/target/debug/deps/smtp_core-746bd0f130edf647.d: /work/main/crates/smtp-core/src/lib.rs /work/main/crates/smtp-core/src/proto/mod.rs /work/main/crates/smtp-core/src/proto/address.rs /work/main/crates/smtp-core/src/proto/capability.rs /work/main/crates/smtp-core/src/proto/cause.rs /work/main/crates/smtp-core/src/proto/dialogue.rs /work/main/crates/smtp-core/src/proto/dialogue/bytes.rs /work/main/crates/smtp-core/src/proto/endpoint.rs /work/main/crates/smtp-core/src/proto/enhanced.rs /work/main/crates/smtp-core/src/proto/facts.rs /work/main/crates/smtp-core/src/proto/phase.rs /work/main/crates/smtp-core/src/proto/plan.rs /work/main/crates/smtp-core/src/proto/policy.rs /work/main/crates/smtp-core/src/proto/quirk.rs /work/main/crates/smtp-core/src/proto/reply.rs /work/main/crates/smtp-core/src/proto/session.rs /work/main/crates/smtp-core/src/proto/step/mod.rs /work/main/crates/smtp-core/src/proto/step/ehlo.rs /work/main/crates/smtp-core/src/proto/step/greeting.rs /work/main/crates/smtp-core/src/proto/step/quit.rs /work/main/crates/smtp-core/src/proto/step/starttls.rs /work/main/crates/smtp-core/src/proto/step/transaction.rs /work/main/crates/smtp-core/src/proto/tls.rs /work/main/crates/smtp-core/src/proto/tls/cipher.rs /work/main/crates/smtp-core/src/proto/tls/hello.rs /work/main/crates/smtp-core/src/proto/tls/settings.rs /work/main/crates/smtp-core/src/proto/transcript.rs

/work/main/tests/fuzz/target/debug/deps/libsmtp_core-746bd0f130edf647.rmeta: /work/main/crates/smtp-core/src/lib.rs /work/main/crates/smtp-core/src/proto/mod.rs /work/main/crates/smtp-core/src/proto/address.rs /work/main/crates/smtp-core/src/proto/capability.rs /work/main/crates/smtp-core/src/proto/cause.rs /work/main/crates/smtp-core/src/proto/dialogue.rs /work/main/crates/smtp-core/src/proto/dialogue/bytes.rs /work/main/crates/smtp-core/src/proto/endpoint.rs /work/main/crates/smtp-core/src/proto/enhanced.rs /work/main/crates/smtp-core/src/proto/facts.rs /work/main/crates/smtp-core/src/proto/phase.rs /work/main/crates/smtp-core/src/proto/plan.rs /work/main/crates/smtp-core/src/proto/policy.rs /work/main/crates/smtp-core/src/proto/quirk.rs /work/main/crates/smtp-core/src/proto/reply.rs /work/main/crates/smtp-core/src/proto/session.rs /work/main/crates/smtp-core/src/proto/step/mod.rs /work/main/crates/smtp-core/src/proto/step/ehlo.rs /work/main/crates/smtp-core/src/proto/step/greeting.rs /work/main/crates/smtp-core/src/proto/step/quit.rs /work/main/crates/smtp-core/src/proto/step/starttls.rs /work/main/crates/smtp-core/src/proto/step/transaction.rs /work/main/crates/smtp-core/src/proto/tls.rs /work/main/crates/smtp-core/src/proto/tls/cipher.rs /work/main/crates/smtp-core/src/proto/tls/hello.rs /work/main/crates/smtp-core/src/proto/tls/settings.rs /work/main/crates/smtp-core/src/proto/transcript.rs

/work/main/crates/smtp-core/src/lib.rs:
/work/main/crates/smtp-core/src/proto/mod.rs:
/work/main/crates/smtp-core/src/proto/address.rs:
/work/main/crates/smtp-core/src/proto/capability.rs:
/work/main/crates/smtp-core/src/proto/cause.rs:
/work/main/crates/smtp-core/src/proto/dialogue.rs:
/work/main/crates/smtp-core/src/proto/dialogue/bytes.rs:
/work/main/crates/smtp-core/src/proto/endpoint.rs:
/work/main/crates/smtp-core/src/proto/enhanced.rs:
/work/main/crates/smtp-core/src/proto/facts.rs:
/work/main/crates/smtp-core/src/proto/phase.rs:
/work/main/crates/smtp-core/src/proto/plan.rs:
/work/main/crates/smtp-core/src/proto/policy.rs:
/work/main/crates/smtp-core/src/proto/quirk.rs:
/work/main/crates/smtp-core/src/proto/reply.rs:
/work/main/crates/smtp-core/src/proto/session.rs:
/work/main/crates/smtp-core/src/proto/step/mod.rs:
/work/main/crates/smtp-core/src/proto/step/ehlo.rs:
/work/main/crates/smtp-core/src/proto/step/greeting.rs:
/work/main/crates/smtp-core/src/proto/step/quit.rs:
/work/main/crates/smtp-core/src/proto/step/starttls.rs:
/work/main/crates/smtp-core/src/proto/step/transaction.rs:
/work/main/crates/smtp-core/src/proto/tls.rs:
/work/main/crates/smtp-core/src/proto/tls/cipher.rs:
/work/main/crates/smtp-core/src/proto/tls/hello.rs:
/work/main/crates/smtp-core/src/proto/tls/settings.rs:
/work/main/crates/smtp-core/src/proto/transcript.rs:
