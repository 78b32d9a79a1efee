//! Shakes hands with the servers of a world.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use lab::{Lab, World};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

fn connect(lab: &Lab, address: &str) -> TcpStream {
    let stream = TcpStream::connect((address.parse::<IpAddr>().unwrap(), lab.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// TLS with a server of this name, by the authority of the world.
fn encrypt(lab: &Lab, stream: TcpStream, name: &str) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(lab.ca()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

/// What comes in answer to these words, up to the end.
fn said(stream: &mut (impl Read + Write), words: &str) -> std::io::Result<String> {
    stream.write_all(words.as_bytes())?;
    let mut all = String::new();
    stream.read_to_string(&mut all)?;
    Ok(all)
}

const MESSAGE: &str = "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n";

#[test]
fn mail_that_comes_inside_tls() {
    let lab = Lab::start(&World::named("internet").unwrap()).unwrap();
    let mut clear = BufReader::new(connect(&lab, "127.63.8.1"));
    clear.get_mut().write_all(b"STARTTLS\r\n").unwrap();
    let mut line = String::new();
    while clear.read_line(&mut line).unwrap() > 0 && !line.contains("220 2.0.0") {}
    let said_inside = said(&mut encrypt(&lab, clear.into_inner(), "mx.sink.example"), MESSAGE).unwrap();
    assert!(!said_inside.contains("STARTTLS") && said_inside.contains("queued as 1"), "{said_inside}");
    let mail = lab.mail("mx.sink.example");
    assert_eq!((mail.len(), mail[0].tls, mail[0].data.as_slice()), (1, true, b"hi\r\n".as_slice()));
}

#[test]
fn tls_from_the_first_byte() {
    let lab = Lab::start(&World::named("internet").unwrap()).unwrap();
    let name = "implicit.tls.example";
    let all = said(&mut encrypt(&lab, connect(&lab, "127.63.7.8"), name), MESSAGE).unwrap();
    assert!(all.starts_with("220 implicit.tls.example ") && !all.contains("STARTTLS"), "{all}");
    assert!(lab.mail(name)[0].tls);
}

#[test]
fn the_authority_goes_with_the_world() {
    let lab = Lab::start(&World::parse("").unwrap()).unwrap();
    let ca = lab.ca();
    let env = lab.env();
    let named = env.iter().find(|(name, _)| *name == "MXPIPE_CA").unwrap();
    assert_eq!(named.1, ca.to_str().unwrap());
    assert!(ca.is_file());
    drop(lab);
    assert!(!ca.parent().unwrap().exists());
}

#[test]
fn a_dialogue_that_begins_with_tls() {
    let world = "[[server]]\nname = \"mx.example\"\naddress = \"127.63.240.4\"\nplays = \"implicit\"\n";
    let lab = Lab::start(&World::parse(world).unwrap()).unwrap();
    let mut stream = encrypt(&lab, connect(&lab, "127.63.240.4"), "mx.example");
    assert!(said(&mut stream, "EHLO c\r\nQUIT\r\n").unwrap().ends_with("221 2.0.0 bye\r\n"));
    let mut other = encrypt(&lab, connect(&lab, "127.63.240.4"), "other.example");
    assert!(said(&mut other, "EHLO c\r\n").unwrap_err().to_string().contains("certificate"));
}
