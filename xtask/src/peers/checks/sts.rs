//! A policy of MTA-STS out of OpenSSL's HTTPS server, announced by NSD, and Postfix held against it.

use crate::peers::pipeline::Run;
use crate::peers::postfix::STORED;
use crate::peers::tally::Outcome;
use crate::peers::world::World;

type Check = fn(&World) -> Outcome;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("a policy that is fetched, and where reports go", fetched),
    ("a web server with a certificate for another name", another_name),
    ("a web server whose authority nobody trusts", nobody),
    ("an announcement without a web server", gone),
    ("two announcements, and none", announcements),
    ("an exchange that the policy does not list", unlisted),
    ("a certificate that meets the policy, and one that does not", met),
    ("smtp-send hands nothing over against the policy", unsent),
];

/// `mxlookup --mta-sts DOMAIN`, the authority of the certificates being trusted.
fn line(world: &World, domain: &str) -> String {
    let (dns, port) = (world.unbound.address, world.web.address.port());
    let ca = world.postfix.certificates.path("root.pem");
    format!(
        "mxlookup --mta-sts --tlsrpt --allow-private --dns {dns} --https-port {port} --ca {} {domain}.peers.example",
        ca.display()
    )
}

fn lookup(world: &World, domain: &str) -> Result<Run, String> {
    Run::of(line(world, domain))
}

const POLICY: &str = r#""mode":"enforce","max_age":86400,"mx":["mx1.peers.example"]"#;

fn fetched(world: &World) -> Outcome {
    let run = lookup(world, "sts")?;
    let policy = format!(r#""mta_sts":{{"id":"20260101",{POLICY}}}"#);
    let reports = r#""tlsrpt":{"rua":["mailto:tls@peers.example","https://reports.example/v1"]}"#;
    run.exits(0)?.counts(1)?.holds(&[r#""status":"ok""#, &policy, reports]).map(drop)
}

/// The policy could not be had; the error of it is this.
fn unknown(run: &Run, code: &str) -> Outcome {
    let parts = [
        r#""status":"unknown""#,
        r#""exchange":"mx1.peers.example""#,
        &format!(r#""mta_sts":{{"id":"1","error":{{"code":"{code}""#),
        r#""error":{"tool":"mxlookup","code":"tls.sts_policy_fetch_error","phase":"http""#,
    ];
    run.exits(75)?.counts(1)?.holds(&parts).map(drop)
}

fn another_name(world: &World) -> Outcome {
    let run = lookup(world, "othersts")?;
    unknown(&run, "http.tls")?;
    run.has("not valid for name").map(drop)
}

fn nobody(world: &World) -> Outcome {
    let own = world.certificate.certificate.display();
    let (dns, port) = (world.unbound.address, world.web.address.port());
    let words = format!("--mta-sts --allow-private --dns {dns} --https-port {port} --ca {own}");
    let run = Run::of(format!("mxlookup {words} sts.peers.example"))?;
    run.exits(75)?.holds(&[r#""error":{"code":"http.tls""#, "tls.sts_policy_fetch_error"]).map(drop)
}

fn gone(world: &World) -> Outcome {
    unknown(&lookup(world, "gonests")?, "http.unreachable")
}

fn announcements(world: &World) -> Outcome {
    let run = lookup(world, "twosts")?;
    run.exits(0)?.holds(&[r#""mta_sts":{}"#, r#""code":"tls.sts_policy_invalid","severity":"warn""#])?;
    let run = lookup(world, "plain")?;
    run.exits(0)?.holds(&[r#""mta_sts":{},"tlsrpt":{"rua":[]}"#])?.lacks("tls.sts").map(drop)
}

fn unlisted(world: &World) -> Outcome {
    let run = lookup(world, "manysts")?;
    let finding = r#""code":"tls.sts_policy_invalid","severity":"warn""#;
    let parts = [POLICY, r#""unmatched":["mx2.peers.example"]"#, finding, r#""host":"mx2.peers.example""#];
    run.exits(0)?.holds(&parts).map(drop)
}

/// `mxlookup --mta-sts sts.peers.example | TOOL`, to Postfix with this certificate.
fn chain(world: &World, variant: &str, tool: &str) -> Result<Run, String> {
    let (dns, port) = (world.unbound.address, world.postfix.variants.port(variant));
    let ca = world.postfix.certificates.path("root.pem");
    let words = format!("--dns {dns} --port {port} --allow-private --ca {}", ca.display());
    Run::of(format!("{} | {tool} {words}", line(world, "sts")))
}

fn met(world: &World) -> Outcome {
    let run = chain(world, "good", "smtp-ping")?;
    let parts = [r#""status":"ok""#, r#""verified":true"#, r#""mta_sts":{"result":"pass","mode":"enforce"}"#];
    run.exits(0)?.counts(1)?.holds(&parts)?;
    for variant in ["expired", "other", "strange"] {
        let run = chain(world, variant, "smtp-ping --rcpt known@plain.peers.example")?;
        let error = r#""error":{"tool":"smtp-ping","code":"tls.sts_webpki_invalid","phase":"tls""#;
        run.exits(1)?
            .counts(1)?
            .holds(&[r#""mta_sts":{"result":"fail""#, error])?
            .lacks(r#""recipients""#)?;
    }
    Ok(())
}

fn unsent(world: &World) -> Outcome {
    let run = chain(world, "expired", &format!("smtp-send --from <> --to policy@{STORED} --body hi"))?;
    run.exits(1)?.counts(1)?.has(r#""code":"tls.sts_webpki_invalid""#)?.lacks("queue_id").map(drop)
}
