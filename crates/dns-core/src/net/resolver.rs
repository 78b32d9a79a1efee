//! Looks names up at the configured servers.

use std::rc::Rc;

use super::cache::Cache;
#[cfg(feature = "dnssec")]
use super::dnssec::{TrustAnchors, Validator};
use super::upstreams::{End, Upstreams};
use super::wire::{self, Question, coins};
use crate::{Answer, DomainName, Kind, Lookup, LookupError, Problem, ResolverConfig, Security};

/// A stub resolver over the configured servers, for one thread; must be used within a `LocalSet`.
///
/// An answer without RA is accepted: the servers were named by somebody. Nothing is answered from
/// this side: no search list, no /etc/hosts, no special names.
#[derive(Debug)]
pub struct Resolver {
    upstreams: Rc<Upstreams>,
    cache: Cache,
    #[cfg(feature = "dnssec")]
    validator: Option<Validator>,
}

impl Resolver {
    /// A resolver that opens its sockets when it is first asked.
    pub fn new(config: &ResolverConfig) -> Self {
        Self {
            upstreams: Rc::new(Upstreams::new(config)),
            cache: config.cache.clone(),
            #[cfg(feature = "dnssec")]
            validator: None,
        }
    }

    /// One that believes no server, but proves each answer from the anchors down.
    #[cfg(feature = "dnssec")]
    pub fn validating(config: &ResolverConfig, anchors: TrustAnchors) -> Self {
        let resolver = Self::new(config);
        let validator = Validator::new(resolver.upstreams.clone(), anchors);
        Self { validator: Some(validator), ..resolver }
    }

    /// The same as [`Lookup::lookup`], ended at an instant.
    pub(super) async fn lookup_until(
        &self,
        name: &DomainName,
        kind: Kind,
        end: Option<End>,
    ) -> Result<Answer, LookupError> {
        // Boxed: who waits for somebody else's answer keeps no room for getting it.
        self.cache.get(name, kind, end, || Box::pin(self.ask(name, kind, end))).await
    }

    async fn ask(&self, name: &DomainName, kind: Kind, end: Option<End>) -> Result<Answer, LookupError> {
        #[cfg(feature = "dnssec")]
        if let Some(validator) = &self.validator {
            // Boxed: no lookup without it keeps room for it.
            return Box::pin(validator.lookup(self, name, kind, end)).await;
        }
        self.lookup_plain(name, kind, end).await
    }

    /// What the servers say, and what those that are trusted say of DNSSEC.
    pub(super) async fn lookup_plain(
        &self,
        name: &DomainName,
        kind: Kind,
        end: Option<End>,
    ) -> Result<Answer, LookupError> {
        /// How often an alias is asked for anew, where a server does not follow it itself.
        const MAX_RESTARTS: usize = 8;
        let (mut at, mut cname) = (name.clone(), Vec::new());
        let (mut is_secure, mut lasts) = (true, u32::MAX);
        for _ in 0..MAX_RESTARTS {
            let question = || Question::new(&at, kind, coins());
            let asked = self.upstreams.ask(question, |bytes| wire::read(bytes, &at, kind), end).await;
            let (reading, upstream) = asked.map_err(|error| LookupError { cname: cname.clone(), ..error })?;
            let resolver = upstream.shown.clone();
            let followed = !reading.cname.is_empty();
            if reading.cname.iter().any(|alias| alias == name || cname.contains(alias)) {
                let error = LookupError::new(Problem::CnameLoop);
                return Err(LookupError { resolver: Some(resolver), cname, ..error });
            }
            cname.extend(reading.cname);
            lasts = lasts.min(reading.lasts);
            // An alias of one answer and the records of the next are as secure as the weaker of them.
            is_secure &= reading.authentic && upstream.is_trusted;
            let security = match is_secure {
                true => Some(Security::Secure),
                false => upstream.is_trusted.then_some(Security::Insecure),
            };
            match (reading.denial, cname.last()) {
                (None, _) => {
                    return Ok(Answer { records: reading.records, cname, resolver, security, lasts });
                }
                (Some(Problem::NoData), Some(alias)) if followed => at = alias.clone(),
                (Some(problem), _) => {
                    return Err(LookupError {
                        ede: reading.ede,
                        resolver: Some(resolver),
                        security,
                        lasts,
                        cname,
                        ..LookupError::new(problem)
                    });
                }
            }
        }
        Err(LookupError { cname, ..LookupError::new(Problem::CnameLoop) })
    }
}

impl Lookup for Resolver {
    async fn lookup(&self, name: &DomainName, kind: Kind) -> Result<Answer, LookupError> {
        self.lookup_until(name, kind, None).await
    }
}
