//! What the sink says: as little as the clients that it is compared by can do with.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::gate::Gate;

const MOST_OCTETS: usize = 64 * 1024;

pub(crate) struct Session {
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) gate: Gate,
}

#[derive(PartialEq, Eq)]
enum End {
    Over,
    StartTls,
}

impl Session {
    pub(crate) async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.write_all(b"220 sink.example ESMTP\r\n").await?;
        if self.talk(&mut stream, false).await? == End::StartTls
            && let Some(tls) = &self.tls
        {
            let mut stream = tls.accept(stream).await?;
            self.talk(&mut stream, true).await?;
            stream.shutdown().await?;
        }
        Ok(())
    }

    async fn talk<S>(&self, stream: &mut S, is_encrypted: bool) -> io::Result<End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut heard = Vec::with_capacity(512);
        let mut answers = Vec::new();
        let mut in_message = false;
        while heard.len() < MOST_OCTETS && stream.read_buf(&mut heard).await? > 0 {
            let mut from = 0;
            while let Some(length) = heard[from..].iter().position(|&byte| byte == b'\n') {
                let line = &heard[from..from + length];
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                from += length + 1;
                if in_message {
                    in_message = line != b".";
                    if !in_message {
                        answers.extend_from_slice(b"250 taken\r\n");
                    }
                    continue;
                }
                let verb = line[..line.len().min(4)].to_ascii_uppercase();
                let is_last_hello = is_encrypted || self.tls.is_none();
                let answer: &[u8] = match verb.as_slice() {
                    b"EHLO" if is_last_hello => {
                        self.gate.pass().await;
                        b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10485760\r\n"
                    }
                    b"EHLO" => b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 STARTTLS\r\n",
                    b"STAR" if !is_encrypted && self.tls.is_some() => {
                        stream.write_all(b"220 go\r\n").await?;
                        return Ok(End::StartTls);
                    }
                    b"DATA" => {
                        in_message = true;
                        b"354 go\r\n"
                    }
                    b"HELO" | b"MAIL" | b"RCPT" | b"RSET" | b"NOOP" => b"250 ok\r\n",
                    b"QUIT" => {
                        answers.extend_from_slice(b"221 bye\r\n");
                        stream.write_all(&answers).await?;
                        return Ok(End::Over);
                    }
                    _ => b"500 what\r\n",
                };
                answers.extend_from_slice(answer);
            }
            heard.drain(..from);
            stream.write_all(&answers).await?;
            stream.flush().await?;
            answers.clear();
        }
        Ok(End::Over)
    }
}
