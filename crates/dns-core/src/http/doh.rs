//! A DNS server over HTTPS (RFC 8484): one client with its connections, HTTP/2 where the server has it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AGE, CONTENT_TYPE};
use reqwest::{Client, Response, Url, redirect};
use tokio_rustls::rustls::ClientConfig;

use super::{USER_AGENT, body, classify};
use crate::{HttpError, Location, Server};

const MEDIA_TYPE: &str = "application/dns-message";

/// A server, and what is open to it.
#[derive(Debug)]
pub(crate) struct Doh {
    client: Client,
    url: Url,
    connect_timeout: Duration,
}

/// A DNS message, or what the server says is one.
#[derive(Debug)]
pub(crate) struct DohReply {
    pub(crate) body: Vec<u8>,
    /// For how long somebody on the way has had it, in seconds.
    pub(crate) age: u32,
}

impl Doh {
    /// A client of this server at these addresses, which speaks HTTP/2, on one connection, or else HTTP/1.1; nothing is
    /// opened before the first request.
    pub(crate) fn new(
        server: &Server,
        addresses: &[SocketAddr],
        tls: &Arc<ClientConfig>,
        is_http2: bool,
        connect_timeout: Duration,
    ) -> Result<Self, HttpError> {
        let broken = |error: String| HttpError::Unreachable(error);
        let host = match &server.host {
            Location::Address(ip) => SocketAddr::new(*ip, server.port).to_string(),
            Location::Name(name) => format!("{name}:{}", server.port),
        };
        let url = format!("https://{host}{}", server.path);
        let url = Url::parse(&url).map_err(|error| broken(error.to_string()))?;
        let mut tls = ClientConfig::clone(tls);
        tls.alpn_protocols = vec![if is_http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        let client = Client::builder();
        let client = if is_http2 { client.http2_prior_knowledge() } else { client.http1_only() };
        let client = client
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .user_agent(USER_AGENT)
            .connect_timeout(connect_timeout)
            .resolve_to_addrs(url.host_str().unwrap_or_default(), addresses)
            .build()
            .map_err(|error| broken(error.to_string()))?;
        Ok(Self { client, url, connect_timeout })
    }

    /// Posts a message; what comes for it is of the right media type, and may be anything.
    ///
    /// # Errors
    /// Why nothing came.
    pub(crate) async fn post(&self, message: Vec<u8>) -> Result<DohReply, HttpError> {
        let reply = match self.post_once(message.clone()).await {
            // A kept connection may end while the request is on its way.
            Err(HttpError::NotHttp(_)) => self.post_once(message).await,
            result => result,
        };
        reply?.ok_or_else(|| HttpError::NotHttp(format!("the body is not {MEDIA_TYPE}")))
    }

    /// `None` if what came is of another media type.
    async fn post_once(&self, message: Vec<u8>) -> Result<Option<DohReply>, HttpError> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, MEDIA_TYPE);
        let failed = |error: reqwest::Error| match error.is_timeout() {
            true => HttpError::Timeout(self.connect_timeout),
            false => classify(&error),
        };
        let response = request.header(ACCEPT, MEDIA_TYPE).body(message).send().await.map_err(failed)?;
        let (is_message, age) = (is_message(&response), age(&response));
        let body = body(response, failed).await?;
        Ok(is_message.then_some(DohReply { body, age }))
    }
}

fn is_message(response: &Response) -> bool {
    let text = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // RFC 9110 section 8.3.1: parameters may follow.
    let kind = text.and_then(|text| text.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(MEDIA_TYPE)
}

/// RFC 9111 section 5.1; what is no number is not there, and one that is too large is the largest (section 1.2.2).
fn age(response: &Response) -> u32 {
    let text = response.headers().get(AGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_number = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    if is_number { text.parse().unwrap_or(u32::MAX) } else { 0 }
}
