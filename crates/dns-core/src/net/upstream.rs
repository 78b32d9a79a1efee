//! One server that is asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::dial::Dial;
use super::https::Https;
use super::line::Line;
use super::udp::{Pool, UdpError};
use super::wire::{self, Question};
use crate::{Protocol, ResolverConfig, Server};

/// A server, and what is open to it.
#[derive(Debug)]
pub(super) struct Upstream {
    /// As records name it.
    pub(super) shown: Arc<str>,
    /// Whether its word on DNSSEC is taken.
    pub(super) is_trusted: bool,
    way: Way,
}

/// How it is asked.
#[derive(Debug)]
enum Way {
    /// Over UDP, and over a line where the answer does not fit.
    Datagrams(Pool, Line),
    Line(Line),
    /// Over a line that nobody else reads, or sees the length of a name on.
    Padded(Line),
    Https(Box<Https>),
}

/// Why one try told nothing, and what there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TryError {
    Timeout,
    Bad(Option<String>),
    Unreachable(Option<String>),
}

impl Upstream {
    /// Nothing is opened before the first question.
    pub(super) fn new(server: &Server, config: &ResolverConfig) -> Self {
        let (trust, limit) = (&config.trust, config.try_timeout);
        let line = || Line::new(Dial::new(server.clone(), trust, limit));
        let way = match (server.protocol, server.address()) {
            (Protocol::Udp, Some(ip)) => Way::Datagrams(Pool::new((ip, server.port).into()), line()),
            // A name is nothing that datagrams are sent to.
            (Protocol::Udp | Protocol::Tcp, _) => Way::Line(line()),
            (Protocol::Tls, _) => Way::Padded(line()),
            (Protocol::Https, _) => Way::Https(Box::new(Https::new(server.clone(), trust, limit))),
        };
        Self { shown: server.to_string().into(), is_trusted: config.trusts(server), way }
    }

    /// To be waited for before each try, and kept until it is over: nobody's try is spent on others' questions.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        match &self.way {
            Way::Https(https) => https.turn().await,
            Way::Datagrams(..) | Way::Line(_) | Way::Padded(_) => None,
        }
    }

    /// Asks once: a whole answer with the question's id and question section, and nothing else looked at.
    pub(super) async fn exchange(
        &self,
        mut question: Question,
        limit: Duration,
    ) -> Result<Vec<u8>, TryError> {
        if let Way::Datagrams(pool, _) = &self.way
            && let Some(answer) = over_udp(pool, &mut question, limit).await?
        {
            return Ok(answer);
        }
        // Boxed: what most questions do without takes much room.
        Box::pin(self.over_connection(question, limit)).await
    }

    async fn over_connection(&self, question: Question, limit: Duration) -> Result<Vec<u8>, TryError> {
        let answer = match &self.way {
            Way::Datagrams(_, line) => {
                // A server that answers over UDP can be reached, whatever becomes of TCP.
                timeout(limit, line.ask(question)).await.map(|result| {
                    result.map_err(|error| match error {
                        TryError::Unreachable(detail) => TryError::Bad(detail),
                        error => error,
                    })
                })
            }
            Way::Line(line) => timeout(limit, line.ask(question)).await,
            Way::Padded(line) => timeout(limit, line.ask(question.padded())).await,
            Way::Https(https) => timeout(limit, https.ask(question.padded())).await,
        };
        match answer {
            // There is no longer way to ask for the rest.
            Ok(Ok(bytes)) if wire::is_truncated(&bytes) => Err(TryError::Bad(None)),
            Ok(result) => result,
            Err(_) => Err(TryError::Timeout),
        }
    }
}

