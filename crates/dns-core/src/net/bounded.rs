//! One limit over all the questions of a target.

use std::time::{Duration, Instant};

use super::Resolver;
use crate::{Answer, DomainName, Kind, Lookup, LookupError};

/// A resolver whose questions all end at one instant.
#[derive(Debug, Clone, Copy)]
pub struct Bounded<'a> {
    resolver: &'a Resolver,
    deadline: Instant,
    limit: Duration,
}

impl<'a> Bounded<'a> {
    /// Questions end at `deadline`; `limit` is the length of the limit that ends then.
    pub fn new(resolver: &'a Resolver, deadline: Instant, limit: Duration) -> Self {
        Self { resolver, deadline, limit }
    }
}

impl Lookup for Bounded<'_> {
    async fn lookup(&self, name: &DomainName, kind: Kind) -> Result<Answer, LookupError> {
        self.resolver.lookup_until(name, kind, Some((self.deadline, self.limit))).await
    }
}
