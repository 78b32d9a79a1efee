//! Logging in (RFC 4954): what is said, what is made of the answers, and that nobody reads the password.

use lab::Lab;
use serde_json::json;
use smtp_core::proto::base64::{decode, encode};

use crate::harness::{Ran, tool};
use crate::scene::{Scene, findings, verdict};

const USER: &str = "user@login.example";
const PASSWORD: &str = "geheim \"wört\"";

/// A server that offers `mechanisms` inside TLS, and then what follows.
fn inside_tls(mechanisms: &str, then: &str) -> String {
    format!(
        "S: 220 %NAME%\nC: EHLO *\nS: 250-%NAME%\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\ntls\n\
         C: EHLO *\nS: 250-%NAME%\nS: 250 AUTH {mechanisms}\n{then}\nC: QUIT\nS: 221 bye\nclose\n"
    )
}

/// The same without TLS.
fn in_clear(mechanisms: &str, then: &str) -> String {
    format!(
        "S: 220 %NAME%\nC: EHLO *\nS: 250-%NAME%\nS: 250 {mechanisms}\n{then}\nC: QUIT\nS: 221 bye\nclose\n"
    )
}

fn lab(dialogue: &str) -> Lab {
    Scene::default().server("mx.login.example", "127.69.0.1", dialogue).open()
}

/// `smtp-ping -v` with this login; what it says holds no secret.
fn ping_with(lab: &Lab, password: &str, args: &[&str]) -> Ran {
    let all = ["-v", "--no-ptr", "--auth-user", USER, "mx.login.example"];
    let ran = tool(lab, "smtp-ping")
        .env("MXPIPE_AUTH_PASSWORD", password)
        .args(all)
        .args(args.iter().copied())
        .run();
    assert_hidden(lab, &ran, password);
    ran
}

fn ping(lab: &Lab, args: &[&str]) -> Ran {
    ping_with(lab, PASSWORD, args)
}

/// Neither the password nor anything that was said for it is in the output.
#[track_caller]
fn assert_hidden(lab: &Lab, ran: &Ran, password: &str) {
    let heard = lab.heard("mx.login.example");
    // STARTTLS happens to be base64.
    let is_secret = |word: &&str| *word != "STARTTLS" && word.len() >= 8 && decode(word).is_some();
    let said = heard.iter().filter_map(|line| line.rsplit(' ').next()).filter(is_secret);
    let secrets = said.map(str::to_owned).chain([password.to_owned(), encode(password.as_bytes())]);
    for secret in secrets {
        for output in [&ran.stdout, &ran.stderr] {
            assert!(!output.contains(&secret), "{secret} is in {output}");
        }
    }
}

/// What the server heard between the last EHLO and QUIT.
fn said(lab: &Lab) -> Vec<String> {
    let heard = lab.heard("mx.login.example");
    let from = heard.iter().rposition(|line| line.starts_with("EHLO")).unwrap() + 1;
    let all = heard[from..].iter();
    all.take_while(|line| *line != "QUIT").cloned().collect()
}

fn plain() -> String {
    encode(format!("\0{USER}\0{PASSWORD}").as_bytes())
}

const ACCEPTED: &str = "S: 235 2.7.0 welcome";

#[test]
fn each_mechanism_says_what_it_should() {
    let user = encode(USER.as_bytes());
    let token = format!("user={USER}\x01auth=Bearer {PASSWORD}\x01\x01");
    let cases = [
        ("PLAIN", String::new(), vec![format!("AUTH PLAIN {}", plain())]),
        (
            "LOGIN",
            "S: 334 VXNlcm5hbWU6\nC: *\nS: 334 UGFzc3dvcmQ6\nC: *\n".to_owned(),
            vec!["AUTH LOGIN".to_owned(), user.clone(), encode(PASSWORD.as_bytes())],
        ),
        ("XOAUTH2", String::new(), vec![format!("AUTH XOAUTH2 {}", encode(token.as_bytes()))]),
        ("EXTERNAL", String::new(), vec![format!("AUTH EXTERNAL {user}")]),
    ];
    for (mechanism, exchange, expected) in cases {
        let lab = lab(&inside_tls(mechanism, &format!("C: AUTH {mechanism}*\n{exchange}{ACCEPTED}")));
        let ran = ping(&lab, &["--auth", mechanism]);
        let record = ran.record();
        assert_eq!((verdict(&record).as_str(), ran.code), ("ok", 0), "{mechanism}: {record:#}");
        assert_eq!(record["auth"], json!({"mechanism": mechanism, "user": USER}));
        assert!(record["timing_ms"]["auth"].is_number());
        assert_eq!(said(&lab), expected);
        assert!(ran.stderr.contains(&format!("AUTH {mechanism}")), "{}", ran.stderr);
    }
}