/// `None` if it is to be asked over TCP: too long for a datagram, or a middlebox that changes letters.
async fn over_udp(
    pool: &Pool,
    question: &mut Question,
    limit: Duration,
) -> Result<Option<Vec<u8>>, TryError> {
    let mut pending = pool.ask(question).await.map_err(|_| TryError::Unreachable(None))?;
    match timeout(limit, pending.answer()).await {
        Ok(Ok(bytes)) if wire::is_truncated(&bytes) => Ok(None),
        Ok(Ok(bytes)) => Ok(Some(bytes)),
        Ok(Err(UdpError::Case)) => Ok(None),
        Ok(Err(UdpError::Unreachable)) => Err(TryError::Unreachable(None)),
        Err(_) if pending.saw_junk() => Err(TryError::Bad(None)),
        Err(_) => Err(TryError::Timeout),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures_util::future::join_all;
    use tokio::net::UdpSocket;
    use tokio::task::LocalSet;

    use super::*;
    use crate::{DomainName, Kind};

    /// What a server makes of a question: the datagrams that it sends.
    type Answers = fn(Vec<u8>) -> Vec<Vec<u8>>;

    fn with(mut bytes: Vec<u8>, at: usize, bits: u8) -> Vec<u8> {
        bytes[at] ^= bits;
        bytes
    }

    /// The question, as an answer without records.
    fn right(question: Vec<u8>) -> Vec<u8> {
        with(question, 2, 0x80)
    }

    const SILENT: Answers = |_| vec![];
    const HOSTILE: &[(Answers, TryError)] = &[
        (SILENT, TryError::Timeout),
        (|_| vec![vec![]], TryError::Timeout),
        (|_| vec![vec![0xff; 4_000]], TryError::Timeout),
        (|question| vec![right(question)[..11].to_vec()], TryError::Timeout),
        (|question| vec![right(question)[..15].to_vec()], TryError::Bad(None)),
        (|question| vec![question], TryError::Bad(None)),
        (|question| vec![with(right(question), 1, 0x40)], TryError::Bad(None)),
        (|question| vec![with(right(question), 13, 1)], TryError::Bad(None)),
        (
            |question| (0..2_000).map(|n| with(right(question.clone()), 13, (n % 31 + 1) as u8)).collect(),
            TryError::Bad(None),
        ),
    ];

    /// Asks once, within `limit`.
    async fn ask(answers: Answers, limit: Duration) -> Result<Vec<u8>, TryError> {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let named: Server = server.local_addr().unwrap().to_string().parse().unwrap();
        tokio::task::spawn_local(async move {
            let mut buffer = vec![0; 512];
            while let Ok((length, client)) = server.recv_from(&mut buffer).await {
                for datagram in answers(buffer[..length].to_vec()) {
                    let _ = server.send_to(&datagram, client).await;
                }
            }
        });
        let config = ResolverConfig { try_timeout: limit, ..ResolverConfig::new(vec![named.clone()]) };
        let upstream = Upstream::new(&named, &config);
        let question = Question::new(&DomainName::parse("a.example").unwrap(), Kind::Mx, || false);
        upstream.exchange(question, limit).await
    }

    #[tokio::test]
    async fn whatever_comes_a_question_ends_in_its_answer_or_in_time() {
        let limit = Duration::from_secs(1);
        let all = async {
            let outcomes = join_all(HOSTILE.iter().map(|(answers, _)| ask(*answers, limit))).await;
            let expected = HOSTILE.iter().map(|(_, error)| Err(error.clone()));
            assert_eq!(outcomes, expected.collect::<Vec<_>>());
            let late: Answers = |question| {
                let junk = [vec![], question.clone(), with(right(question.clone()), 0, 1)];
                junk.into_iter().chain([right(question)]).collect()
            };
            let answer = ask(late, Duration::from_secs(20)).await.unwrap();
            assert_eq!(answer[2] & 0x80, 0x80, "behind all that");
            // A server that is cut short, or in another letter case, is asked over TCP, where nobody is.
            for answers in [(|question| vec![with(right(question), 2, 0x02)]) as Answers, |question| {
                vec![with(right(question), 13, 0x20)]
            }] {
                let outcome = ask(answers, Duration::from_secs(20)).await;
                assert!(matches!(outcome, Err(TryError::Bad(Some(_)))), "{outcome:?}");
            }
        };
        LocalSet::new().run_until(all).await;
    }
}
