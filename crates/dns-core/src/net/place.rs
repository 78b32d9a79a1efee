//! Where a server is.

use std::cell::OnceCell;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::future::LocalBoxFuture;

use super::{Bounded, Resolver, system};
use crate::{Addresses, DomainName, Families, Hosts, Location, LookupError, Problem, Server, addresses};

/// The place of a server; a name is looked up when it is first needed, and then never again.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) server: Server,
    found: OnceCell<Vec<SocketAddr>>,
}

impl Place {
    pub(super) fn new(server: Server) -> Self {
        Self { server, found: OnceCell::new() }
    }

    /// The addresses, at least one.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn addresses(&self, limit: Duration) -> Result<Vec<SocketAddr>, String> {
        if let Some(found) = self.found.get() {
            return Ok(found.clone());
        }
        let ips = match (&self.server.host, self.server.address()) {
            (_, Some(ip)) => vec![ip],
            (Location::Name(name), _) => look(name, limit).await?,
            (Location::Address(ip), _) => vec![*ip],
        };
        let found = ips.into_iter().map(|ip| SocketAddr::new(ip, self.server.port)).collect();
        Ok(self.found.get_or_init(|| found).clone())
    }
}

/// Asks as the system is configured to: the servers named on the command line cannot be asked where they are.
/// Boxed, since a server's place is part of how a server is asked.
fn look(name: &DomainName, limit: Duration) -> LocalBoxFuture<'_, Result<Vec<IpAddr>, String>> {
    /// Addresses of one server beyond these are not tried.
    const MOST: usize = 4;
    Box::pin(async move {
        let known = Hosts::system().addresses(name);
        if !known.is_empty() {
            return Ok(known);
        }
        let resolver = Resolver::new(&system::config(&[]));
        let lookup = Bounded::new(&resolver, Instant::now() + limit, limit);
        let Addresses { mut found, failed, .. } =
            addresses(&lookup, name, Families { v4: true, v6: true }).await;
        found.truncate(MOST);
        match found.is_empty() {
            false => Ok(found),
            true => Err(format!("the address of {name} cannot be looked up: {}", cause(failed.as_ref()))),
        }
    })
}

fn cause(error: Option<&LookupError>) -> String {
    let (what, of) = match error.map_or(Problem::NoData, |error| error.problem) {
        Problem::NxDomain => ("the name does not exist", false),
        Problem::NoData | Problem::CnameLoop => ("it has none", false),
        Problem::ServFail | Problem::Refused | Problem::BadAnswer | Problem::Bogus => ("no answer", true),
        Problem::Timeout => ("no answer in time", true),
        Problem::Unreachable => ("no resolver could be reached", true),
    };
    match error.and_then(|error| error.resolver.as_deref()).filter(|_| of) {
        Some(resolver) => format!("{what} ({resolver})"),
        None => what.to_owned(),
    }
}