#[test]
fn oauthbearer_names_the_server() {
    let lab = lab(&inside_tls("OAUTHBEARER", &format!("C: AUTH *\n{ACCEPTED}")));
    assert_eq!(verdict(&ping(&lab, &["--auth", "oauthbearer"]).record()), "ok");
    let server = format!("host=mx.login.example\x01port={}", lab.port());
    let words = format!("n,a={USER},\x01{server}\x01auth=Bearer {PASSWORD}\x01\x01");
    assert_eq!(said(&lab), [format!("AUTH OAUTHBEARER {}", encode(words.as_bytes()))]);
}

#[test]
fn cram_md5_as_in_rfc_2195() {
    let challenge = encode(b"<1896.697170952@postoffice.reston.mci.net>");
    let lab =
        lab(&inside_tls("CRAM-MD5", &format!("C: AUTH CRAM-MD5\nS: 334 {challenge}\nC: *\n{ACCEPTED}")));
    let args = ["--no-ptr", "-v", "--auth-user", "tim", "mx.login.example"];
    let ran = tool(&lab, "smtp-ping").env("MXPIPE_AUTH_PASSWORD", "tanstaaftanstaaf").args(args).run();
    assert_eq!(verdict(&ran.record()), "ok");
    assert_eq!(said(&lab)[1], "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
    assert_hidden(&lab, &ran, "tanstaaftanstaaf");
}

#[test]
fn external_without_a_user_says_that_it_says_nothing() {
    let lab = lab(&inside_tls("EXTERNAL PLAIN", &format!("C: AUTH *\n{ACCEPTED}")));
    let ran = tool(&lab, "smtp-ping").args(["--no-ptr", "--auth", "external", "mx.login.example"]).run();
    assert_eq!(ran.record()["auth"], json!({"mechanism": "EXTERNAL"}));
    assert_eq!(said(&lab), ["AUTH EXTERNAL ="]);
}

#[test]
fn the_strongest_mechanism_that_is_offered_or_the_order_of_the_command_line() {
    let end = "C: AUTH *\nS: 535 5.7.8 no";
    let cases: [(&str, &[&str], &str); 6] = [
        ("PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256", &[], "SCRAM-SHA-256"),
        ("LOGIN PLAIN SCRAM-SHA-1", &["--auth", "any"], "SCRAM-SHA-1"),
        ("LOGIN plain XOAUTH2 EXTERNAL GSSAPI", &[], "PLAIN"),
        ("PLAIN LOGIN SCRAM-SHA-1", &["--auth", "LOGIN,PLAIN"], "LOGIN"),
        ("PLAIN SCRAM-SHA-1", &["--auth", "xoauth2,plain,any"], "PLAIN"),
        ("SCRAM-SHA-1 PLAIN", &["--auth", "login,any"], "SCRAM-SHA-1"),
    ];
    for (offered, args, expected) in cases {
        let lab = lab(&inside_tls(offered, end));
        let record = ping(&lab, args).record();
        assert_eq!(verdict(&record), "fail auth.rejected auth");
        assert_eq!(record["auth"]["mechanism"], expected, "{offered} {args:?}");
    }
    // The form from before RFC 2554.
    let lab = lab(&inside_tls("=", end).replace("AUTH =", "AUTH=PLAIN"));
    assert_eq!(ping(&lab, &[]).record()["auth"]["mechanism"], "PLAIN");
}

/// What follows `AUTH PLAIN …`, and what is made of it.
const ANSWERS: [(&str, &str); 16] = [
    ("S: 535 5.7.8 authentication credentials invalid", "fail auth.rejected auth"),
    ("S: 535-5.7.8 no\nS: 535 5.7.8 really not", "fail auth.rejected auth"),
    ("S: 501 5.5.4 what?", "fail auth.rejected auth"),
    ("S: 503 5.5.1 already", "fail auth.rejected auth"),
    ("S: 530 5.7.0 no", "fail auth.rejected auth"),
    ("S: 454 4.7.0 temporary authentication failure", "unknown auth.deferred auth"),
    ("S: 432 4.7.12 a password transition is needed", "unknown auth.deferred auth"),
    ("S: 421 4.3.2 going down", "unknown smtp.rate_limited auth"),
    ("S: 504 5.5.4 unrecognized", "fail auth.mechanism_unavailable auth"),
    ("S: 534 5.7.9 too weak", "fail auth.mechanism_unavailable auth"),
    ("S: 500 5.5.2 what?", "fail auth.mechanism_unavailable auth"),
    ("S: 250 fine", "fail smtp.bad_reply auth"),
    ("S: 334\nC: *\nS: 501 5.7.0 cancelled", "fail smtp.bad_reply auth"),
    ("S: 334 !not base64!\nC: *\nS: 501 5.7.0 cancelled", "fail smtp.bad_reply auth"),
    ("S: 334-YQ==\nS: 334 YQ==\nC: *\nS: 235 2.7.0 too late", "fail smtp.bad_reply auth"),
    ("close", "fail smtp.closed auth"),
];

#[test]
fn each_answer_has_its_code() {
    for (answer, expected) in ANSWERS {
        let lab = lab(&inside_tls("PLAIN", &format!("C: AUTH *\n{answer}")));
        let ran = ping(&lab, &[]);
        assert_eq!(verdict(&ran.record()), expected, "{answer}: {}", ran.stdout);
        let is_cancelled = said(&lab).last().is_some_and(|line| line == "*");
        assert_eq!(is_cancelled, answer.starts_with("S: 334"), "{answer}");
    }
    for silence in ["silence", "S= 334 YW\nsilence"] {
        let lab = lab(&inside_tls("PLAIN", &format!("C: AUTH *\n{silence}")));
        let record = ping(&lab, &["--reply-timeout", "500ms"]).record();
        assert_eq!(verdict(&record), "unknown smtp.timeout auth");
        assert_eq!(record["error"]["limit_ms"], 500);
    }
    for end in ["C: *\nclose", "C: *\nreset", "C: *\nS= 535 5.7\nclose"] {
        let lab = lab(&inside_tls("LOGIN", &format!("C: AUTH *\nS: 334 VXNlcm5hbWU6\n{end}")));
        let record = ping(&lab, &[]).record();
        assert_eq!(record["error"]["phase"], "auth", "{record:#}");
    }
}

#[test]
fn a_server_of_scram_that_proves_nothing() {
    let challenge = |words: &str| encode(words.as_bytes());
    let cases = [
        (ACCEPTED.to_owned(), "fail auth.server_not_verified auth"),
        (format!("S: 334 {}\nC: *\nS: 501 ok", challenge("r=x,s=YWJj,i=4096")), "fail smtp.bad_reply auth"),
        (
            format!("S: 334 {}\nC: *\nS: 501 ok", challenge("r=x,s=YWJj,i=4000000000")),
            "fail smtp.bad_reply auth",
        ),
        (format!("S: 334 {}\nC: *\nS: 501 ok", challenge("v=YWJj")), "fail smtp.bad_reply auth"),
        ("S: 535 5.7.8 no".to_owned(), "fail auth.rejected auth"),
    ];
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-1"] {
        for (then, expected) in &cases {
            let lab = lab(&inside_tls(mechanism, &format!("C: AUTH *\n{then}")));
            assert_eq!(verdict(&ping(&lab, &[]).record()), *expected, "{then}");
        }
    }
}

