//! The rare states of a domain's DNS, and what is typed in place of a domain.

use serde_json::{Value, json};

use crate::harness::{internet, tool};
use crate::mxlookup::{exchanges, hosts, look, run};
use crate::resolver::liar;
use crate::scene::{Scene, findings, resolver, verdict};

fn message(record: &Value) -> &str {
    record["error"]["message"].as_str().unwrap()
}

/// What the findings say.
fn messages(record: &Value) -> Vec<&str> {
    let list = record["findings"].as_array().into_iter().flatten();
    list.map(|finding| finding["message"].as_str().unwrap()).collect()
}

#[test]
fn no_mx_and_one_family_that_cannot_be_looked_up_now() {
    for (found, failing, family) in [("A 192.0.2.1", "AAAA", "IPv6"), ("AAAA 2001:db8::1", "A", "IPv4")] {
        let lab = Scene::zone(&format!("a.example. 300 IN {found}"))
            .fault("a.example", "servfail", &format!("type = '{failing}'\nede = 22"))
            .open();
        let record = look(&lab, &["a.example"]);
        assert_eq!((verdict(&record).as_str(), &record["implicit"]), ("ok", &json!(true)));
        let address = found.split(' ').next_back().unwrap();
        assert_eq!(record["mx"][0]["addresses"], json!([address]));
        assert_eq!(findings(&record), ["dns.implicit_mx", "dns.servfail a.example"]);
        assert_eq!(messages(&record)[1], format!("the {family} addresses could not be looked up now"));
        assert_eq!(record["findings"][1]["ede"], json!([{"code": 22, "text": ""}]));
    }
}

#[test]
fn no_mx_and_the_only_family_cannot_be_looked_up_now() {
    for (failing, family) in [("A", "IPv4"), ("AAAA", "IPv6")] {
        // The other one is denied: that alone is no denial of the domain.
        let lab = Scene::zone("a.example. 300 IN TXT x")
            .fault("a.example", "servfail", &format!("type = '{failing}'"))
            .open();
        let record = look(&lab, &["a.example"]);
        assert_eq!(verdict(&record), "unknown dns.servfail dns");
        assert_eq!((record.get("mx"), record.get("implicit")), (None, None));
        let of = format!("the {family} address of the domain, which has no MX");
        assert_eq!(message(&record), format!("the resolver could not get an answer for {of}"));
    }
    let lab = Scene::zone("a.example. 300 IN TXT x")
        .fault("a.example", "refused", "type = 'A'")
        .fault("a.example", "refused", "type = 'AAAA'")
        .open();
    let record = look(&lab, &["a.example"]);
    assert_eq!(verdict(&record), "unknown dns.refused dns");
    assert_eq!(
        message(&record),
        "the resolver refuses to answer for the address of the domain, which has no MX"
    );
}

