//! Why a handshake failed, told apart.

use std::io;

use tokio_rustls::rustls::{AlertDescription as Alert, Error, PeerIncompatible};

use super::identity::Asked;
use crate::proto::TlsFailure;

/// What ended a handshake.
pub(super) fn failure(error: io::Error, asked: &Asked) -> TlsFailure {
    let words = error.to_string();
    match error.kind() {
        // A server may be gone before its alert is read, with our next words unread.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
            if asked.was_in_vain() =>
        {
            return TlsFailure::ClientCertificate(String::new());
        }
        io::ErrorKind::UnexpectedEof => return TlsFailure::Closed,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => return TlsFailure::Reset,
        _ => {}
    }
    match library_error(&error) {
        Some(
            Error::AlertReceived(Alert::ProtocolVersion)
            | Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ),
        ) => TlsFailure::Version(words),
        // The server had chosen a cipher before it asked: what it dislikes is the answer.
        Some(Error::AlertReceived(alert)) if asked.was_asked() => client_certificate(*alert, words),
        Some(Error::AlertReceived(Alert::HandshakeFailure | Alert::InsufficientSecurity)) => {
            TlsFailure::NothingInCommon(words)
        }
        Some(Error::AlertReceived(alert)) => by_certificate_alert(*alert, words),
        _ => TlsFailure::Handshake(words),
    }
}

/// What ended a handshake that was over for us: with TLS 1.3 a server looks at the client's
/// certificate afterwards. `None`: something else went wrong.
pub(in crate::net) fn late_failure(error: &io::Error) -> Option<TlsFailure> {
    match library_error(error)? {
        // A signature: that of our certificate, or ours by its key.
        Error::AlertReceived(alert @ (Alert::HandshakeFailure | Alert::DecryptError)) => {
            Some(client_certificate(*alert, error.to_string()))
        }
        Error::AlertReceived(alert) => Some(by_certificate_alert(*alert, error.to_string())),
        _ => None,
    }
}

fn library_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// The alerts of RFC 8446 section 6.2 about a certificate: it can only be ours.
fn by_certificate_alert(alert: Alert, words: String) -> TlsFailure {
    match alert {
        Alert::CertificateRequired
        | Alert::NoCertificate
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => client_certificate(alert, words),
        _ => TlsFailure::Handshake(words),
    }
}

fn client_certificate(alert: Alert, words: String) -> TlsFailure {
    TlsFailure::ClientCertificate(match alert {
        Alert::CertificateRequired | Alert::NoCertificate | Alert::HandshakeFailure => String::new(),
        _ => words,
    })
}

#[cfg(test)]
mod tests {
    use tokio_rustls::rustls::client::ResolvesClientCert;

    use super::*;

    #[test]
    fn a_server_that_asked_in_vain_and_left_wanted_a_certificate() {
        let asked = Asked::new(None);
        let of = |kind: io::ErrorKind| failure(kind.into(), &asked);
        assert_eq!(of(io::ErrorKind::UnexpectedEof), TlsFailure::Closed);
        assert_eq!(of(io::ErrorKind::BrokenPipe), TlsFailure::Reset);
        asked.resolve(&[], &[]);
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe]
        {
            assert_eq!(of(kind), TlsFailure::ClientCertificate(String::new()));
        }
        assert!(matches!(of(io::ErrorKind::Other), TlsFailure::Handshake(_)));
    }

    #[test]
    fn an_alert_is_about_what_came_before_it() {
        let alert = |alert| io::Error::new(io::ErrorKind::InvalidData, Error::AlertReceived(alert));
        let asked = Asked::new(None);
        let of = |kind, asked: &Asked| failure(alert(kind), asked);
        assert!(matches!(of(Alert::ProtocolVersion, &asked), TlsFailure::Version(_)));
        assert!(matches!(of(Alert::HandshakeFailure, &asked), TlsFailure::NothingInCommon(_)));
        assert!(matches!(of(Alert::InsufficientSecurity, &asked), TlsFailure::NothingInCommon(_)));
        assert!(matches!(of(Alert::InternalError, &asked), TlsFailure::Handshake(_)));
        asked.resolve(&[], &[]);
        assert_eq!(of(Alert::HandshakeFailure, &asked), TlsFailure::ClientCertificate(String::new()));
        let late = |kind| late_failure(&alert(kind));
        assert_eq!(late(Alert::CertificateRequired), Some(TlsFailure::ClientCertificate(String::new())));
        assert!(
            matches!(late(Alert::UnknownCA), Some(TlsFailure::ClientCertificate(words)) if !words.is_empty())
        );
        assert!(matches!(late(Alert::InternalError), Some(TlsFailure::Handshake(_))));
        assert_eq!(late_failure(&io::ErrorKind::ConnectionReset.into()), None);
    }
}
