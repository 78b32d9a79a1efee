//! Fetching a small document over HTTP; only this file and those below it know the HTTP library.
//!
//! The addresses come from outside: no name is looked up here. No redirect is followed, no proxy
//! is used, and a body has an end. Only plain 200 is an answer.

mod doh;

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::{Duration, Instant};

use reqwest::{Client, Response, Url, redirect};
use tokio::time::timeout_at;
use tokio_rustls::rustls;

pub(crate) use doh::{Doh, DohReply};

pub use crate::trust::Trust;
use crate::{DomainName, HttpError, Location};

/// The most octets of a body.
pub const MAX_BODY: usize = 64 * 1024;

const USER_AGENT: &str = concat!("mxpipe/", env!("CARGO_PKG_VERSION"));

/// Where a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl(Url);

impl FromStr for HttpUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| "that is no URL")?;
        match url.scheme() {
            "http" | "https" => {}
            _ => return Err("a URL begins with https:// or http://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL with a login would show it in every record");
        }
        let url = Self(url);
        url.host().ok_or("the URL names no server").map(|_| url)
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl HttpUrl {
    /// The server.
    pub fn host(&self) -> Option<Location> {
        let text = self.0.host_str()?;
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        match bare.parse() {
            Ok(ip) => Some(Location::Address(ip)),
            Err(_) => DomainName::parse(text).ok().map(Location::Name),
        }
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// Whether it is fetched over TLS.
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }
}

/// A request, with every limit that it has.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What to fetch.
    pub url: &'a HttpUrl,
    /// Where its server is. Of both families the one that connects first is used (RFC 8305).
    pub addresses: &'a [IpAddr],
    /// What its certificate must lead to; nothing is verified over plain HTTP.
    pub trust: Option<&'a Trust>,
    /// How long the connection may take.
    pub connect_timeout: Duration,
    /// When everything ends.
    pub deadline: Instant,
    /// The length of the limit that ends then.
    pub limit: Duration,
}

impl Request<'_> {
    /// The body of the document, at most [`MAX_BODY`] octets, which may be anything.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn fetch(&self) -> Result<Vec<u8>, HttpError> {
        match timeout_at(self.deadline.into(), self.get()).await {
            Ok(result) => result,
            Err(_) => Err(HttpError::Timeout(self.limit)),
        }
    }

    async fn get(&self) -> Result<Vec<u8>, HttpError> {
        let client = self.client().await?;
        let failed = |error| self.classify(&error);
        let response = client.get(self.url.0.clone()).send().await.map_err(failed)?;
        body(response, failed).await
    }

    async fn client(&self) -> Result<Client, HttpError> {
        if self.addresses.is_empty() {
            return Err(HttpError::Unreachable("the server has no address".to_owned()));
        }
        // The socket of one family alone is pinned to it.
        let any = match self.addresses.iter().all(IpAddr::is_ipv4) {
            true => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            false if self.addresses.iter().all(IpAddr::is_ipv6) => Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
            false => None,
        };
        let broken = |error: String| HttpError::Tls(error);
        // The library wants a configuration for plain HTTP too; one without roots costs nothing.
        let trust = self.trust.cloned().unwrap_or_else(Trust::nobody);
        let tls = trust.client().await.map_err(|error| broken(error.to_string()))?;
        let to: Vec<SocketAddr> = self.addresses.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
        Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .user_agent(USER_AGENT)
            .connect_timeout(self.connect_timeout)
            .local_address(any)
            .resolve_to_addrs(self.url.0.host_str().unwrap_or_default(), &to)
            .build()
            .map_err(|error| broken(error.to_string()))
    }

    fn classify(&self, error: &reqwest::Error) -> HttpError {
        if error.is_timeout() {
            return HttpError::Timeout(if error.is_connect() { self.connect_timeout } else { self.limit });
        }
        classify(error)
    }
}

/// The body of a plain 200, as far as it may go.
async fn body(
    mut response: Response,
    failed: impl Fn(reqwest::Error) -> HttpError,
) -> Result<Vec<u8>, HttpError> {
    match response.status() {
        status if status.is_redirection() => return Err(HttpError::Redirect(status.as_u16())),
        status if status.as_u16() != 200 => return Err(HttpError::Status(status.as_u16())),
        _ => {}
    }
    // Nobody asked for it to be packed.
    let packed = response.headers().get_all("content-encoding").iter().any(|how| how != "identity");
    if packed {
        return Err(HttpError::NotHttp("the answer is compressed".to_owned()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(&failed)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(HttpError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What stood in the way, apart from time: the cause stands at the end of the chain of sources.
fn classify(error: &reqwest::Error) -> HttpError {
    let (mut next, mut cause) = (error.source(), error.to_string());
    while let Some(inner) = next {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return HttpError::Tls(tls.to_string());
        }
        cause = inner.to_string();
        next = match inner.downcast_ref::<io::Error>() {
            // Its `source` would leave out what it wraps.
            Some(io) => {
                if io.get_ref().is_none() {
                    cause = io.kind().to_string();
                }
                io.get_ref().map(|wrapped| -> &(dyn Error + 'static) { wrapped })
            }
            None => inner.source(),
        };
    }
    if error.is_connect() { HttpError::Unreachable(cause) } else { HttpError::NotHttp(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_server_and_no_login() {
        let url: HttpUrl = "https://Api.Example".parse().unwrap();
        assert_eq!((url.to_string().as_str(), url.port()), ("https://api.example/", 443));
        assert_eq!(url.host(), Some(Location::Name(DomainName::parse("api.example").unwrap())));
        let url: HttpUrl = "http://[::1]:8080/ip".parse().unwrap();
        assert_eq!(
            (url.host(), url.port(), url.is_secure()),
            (Some(Location::Address("::1".parse().unwrap())), 8080, false)
        );
        for text in ["", "ip", "ftp://a.example/", "https://", "https://me:secret@a.example/", "data:,x"] {
            assert!(text.parse::<HttpUrl>().is_err(), "{text}");
        }
    }
}