#[test]
fn no_mx_but_an_ipv6_address() {
    let record = look(&Scene::zone("a.example. 300 IN AAAA 2001:db8::1").open(), &["a.example"]);
    assert_eq!((verdict(&record).as_str(), &record["implicit"]), ("ok", &json!(true)));
    assert_eq!(hosts(&record), [r#"a.example ["2001:db8::1"]"#]);
}

#[test]
fn no_mx_and_no_address_of_the_family_asked_for() {
    let lab = Scene::zone("a.example. 300 IN A 192.0.2.1").open();
    let record = look(&lab, &["-6", "a.example"]);
    assert_eq!(verdict(&record), "fail dns.nodata dns");
    assert_eq!(message(&record), "the domain has neither an MX nor an IPv6 address");
}

#[test]
fn a_server_that_denies_the_name_for_one_type_only() {
    // RFC 4074 section 4.2: NXDOMAIN where NODATA is meant.
    let lab = Scene::zone("a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1")
        .records("b.example. 300 IN A 192.0.2.2\nc.example. 300 IN TXT x")
        .fault("mx.a.example", "nxdomain", "type = 'AAAA'")
        .fault("b.example", "nxdomain", "type = 'AAAA'")
        .fault("c.example", "nxdomain", "type = 'AAAA'")
        .open();
    let record = look(&lab, &["a.example"]);
    assert_eq!((verdict(&record).as_str(), findings(&record)), ("ok", vec![]));
    assert_eq!(hosts(&record), [r#"mx.a.example ["192.0.2.1"]"#]);
    assert_eq!(hosts(&look(&lab, &["b.example"])), [r#"b.example ["192.0.2.2"]"#]);
    assert_eq!(verdict(&look(&lab, &["c.example"])), "fail dns.nodata dns");
}

#[test]
fn an_exchange_of_which_one_family_is_denied_and_the_other_silent() {
    let lab = Scene::zone("a.example. 300 IN MX 10 gone.a.example.")
        .records("b.example. 300 IN MX 10 gone.a.example.\nb.example. 300 IN MX 20 mx.b.example.")
        .records("mx.b.example. 300 IN A 192.0.2.1")
        .fault("gone.a.example", "timeout", "type = 'AAAA'")
        .open();
    // A says that there is no such name; whoever says so may be wrong, and nobody has said it twice.
    let record = look(&lab, &["--timeout", "500ms", "a.example"]);
    assert_eq!(verdict(&record), "unknown dns.timeout dns");
    let of = "no answer for the IPv6 addresses of gone.a.example, and no other exchange has one";
    assert!(message(&record).starts_with(of), "{record}");
    assert_eq!(hosts(&record), ["gone.a.example -"]);
    let record = look(&lab, &["--timeout", "500ms", "b.example"]);
    assert_eq!(verdict(&record), "ok");
    assert_eq!(hosts(&record), ["gone.a.example -", r#"mx.b.example ["192.0.2.1"]"#]);
    assert_eq!(messages(&record), ["the IPv6 addresses could not be looked up now"]);
}

#[test]
fn each_failure_at_an_exchange_is_its_own_finding() {
    for (kind, code) in [
        ("servfail", "dns.servfail"),
        ("refused", "dns.refused"),
        ("garbage", "dns.bad_answer"),
        ("timeout", "dns.timeout"),
        ("wrong_id", "dns.bad_answer"),
        ("wrong_question", "dns.bad_answer"),
    ] {
        let lab =
            Scene::zone("a.example. 300 IN MX 10 bad.a.example.\na.example. 300 IN MX 20 mx.a.example.")
                .records("bad.a.example. 300 IN A 192.0.2.9\nmx.a.example. 300 IN A 192.0.2.1")
                .fault("bad.a.example", kind, "")
                .open();
        let record = look(&lab, &["--timeout", "700ms", "a.example"]);
        assert_eq!(verdict(&record), "ok", "{kind}");
        assert_eq!(hosts(&record), ["bad.a.example -", r#"mx.a.example ["192.0.2.1"]"#], "{kind}");
        assert_eq!(findings(&record), [format!("{code} bad.a.example")], "{kind}");
        assert_eq!(messages(&record), ["the addresses could not be looked up now"]);
    }
}

#[test]
fn one_family_of_an_exchange_is_named() {
    for (found, failing, family) in [("A 192.0.2.1", "AAAA", "IPv6"), ("AAAA 2001:db8::1", "A", "IPv4")] {
        let lab = Scene::zone("a.example. 300 IN MX 10 mx.a.example.")
            .records(&format!("mx.a.example. 300 IN {found}"))
            .fault("mx.a.example", "refused", &format!("type = '{failing}'"))
            .open();
        let record = look(&lab, &["a.example"]);
        assert_eq!((verdict(&record).as_str(), findings(&record).len()), ("ok", 1));
        assert_eq!(findings(&record), ["dns.refused mx.a.example"]);
        assert_eq!(messages(&record), [format!("the {family} addresses could not be looked up now")]);
        // Not asked, not missed.
        let other = if family == "IPv6" { "-4" } else { "-6" };
        assert_eq!(findings(&look(&lab, &[other, "a.example"])), [""; 0]);
    }
}

#[test]
fn an_exchange_that_is_an_alias_of_nothing() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN CNAME gone.a.example.\n\
                b.example. 300 IN MX 10 mx.b.example.\nmx.b.example. 300 IN CNAME b.example.";
    let lab = Scene::zone(zone).open();
    let record = look(&lab, &["a.example"]);
    assert_eq!(verdict(&record), "fail dns.mx_no_address dns");
    assert_eq!(record["mx"][0]["cname"], json!(["gone.a.example"]));
    assert_eq!(findings(&record), ["dns.mx_cname mx.a.example", "dns.nxdomain mx.a.example"]);
    let record = look(&lab, &["b.example"]);
    assert_eq!(record["mx"][0]["cname"], json!(["b.example"]));
    assert_eq!(findings(&record), ["dns.mx_cname mx.b.example", "dns.mx_no_address mx.b.example"]);
}

#[test]
fn the_ends_of_the_preferences() {
    let zone = "a.example. 300 IN MX 65535 last.a.example.\na.example. 300 IN MX 0 first.a.example.\n\
                *.a.example. 300 IN A 192.0.2.1";
    let record = look(&Scene::zone(zone).open(), &["a.example"]);
    assert_eq!(exchanges(&record), ["first.a.example", "last.a.example"]);
    assert_eq!((&record["mx"][0]["preference"], &record["mx"][1]["preference"]), (&json!(0), &json!(65_535)));
}

#[test]
fn a_null_mx_whatever_its_preference_and_number() {
    let zone = "a.example. 300 IN MX 10 .\nb.example. 300 IN MX 0 .\nb.example. 300 IN MX 65535 .";
    let lab = Scene::zone(zone).open();
    for domain in ["a.example", "b.example"] {
        for args in
            [&[domain][..], &["--no-addresses", domain], &["--ptr", "--tlsa", domain], &["-6", domain]]
        {
            let record = look(&lab, args);
            assert_eq!(verdict(&record), "fail dns.null_mx dns", "{args:?}");
            assert_eq!((&record["null_mx"], hosts(&record)), (&json!(true), vec![". []".to_owned()]));
        }
    }
}

#[test]
fn without_addresses_an_implicit_mx_is_still_made_sure_of() {
    let lab = Scene::zone("a.example. 300 IN A 192.0.2.1\nb.example. 300 IN TXT x").open();
    let record = look(&lab, &["--no-addresses", "a.example"]);
    assert_eq!((verdict(&record).as_str(), &record["implicit"]), ("ok", &json!(true)));
    assert_eq!(verdict(&look(&lab, &["--no-addresses", "b.example"])), "fail dns.nodata dns");
}

#[test]
fn sixty_exchanges_come_over_tcp() {
    let zone: String =
        (0..60).map(|n| format!("a.example. 300 IN MX {n} exchange-number-{n}.a.example.\n")).collect();
    let lab = Scene::zone(&zone).records("*.a.example. 300 IN A 192.0.2.1").open();
    let record = look(&lab, &["a.example"]);
    assert_eq!((verdict(&record).as_str(), exchanges(&record).len()), ("ok", 60));
    assert!(record.get("findings").is_none());
    // The MX twice, each host's two families once.
    assert_eq!(lab.queries(), 122);
}

#[test]
fn exchanges_without_end_are_bounded() {
    let zone: String = (0..2_000).map(|n| format!("a.b. 300 IN MX {} n{n}.b.\n", 2_000 - n)).collect();
    let lab = Scene::zone(&zone).records("*.b. 300 IN A 192.0.2.1").open();
    let record = look(&lab, &["--stable", "a.b"]);
    assert_eq!((verdict(&record).as_str(), exchanges(&record).len()), ("ok", 100));
    assert_eq!((exchanges(&record)[0], exchanges(&record)[99]), ("n1999.b", "n1900.b"));
    assert_eq!(findings(&record), ["dns.mx_too_many"]);
    assert_eq!(messages(&record), ["the domain has 2000 exchanges; only the 100 tried first are kept"]);
    assert_eq!(lab.queries(), 202);
}

#[test]
fn addresses_without_end_are_bounded() {
    let addresses: String =
        (0..300).map(|n| format!("mx.a.example. 300 IN A 192.0.{}.{}\n", 2 + n / 200, 1 + n % 200)).collect();
    let lab = Scene::zone("a.example. 300 IN MX 10 mx.a.example.").records(&addresses).open();
    let record = look(&lab, &["a.example"]);
    assert_eq!(record["mx"][0]["addresses"].as_array().unwrap().len(), 100);
    assert_eq!(findings(&record), ["dns.mx_too_many mx.a.example"]);
    assert_eq!(messages(&record), ["the exchange has 300 addresses; only 100 are kept"]);
}

#[test]
fn an_exchange_of_ipv6_alone() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN AAAA 2001:db8::1";
    let lab = Scene::zone(zone).open();
    let record = look(&lab, &["a.example"]);
    assert_eq!((verdict(&record).as_str(), findings(&record)), ("ok", vec![]));
    assert_eq!(hosts(&record), [r#"mx.a.example ["2001:db8::1"]"#]);
    let record = look(&lab, &["-4", "a.example"]);
    assert_eq!(verdict(&record), "fail dns.mx_no_address dns");
    assert_eq!(message(&record), "no exchange of the domain has an IPv4 address");
    assert_eq!(messages(&record), ["the exchange has no IPv4 address"]);
}

#[test]
fn addresses_that_lead_to_nobody_in_particular() {
    for address in
        ["A 0.0.0.0", "A 224.0.0.1", "A 255.255.255.255", "AAAA ::", "AAAA ff02::1", "A 100.64.0.1"]
    {
        let zone = format!("a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN {address}");
        let record = look(&Scene::zone(&zone).open(), &["a.example"]);
        assert_eq!(verdict(&record), "ok", "{address}");
        assert_eq!(findings(&record), ["dns.mx_non_public mx.a.example"], "{address}");
    }
    let zone = "a.example. 300 IN MX 10 x.localhost.\nx.localhost. 300 IN A 127.0.0.1";
    let record = look(&Scene::zone(zone).open(), &["a.example"]);
    assert_eq!(findings(&record), ["dns.mx_localhost x.localhost", "dns.mx_non_public x.localhost"]);
}

#[test]
fn an_address_in_brackets_or_of_ipv6_where_an_exchange_belongs() {
    let lab = internet();
    let servers = [
        (liar(&[b"[192", b"0", b"2", b"1]"]), r"\091192.0.2.1\093"),
        (liar(&[b"2001:db8::1"]), r"2001\058db8\058\0581"),
        (liar(&[b"192", b"0", b"2", b"1"]), "192.0.2.1"),
    ];
    for (server, exchange) in servers {
        let record = look(&lab, &["--dns", &server.to_string(), "a.example"]);
        assert_eq!(verdict(&record), "fail dns.mx_no_address dns", "{exchange}");
        assert_eq!(findings(&record), [format!("dns.mx_ip_literal {exchange}")]);
    }
}

#[test]
fn a_time_to_live_of_nothing_and_of_the_most() {
    let zone = "a.example. 0 IN MX 10 mx.a.example.\na.example. 0 IN MX 20 mx2.a.example.\n\
                b.example. 2147483647 IN MX 10 mx.a.example.\n*.a.example. 0 IN A 192.0.2.1";
    let lab = Scene::zone(zone).open();
    let record = look(&lab, &["a.example"]);
    assert_eq!((verdict(&record).as_str(), &record["mx"][0]["ttl"]), ("ok", &json!(0)));
    assert_eq!(look(&lab, &["b.example"])["mx"][0]["ttl"], json!(2_147_483_647_u32));
}

#[test]
fn a_wildcard_answers_for_every_name_below() {
    let zone = "*.a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1";
    let lab = Scene::zone(zone).open();
    for domain in ["x.a.example", "y.x.a.example", "*.a.example", "_x.a.example"] {
        let record = look(&lab, &[domain]);
        assert_eq!((verdict(&record).as_str(), &record["domain"]), ("ok", &json!(domain)));
        assert_eq!(hosts(&record), [r#"mx.a.example ["192.0.2.1"]"#]);
    }
    // The name itself is not below, and has nothing.
    assert_eq!(verdict(&look(&lab, &["a.example"])), "fail dns.nodata dns");
}

#[test]
fn names_with_an_underscore_or_an_escape() {
    let zone = "*.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1";
    let lab = Scene::zone(zone).open();
    for (word, domain) in [
        ("under_score.example", "under_score.example"),
        (r"a\046b.example", r"a\046b.example"),
        (r"a\.b.example", r"a\046b.example"),
        (r"A\.B.Example.", r"a\046b.example"),
    ] {
        let record = look(&lab, &[word]);
        assert_eq!((verdict(&record).as_str(), &record["domain"]), ("ok", &json!(domain)), "{word}");
    }
    for word in [r"a\999.example", r"a\1.example", r"a.example\"] {
        assert_eq!(verdict(&look(&lab, &[word])), "fail input.unusable input", "{word}");
    }
}

#[test]
fn an_internationalised_domain_in_capitals() {
    let lab = internet();
    for word in ["XN--BCHER-KVA.EXAMPLE.", "BÜCHER.EXAMPLE", "bücher。example"] {
        let record = look(&lab, &[word]);
        assert_eq!((verdict(&record).as_str(), &record["domain"]), ("ok", &json!("xn--bcher-kva.example")));
        assert_eq!((&record["domain_unicode"], &record["input"]), (&json!("bücher.example"), &json!(word)));
    }
}

#[test]
fn local_parts_of_every_kind() {
    let lab = Scene::zone("a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1").open();
    for local in [r#""a b""#, r#""a@b""#, r#""\"""#, "jürgen", "用户", "a+b=c", "O'Neil", &"x".repeat(64)]
    {
        let word = format!("{local}@A.example");
        let record = look(&lab, &[&word]);
        assert_eq!(verdict(&record), "ok", "{word}");
        assert_eq!(
            (&record["address"], &record["domain"]),
            (&json!(format!("{local}@a.example")), &json!("a.example"))
        );
        // The same as a line, as an object and as a string.
        let lines = format!("{word}\n{}\n{}\n", json!({"address": word}), json!(word));
        let ran = tool(&lab, "mxlookup").args(["--ordered"]).stdin(lines).run();
        for again in ran.records() {
            assert_eq!(again["address"], record["address"], "{again}");
        }
        assert_eq!(ran.code, 0);
    }
    let questions = lab.queries();
    for local in ["a b", "a@b", "<a", r#"a"b"#, r#""a"#, "a\tb", "", &"x".repeat(65), &"ü".repeat(33)] {
        let record = look(&lab, &[&format!("{local}@a.example")]);
        assert_eq!(verdict(&record), "fail input.unusable input", "{local}");
    }
    assert_eq!(lab.queries(), questions);
}

#[test]
fn an_address_that_is_not_in_brackets() {
    let lab = internet();
    for (word, literal) in [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("user@192.0.2.1", "[192.0.2.1]"),
    ] {
        let record = look(&lab, &[word]);
        assert_eq!(verdict(&record), "fail input.unusable input", "{word}");
        assert_eq!(message(&record), format!("an address stands in brackets: {literal}"));
    }
    for word in
        ["[IPv6:192.0.2.1]", "[IPv6:]", "[]", "[192.0.2.1", "[192.0.2.1].", "[a.example]", "[fe80::1%1]"]
    {
        assert_eq!(verdict(&look(&lab, &[word])), "fail input.unusable input", "{word}");
    }
    let record = look(&lab, &["user@[ipv6:2001:DB8::1]"]);
    assert_eq!((verdict(&record).as_str(), &record["address"]), ("ok", &json!("user@[IPv6:2001:db8::1]")));
    assert_eq!(verdict(&look(&lab, &["-4", "[IPv6:2001:db8::1]"])), "fail dns.mx_no_address dns");
    assert_eq!(lab.queries(), 0);
}

#[test]
fn phases_come_in_one_order() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\nmx.a.example. 300 IN A 192.0.2.1";
    let lab = Scene::zone(zone).secure("a.example").open();
    let ran = run(&lab, &["--ptr", "--tlsrpt", "--mta-sts", "--tlsa", "a.example"]);
    let record = ran.record();
    let phases: Vec<&String> = record["timing_ms"].as_object().unwrap().keys().collect();
    assert_eq!(phases, ["mx", "addresses", "tlsa", "mta_sts", "tlsrpt", "ptr", "total"]);
}

#[test]
fn text_for_somebody_who_is_tired() {
    let zone = "a.example. 300 IN MX 10 mx.a.example.\na.example. 300 IN MX 20 alias.a.example.\n\
                mx.a.example. 300 IN A 192.0.2.1\nalias.a.example. 300 IN CNAME ok.a.example.\n\
                ok.a.example. 300 IN A 192.0.2.2\nb.example. 300 IN MX 10 mx.b.example.";
    let lab = Scene::zone(zone)
        .secure("b.example")
        .fault("mx.a.example", "servfail", "")
        .fault("mx.b.example", "servfail", "")
        .open();
    let text = |args: &[&str]| run(&lab, &[&["--text", "--stable"], args].concat()).stdout;
    assert_eq!(
        text(&["a.example"]),
        "ok      a.example
        mx 10     mx.a.example  address not known now
        mx 20     alias.a.example alias of ok.a.example  192.0.2.2
        warning   the addresses could not be looked up now (mx.a.example) [dns.servfail]
        warning   the exchange is an alias, which RFC 2181 section 10.3 forbids (alias.a.example) [dns.mx_cname]
"
    );
    let expected = "unknown b.example  the resolver could not get an answer for the addresses of mx.b.example, and no other exchange has one
        code      dns.servfail in phase dns
        asked     RESOLVER
        dnssec    secure, as the resolver says
        mx 10     mx.b.example  address not known now
        warning   the addresses could not be looked up now (mx.b.example) [dns.servfail]
        try       compare with another resolver: mxlookup --dns 9.9.9.9 b.example
";
    assert_eq!(text(&["b.example"]), expected.replace("RESOLVER", &resolver(&lab)));
    let names = text(&["--no-addresses", "a.example"]);
    assert_eq!(names.lines().nth(1), Some("        mx 10     mx.a.example"));
}
