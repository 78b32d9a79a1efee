//! A connection, in clear or inside TLS.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::socket::Socket;

/// The stream that a session goes over.
#[derive(Debug)]
pub(super) enum Stream {
    Clear(Socket),
    Tls(Box<TlsStream<Socket>>),
}

/// The most that is read at a time.
const READ: usize = 4096;

/// What a step of reading and writing came to.
pub(super) enum Moved {
    Read(io::Result<()>),
    Sent(io::Result<usize>),
}

impl Stream {
    /// Writes as much of `pending` as goes and reads what is there, whichever comes first: a
    /// server that does not read before it has written cannot hold both sides up (RFC 2920
    /// section 3.1). `take` gets what was read; while it is waited for, no buffer is held.
    pub(super) async fn step(&mut self, pending: &[u8], mut take: impl FnMut(&[u8])) -> Moved {
        std::future::poll_fn(|context| {
            if !pending.is_empty()
                && let Poll::Ready(sent) = self.poll_send(context, pending)
            {
                return Poll::Ready(Moved::Sent(sent));
            }
            let mut buffer = [MaybeUninit::uninit(); READ];
            let mut read = ReadBuf::uninit(&mut buffer);
            self.poll_receive(context, &mut read)
                .map(|result| Moved::Read(result.map(|()| take(read.filled()))))
        })
        .await
    }

    fn poll_send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Clear(stream) => Pin::new(stream).poll_write(context, bytes),
            // What TLS has taken is not out before it is flushed.
            Self::Tls(stream) => {
                let mut stream = Pin::new(stream);
                match stream.as_mut().poll_write(context, bytes) {
                    Poll::Ready(Ok(taken)) => match stream.poll_flush(context) {
                        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                        _ => Poll::Ready(Ok(taken)),
                    },
                    other => other,
                }
            }
        }
    }

    fn poll_receive(&mut self, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Clear(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => {
                // The rest of a flush that could not be finished.
                let _ = Pin::new(stream.as_mut()).poll_flush(context);
                Pin::new(stream).poll_read(context, into)
            }
        }
    }
}
