//! What the client is told for its handshakes: whom to trust, who to be, what to ask for.

use std::path::Path;

use serde_json::Value;

use crate::harness::{internet, tool};
use crate::tls::{outcome, ping};

/// A file in a folder of its own.
fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_authorities_come_from_a_file() {
    let lab = internet();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let bad = [
        "no-such-file".to_owned(),
        folder.path().to_str().unwrap().to_owned(),
        file("empty.pem", ""),
        file("text.pem", "no certificate\n"),
        file("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ];
    for path in &bad {
        let ran = ping(&lab, &["--ca", path, "mail.port25.com"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{path}");
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains("--ca"), "{}", ran.stderr);
    }
    assert!(lab.heard("mail.port25.com").is_empty());
    // That of another world is an authority, but not ours.
    let other = internet();
    let path = other.ca();
    let record = ping(&lab, &["--ca", path.to_str().unwrap(), "mail.port25.com"]).record();
    assert_eq!(record["tls"]["verified"], false);
    let path = lab.ca();
    let run = tool(&lab, "smtp-ping").env("MXPIPE_CA", bad[0].as_str());
    let record = run.args(["--ca", path.to_str().unwrap(), "mail.port25.com"]).run().record();
    assert_eq!(record["tls"]["verified"], true, "the command line counts more than the environment");
}

/// Servers that demand a certificate of the client, in the way of TLS 1.3 and of 1.2.
const MUTUAL: [&str; 2] = ["mutual.tls.example", "mutual12.tls.example"];

#[test]
fn a_server_that_demands_a_certificate_says_so_when_it_gets_none() {
    let lab = internet();
    for host in MUTUAL {
        let ran = ping(&lab, &[host]);
        let record = ran.record();
        let failed = [Some("fail"), Some("tls.handshake_failed"), Some("tls")];
        assert_eq!((outcome(&record), ran.code), (failed, 1), "{record:#}");
        let message = "the TLS handshake failed: the server demands a client certificate";
        assert_eq!(record["error"]["message"], message);
        assert!(record["error"]["hint"].as_str().unwrap().contains("--cert"), "{record:#}");
        // No cipher is missing: nothing is to be learnt by a second connection.
        assert_eq!(lab.heard(host).iter().filter(|line| *line == "STARTTLS").count(), 1);
    }
    // One that only asks takes clients of every kind.
    assert_eq!(ping(&lab, &["asks.tls.example"]).record()["status"], "ok");
}

#[test]
fn a_certificate_of_the_client_is_shown_to_whom_asks() {
    let lab = internet();
    let both = lab.client_pem();
    let text = std::fs::read_to_string(&both).unwrap();
    let at = text.find("-----BEGIN PRIVATE KEY").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (file(folder.path(), "cert", &text[..at]), file(folder.path(), "key", &text[at..]));
    for host in [&MUTUAL[..], &["asks.tls.example", "good.tls.example"]].concat() {
        let record = ping(&lab, &["--cert", both.to_str().unwrap(), host]).record();
        assert_eq!(record["status"], "ok", "{record:#}");
        let record = ping(&lab, &["--cert", &cert, "--key", &key, host]).record();
        assert_eq!((&record["status"], &record["ehlo_tls"]["code"]), (&"ok".into(), &250.into()));
    }
    let other = internet();
    let record = ping(&lab, &["--cert", other.client_pem().to_str().unwrap(), MUTUAL[0]]).record();
    assert_eq!(outcome(&record), [Some("fail"), Some("tls.handshake_failed"), Some("tls")]);
    let message = record["error"]["message"].as_str().unwrap();
    assert!(message.contains("the server refuses the client certificate"), "{message}");
}

#[test]
fn mail_goes_to_a_server_that_knows_the_client() {
    let lab = internet();
    let both = lab.client_pem();
    let args = [
        "--server",
        "mutual.tls.example",
        "--to",
        "jane@tls.example",
        "--tls",
        "verify",
        "--body",
        "hi",
        "--pem",
    ];
    let record = tool(&lab, "smtp-send").args(args).args(["--cert", both.to_str().unwrap()]).run().record();
    assert_eq!((&record["status"], &record["tls"]["verified"]), (&"ok".into(), &true.into()), "{record:#}");
    assert!(record["tls"]["certificate"]["pem"].is_string());
    assert!(lab.mail("mutual.tls.example")[0].tls);
    let record = tool(&lab, "smtp-send").args(args).run().record();
    assert_eq!(outcome(&record), [Some("fail"), Some("tls.handshake_failed"), Some("tls")]);
}

#[test]
fn files_that_cannot_be_used_are_named_before_anything_is_done() {
    let lab = internet();
    let folder = tempfile::tempdir().unwrap();
    let both = std::fs::read_to_string(lab.client_pem()).unwrap();
    let at = both.find("-----BEGIN PRIVATE KEY").unwrap();
    let good = lab.client_pem().to_str().unwrap().to_owned();
    let cert = file(folder.path(), "cert.pem", &both[..at]);
    let key = file(folder.path(), "key.pem", &both[at..]);
    let other = std::fs::read_to_string(internet().client_pem()).unwrap();
    let other = file(folder.path(), "other.pem", &other);
    let text = file(folder.path(), "text.pem", "no certificate\n");
    let broken = file(folder.path(), "broken.pem", "-----BEGIN CERTIFICATE-----\n");
    let bad: [(&[&str], &str); 9] = [
        (&["--cert", "/no/such/file"], "--cert: failed to read /no/such/file: No such file"),
        (&["--cert", &text], "it holds no certificate"),
        (&["--cert", &broken], "a section in it has no end"),
        (&["--cert", &cert], "it holds no private key"),
        (&["--cert", &key], "it holds no certificate"),
        (&["--cert", &cert, "--key", "/no/such/key"], "--key: failed to read /no/such/key: No such file"),
        (&["--cert", &cert, "--key", &text], "it holds no private key"),
        (&["--cert", &good, "--key", &other], "the key is not that of the certificate"),
        (&["--key", &key], "--cert <FILE>"),
    ];
    for (args, words) in bad {
        for tls in ["none", "may"] {
            let ran = ping(&lab, &[args, &["--tls", tls, "mutual.tls.example"]].concat());
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
            assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
        }
    }
    assert!(lab.heard("mutual.tls.example").is_empty());
}

#[test]
fn versions_can_be_left_out() {
    let lab = internet();
    let version = |args: &[&str]| -> Value { ping(&lab, args).record()["tls"]["version"].clone() };
    assert_eq!(version(&["--tls-max", "1.2", "good.tls.example"]), "TLSv1.2");
    assert_eq!(version(&["--tls-min", "1.3", "good.tls.example"]), "TLSv1.3");
    assert_eq!(version(&["tls12.tls.example"]), "TLSv1.2");
    assert_eq!(version(&["tls13.tls.example"]), "TLSv1.3");
    for (bad, words) in [
        (&["--tls-min", "1.1"][..], "not spoken here"),
        (&["--tls-max", "1.0"], "not spoken here"),
        (&["--tls-max", "2"], "a version is 1.2 or 1.3"),
        (&["--tls-min", "1.3", "--tls-max", "1.2"], "no version is left"),
    ] {
        let ran = ping(&lab, &[bad, &["good.tls.example"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{bad:?}");
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[test]
fn a_server_that_has_no_version_in_common_with_us() {
    let lab = internet();
    let cases = [
        (
            ["--tls-min", "1.3", "tls12.tls.example"],
            "the server speaks TLSv1.2 at best, and a newer version was demanded",
        ),
        (
            ["--tls-max", "1.2", "tls13.tls.example"],
            "the server refuses every version of TLS that is asked for",
        ),
    ];
    for (args, message) in cases {
        let record = ping(&lab, &args).record();
        assert_eq!(outcome(&record), [Some("fail"), Some("tls.protocol_too_old"), Some("tls")], "{record:#}");
        assert_eq!(record["error"]["message"], message);
    }
}

#[test]
fn the_name_asked_for_is_not_the_name_verified() {
    let lab = internet();
    let record = ping(&lab, &["--sni", "Other.Example.", "good.tls.example"]).record();
    assert_eq!((&record["tls"]["sni"], &record["tls"]["verified"]), (&"other.example".into(), &true.into()));
    let record = ping(&lab, &["--sni", "wrong-name.example", "wrong-name.tls.example"]).record();
    assert_eq!(record["tls"]["verify_error"], "tls.certificate_host_mismatch");
    let record = ping(&lab, &["--sni", "good.tls.example", "127.63.7.1"]).record();
    assert_eq!(record["tls"]["sni"], "good.tls.example", "an address has no name of its own");
    assert_eq!(record["tls"]["verify_error"], "tls.certificate_host_mismatch");
    for name in ["192.0.2.1", "a b", ""] {
        assert_eq!(ping(&lab, &["--sni", name, "good.tls.example"]).code, 2, "{name:?}");
    }
}

#[test]
fn the_certificates_themselves_as_a_pem_file_has_them() {
    let lab = internet();
    let record = ping(&lab, &["--pem", "chain.tls.example"]).record();
    let pem = |value: &Value| value["pem"].as_str().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    // Given back as one to trust, the leaf verifies; the intermediate vouches for others too.
    let leaf = file(folder.path(), "leaf.pem", &pem(&record["tls"]["certificate"]));
    let record_by = |ca: &str, host| ping(&lab, &["--ca", ca, host]).record()["tls"]["verified"].clone();
    assert_eq!(record_by(&leaf, "chain.tls.example"), true);
    assert_eq!(record_by(&leaf, "good.tls.example"), false);
    let issuer = file(folder.path(), "issuer.pem", &pem(&record["tls"]["chain"][0]));
    assert_eq!(record_by(&issuer, "chain.tls.example"), true);
    let lines = pem(&record["tls"]["certificate"]);
    assert!(lines.lines().all(|line| line.len() <= 64) && lines.ends_with("-----END CERTIFICATE-----\n"));
}

#[test]
fn the_secrets_of_a_session_go_where_sslkeylogfile_says() {
    let lab = internet();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let log = path.to_str().unwrap();
    let run = |name: &str, args: &[&str]| {
        let ran = tool(&lab, name).env("SSLKEYLOGFILE", log).args(args.iter().copied()).run();
        assert_eq!(ran.record()["status"], "ok");
        std::fs::read_to_string(&path).unwrap_or_default()
    };
    assert_eq!(run("smtp-ping", &["--tls", "none", "good.tls.example"]), "", "no TLS, no secret");
    let text = run("smtp-ping", &["good.tls.example"]);
    assert!(text.contains("CLIENT_TRAFFIC_SECRET_0 "), "{text}");
    let more = run(
        "smtp-send",
        &["--server", "good.tls.example", "--to", "jane@tls.example", "--tls-max", "1.2", "--body", "x"],
    );
    assert!(more.starts_with(&text) && more.contains("CLIENT_RANDOM "), "{more}");
    // An empty one is none.
    let ran = tool(&lab, "smtp-ping").env("SSLKEYLOGFILE", "").args(["good.tls.example"]).run();
    assert_eq!(ran.code, 0);
}