#[test]
fn a_refusal_within_oauth_is_shown_and_answered() {
    let words = r#"{"status":"invalid_token","scope":"mail"}"#;
    for (mechanism, farewell) in [("OAUTHBEARER", "AQ=="), ("XOAUTH2", "")] {
        let then = format!("C: AUTH *\nS: 334 {}\nC: *\nS: 535 5.7.8 no", encode(words.as_bytes()));
        let lab = lab(&inside_tls(mechanism, &then));
        let record = ping(&lab, &["--auth", mechanism]).record();
        assert_eq!(verdict(&record), "fail auth.rejected auth");
        let message = record["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        assert_eq!(said(&lab)[1..], [farewell]);
    }
}

#[test]
fn a_mechanism_that_is_refused_is_followed_by_the_next_and_named() {
    let then = format!("C: AUTH CRAM-MD5\nS: 504 5.5.4 not today\nC: AUTH PLAIN *\n{ACCEPTED}");
    let lab = lab(&inside_tls("PLAIN CRAM-MD5", &then));
    let record = ping(&lab, &[]).record();
    assert_eq!((verdict(&record).as_str(), &record["auth"]["mechanism"]), ("ok", &json!("PLAIN")));
    assert!(findings(&record).contains(&"auth.mechanism_unavailable".to_owned()), "{record:#}");
    let lab = self::lab(&inside_tls("PLAIN CRAM-MD5", "C: AUTH CRAM-MD5\nS: 535 5.7.8 no"));
    assert_eq!(verdict(&ping(&lab, &[]).record()), "fail auth.rejected auth");
    assert_eq!(said(&lab).len(), 1, "a wrong password is not tried twice");
}

#[test]
fn a_server_without_a_mechanism_for_us() {
    for offered in ["GSSAPI NTLM", ""] {
        let lab = lab(&inside_tls(offered, ""));
        let record = ping(&lab, &[]).record();
        assert_eq!(verdict(&record), "fail auth.mechanism_unavailable auth");
        assert!(said(&lab).is_empty() && record.get("auth").is_none());
    }
    let lab = lab(&in_clear("SIZE 1000", ""));
    assert_eq!(verdict(&ping(&lab, &["--auth-insecure"]).record()), "fail auth.mechanism_unavailable auth");
}

#[test]
fn a_password_does_not_go_out_in_clear_by_accident() {
    for args in [&[][..], &["--auth", "PLAIN"], &["--auth", "xoauth2,oauthbearer,login"]] {
        let lab = lab(&in_clear("AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER", &format!("C: AUTH *\n{ACCEPTED}")));
        let record = ping(&lab, args).record();
        assert_eq!(verdict(&record), "fail auth.cleartext_refused auth", "{args:?}");
        assert!(said(&lab).is_empty());
    }
    let lab = lab(&in_clear("AUTH PLAIN LOGIN", &format!("C: AUTH *\n{ACCEPTED}")));
    assert_eq!(verdict(&ping(&lab, &["--auth-insecure"]).record()), "ok");
    assert_eq!(said(&lab), [format!("AUTH PLAIN {}", plain())]);
    // What gives nothing away may be used.
    let lab = self::lab(&in_clear("AUTH PLAIN CRAM-MD5", "C: AUTH CRAM-MD5\nS: 535 5.7.8 no"));
    assert_eq!(verdict(&ping(&lab, &[]).record()), "fail auth.rejected auth");
    // STARTTLS was offered and refused: the session goes on in clear, and the password does not.
    let refused = in_clear("AUTH PLAIN", "").replace("250 AUTH", "250-STARTTLS\nS: 250 AUTH");
    let lab = self::lab(&refused.replace("\n\nC: QUIT", "\nC: STARTTLS\nS: 454 4.7.0 no\nC: QUIT"));
    assert_ne!(verdict(&ping(&lab, &["--tls", "may"]).record()), "ok");
    assert!(said(&lab).iter().all(|line| !line.starts_with("AUTH")), "{:?}", said(&lab));
}

#[test]
fn a_password_too_long_for_the_command_goes_out_when_it_is_asked_for() {
    let long = "p\u{e4}ssword ".repeat(40);
    let then = format!("C: AUTH PLAIN\nS: 334 \nC: *\n{ACCEPTED}");
    let lab = lab(&inside_tls("PLAIN", &then));
    assert_eq!(verdict(&ping_with(&lab, &long, &[]).record()), "ok");
    assert_eq!(said(&lab), ["AUTH PLAIN".to_owned(), encode(format!("\0{USER}\0{long}").as_bytes())]);
    let lab = self::lab(&inside_tls("PLAIN", &format!("C: AUTH PLAIN *\n{ACCEPTED}")));
    let ran = ping_with(&lab, &"x".repeat(200), &[]);
    assert_eq!(verdict(&ran.record()), "ok");
}

#[test]
fn a_login_that_is_accepted_before_it_was_given_is_none() {
    let lab = lab(&inside_tls("PLAIN", &format!("C: AUTH PLAIN\n{ACCEPTED}")));
    let ran = ping_with(&lab, &"password ".repeat(50), &[]);
    assert_eq!(verdict(&ran.record()), "fail smtp.bad_reply auth");
}

#[test]
fn with_first_a_login_that_is_refused_is_not_tried_at_the_next_address() {
    let dialogue = inside_tls("PLAIN", "C: AUTH *\nS: 535 5.7.8 no");
    let scene = Scene::default().server("mx.login.example", "127.69.0.1", &dialogue);
    let lab = scene.server("mx.login.example", "127.69.0.2", &dialogue).open();
    let record = ping(&lab, &["--first"]).record();
    assert_eq!(verdict(&record), "fail auth.rejected auth");
    let heard = lab.heard("mx.login.example");
    assert_eq!(heard.iter().filter(|line| line.starts_with("AUTH")).count(), 1);
}

#[test]
fn a_line_cut_short_after_the_login_is_not_quoted() {
    let line = format!("{}{PASSWORD}", "x".repeat(190));
    let then = format!("C: AUTH *\n{ACCEPTED}\nC: MAIL FROM:*\nS: {line}");
    let lab = lab(&inside_tls("PLAIN", &then));
    let ran = send(&lab, &["--server", "mx.login.example", "--quit-after", "mail"]);
    assert_eq!(ran.record()["error"]["code"], "smtp.bad_reply");
    assert!(!ran.stdout.contains("xxx") && !ran.stdout.contains("geheim"), "{}", ran.stdout);
}

#[test]
fn a_server_that_repeats_the_password_is_not_quoted() {
    let encoded = encode(PASSWORD.as_bytes());
    for words in [PASSWORD, &encoded, &plain()] {
        let lab = lab(&inside_tls("PLAIN", &format!("C: AUTH *\nS: 535 5.7.8 wrong: {words}!")));
        let record = ping(&lab, &[]).record();
        assert_eq!(record["error"]["reply"]["text"], "5.7.8 wrong: ***!");
        let lab = self::lab(&inside_tls("PLAIN", &format!("C: AUTH *\nS: what is {words}")));
        assert_eq!(verdict(&ping(&lab, &[]).record()), "fail smtp.bad_reply auth");
    }
}

#[test]
fn where_the_password_comes_from() {
    let dialogue = inside_tls("PLAIN", &format!("C: AUTH *\n{ACCEPTED}"));
    let args = ["--no-ptr", "--auth-user", USER, "mx.login.example"];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let path = file.to_str().unwrap();
    for content in [PASSWORD.to_owned(), format!("{PASSWORD}\n"), format!("{PASSWORD}\r\nmore\n")] {
        std::fs::write(&file, content).unwrap();
        let lab = lab(&dialogue);
        let ran = tool(&lab, "smtp-ping").args(args).args(["--auth-password-file", path]).run();
        assert_eq!((verdict(&ran.record()).as_str(), ran.stderr.as_str()), ("ok", ""));
        assert_eq!(said(&lab), [format!("AUTH PLAIN {}", plain())]);
    }
    let lab = lab(&dialogue);
    let ran = tool(&lab, "smtp-ping").args(args).args(["--auth-password", PASSWORD]).run();
    assert_eq!(verdict(&ran.record()), "ok");
    assert!(ran.stderr.contains("--auth-password-file"), "{}", ran.stderr);
    assert_hidden(&lab, &ran, PASSWORD);
    let missing = folder.path().join("missing");
    std::fs::write(&file, b"\xff\xfe").unwrap();
    let wrong: [&[&str]; 6] = [
        &[],
        &["--auth-password-file", missing.to_str().unwrap()],
        &["--auth-password-file", path],
        &["--auth-password", ""],
        &["--auth-password", PASSWORD, "--auth-password-file", path],
        &["--auth", "digest-md5"],
    ];
    for more in wrong {
        let ran = tool(&lab, "smtp-ping").args(args).args(more.iter().copied()).run();
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{more:?}");
        assert!(!ran.stderr.contains(PASSWORD), "{}", ran.stderr);
    }
    let ran = tool(&lab, "smtp-ping").args(["--auth", "PLAIN", "mx.login.example"]).run();
    assert_eq!(ran.code, 2, "there is no user");
}

#[test]
fn without_a_login_a_password_in_the_environment_is_nobodys_business() {
    let lab = lab(&in_clear("SIZE 1000", ""));
    let args = ["--no-ptr", "mx.login.example"];
    let ran = tool(&lab, "smtp-ping").env("MXPIPE_AUTH_PASSWORD", PASSWORD).args(args).run();
    assert_eq!(verdict(&ran.record()), "ok");
}

const SEND: [&str; 8] =
    ["-v", "--to", "jane@login.example", "--from", "me@login.example", "--body", "hello", "--auth-user"];

fn send(lab: &Lab, args: &[&str]) -> Ran {
    let ran = tool(lab, "smtp-send")
        .env("MXPIPE_AUTH_PASSWORD", PASSWORD)
        .args(SEND)
        .args([USER])
        .args(args.iter().copied())
        .run();
    assert_hidden(lab, &ran, PASSWORD);
    ran
}

#[test]
fn a_message_goes_out_after_the_login() {
    let envelope = "C: MAIL FROM:*\nS: 250 ok\nC: RCPT TO:*\nS: 250 ok";
    let lab = lab(&inside_tls("PLAIN", &format!("C: AUTH *\n{ACCEPTED}\n{envelope}")));
    let record = send(&lab, &["--server", "mx.login.example", "--quit-after", "rcpt"]).record();
    assert_eq!(verdict(&record), "ok");
    assert_eq!(record["auth"], json!({"mechanism": "PLAIN", "user": USER}));
    assert_eq!(said(&lab)[0], format!("AUTH PLAIN {}", plain()));
    let lab = self::lab(&inside_tls("PLAIN", &format!("C: AUTH *\n{ACCEPTED}")));
    let ran = send(&lab, &["--server", "mx.login.example", "--quit-after", "auth"]);
    assert_eq!(said(&lab).len(), 1, "{}", ran.stdout);
}

#[test]
fn a_login_that_is_refused_is_not_tried_at_the_next_address() {
    let dialogue = inside_tls("PLAIN", "C: AUTH *\nS: 535 5.7.8 no");
    let scene = Scene::default().server("mx.login.example", "127.69.0.1", &dialogue);
    let lab = scene.server("mx.login.example", "127.69.0.2", &dialogue).open();
    let ran = send(&lab, &["--server", "mx.login.example"]);
    let record = ran.record();
    assert_eq!((verdict(&record).as_str(), ran.code), ("fail auth.rejected auth", 1));
    assert_eq!(record["recipients"][0]["verdict"], "auth.rejected");
    let heard = lab.heard("mx.login.example");
    assert_eq!(heard.iter().filter(|line| line.starts_with("AUTH")).count(), 1);
}

#[test]
fn a_password_is_for_a_server_that_was_named() {
    let lab = lab(&in_clear("SIZE 1000", ""));
    let whole =
        ["--to", "jane@login.example", "--from", "me@login.example", "--body", "-", "--auth-user", USER];
    let run = tool(&lab, "smtp-send").env("MXPIPE_AUTH_PASSWORD", PASSWORD).args(whole);
    let ran = run.stdin("hello").run();
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert_eq!(lab.queries(), 0);
    let args = ["--from", "me@login.example", "--body", "hello", "--auth-user", USER];
    let run = tool(&lab, "smtp-send").env("MXPIPE_AUTH_PASSWORD", PASSWORD).args(args);
    let record = run.stdin("jane@login.example\n").run().record();
    assert_eq!(verdict(&record), "fail input.unusable input");
}

#[test]
fn a_server_that_demands_a_login_before_mail() {
    let refusal = "C: MAIL *\nS: 530 5.7.0 authentication required";
    let args = ["--no-ptr", "--rcpt", "jane@login.example", "mx.login.example"];
    for dialogue in [inside_tls("PLAIN", refusal), in_clear("AUTH PLAIN", refusal)] {
        let lab = lab(&dialogue);
        let record = tool(&lab, "smtp-ping").args(args).run().record();
        assert_eq!(verdict(&record), "fail auth.required mail");
    }
    let lab = lab(&in_clear("SIZE 1000", refusal));
    let record = tool(&lab, "smtp-ping").args(args).run().record();
    assert_eq!(verdict(&record), "fail tls.required mail");
}
