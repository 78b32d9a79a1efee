//! A DNS server over HTTPS (RFC 8484): one client with its connections, HTTP/2 where the server has it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Response, Url, Version, redirect};
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
    /// Whether the connection takes many requests at once.
    pub(crate) is_multiplexed: bool,
}

impl Doh {
    /// A client of this server at these addresses; nothing is opened before the first request.
    pub(crate) fn new(
        server: &Server,
        addresses: &[SocketAddr],
        tls: &Arc<ClientConfig>,
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
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = Client::builder()
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
        match self.post_once(message.clone()).await {
            // A kept connection may end while the request is on its way.
            Err(HttpError::NotHttp(_)) => self.post_once(message).await,
            result => result,
        }
    }

    async fn post_once(&self, message: Vec<u8>) -> Result<DohReply, HttpError> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, MEDIA_TYPE);
        let failed = |error: reqwest::Error| match error.is_timeout() {
            true => HttpError::Timeout(self.connect_timeout),
            false => classify(&error),
        };
        let response = request.header(ACCEPT, MEDIA_TYPE).body(message).send().await.map_err(failed)?;
        let is_multiplexed = response.version() == Version::HTTP_2;
        let is_message = is_message(&response);
        let body = body(response, failed).await?;
        match is_message {
            true => Ok(DohReply { body, is_multiplexed }),
            false => Err(HttpError::NotHttp(format!("the body is not {MEDIA_TYPE}"))),
        }
    }
}

fn is_message(response: &Response) -> bool {
    let text = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // RFC 9110 section 8.3.1: parameters may follow.
    let kind = text.and_then(|text| text.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(MEDIA_TYPE)
}
