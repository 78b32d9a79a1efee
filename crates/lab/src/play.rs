//! A dialogue with one client, turn by turn.

use std::io;
use std::time::Duration;

use smtp_core::proto::dialogue::{Turn, fits};

use crate::connection::{Connection, End};

/// Octets that a flood writes at once.
const FLOOD_WRITE: usize = 16 * 1024;

/// Plays a dialogue to its end.
///
/// # Errors
/// The client went away, or sent a line without end.
pub(crate) async fn play(turns: &[Turn], mut client: Connection<'_>) -> io::Result<End> {
    for turn in turns {
        match turn {
            Turn::Send(bytes) => client.send(&client.fill(bytes)).await?,
            Turn::Receive(pattern) => {
                if !receive(&mut client, pattern).await? {
                    break;
                }
            }
            Turn::Pause(time) => tokio::time::sleep(*time).await,
            Turn::Drip { bytes, every } => drip(&mut client, bytes, *every).await?,
            Turn::Flood { bytes, count } => flood(&mut client, bytes, *count).await?,
            Turn::Tls => client.start_tls().await?,
            Turn::TlsHello => drop(client.peek().await?),
            Turn::Silence => client.hear_out().await,
            Turn::Close => break,
            Turn::Reset => return Ok(End::Reset),
        }
    }
    client.close().await
}

async fn drip(client: &mut Connection<'_>, bytes: &[u8], every: Duration) -> io::Result<()> {
    for byte in client.fill(bytes) {
        tokio::time::sleep(every).await;
        client.send(&[byte]).await?;
    }
    Ok(())
}

async fn flood(client: &mut Connection<'_>, bytes: &[u8], count: usize) -> io::Result<()> {
    let once = client.fill(bytes);
    if once.is_empty() {
        return Ok(());
    }
    let at_once = FLOOD_WRITE.div_ceil(once.len()).min(count);
    let block = once.repeat(at_once);
    let mut left = count;
    while left > 0 {
        let now = left.min(at_once);
        client.send(block.get(..now * once.len()).unwrap_or_default()).await?;
        left -= now;
    }
    Ok(())
}

/// Waits for a line that fits. `false`: the client took its leave.
async fn receive(client: &mut Connection<'_>, pattern: &str) -> io::Result<bool> {
    loop {
        let Some(line) = client.line().await? else { return Ok(false) };
        if fits(pattern, &line) {
            return Ok(true);
        }
        if fits("QUIT", &line) {
            client.send(&client.fill(b"221 2.0.0 %NAME%\r\n")).await?;
            return Ok(false);
        }
        let answer = format!("503 5.5.1 the dialogue expects: {pattern}\r\n");
        client.send(answer.as_bytes()).await?;
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use smtp_core::proto::dialogue::Dialogue;

    use super::*;
    use crate::connection::Host;
    use crate::heard::Heard;

    /// Plays `dialogue` to a client that says `words` and stops talking; all that it hears.
    async fn played(dialogue: &str, words: &[u8]) -> (io::Result<Vec<u8>>, Vec<String>) {
        let heard = Arc::new(Heard::default());
        let dialogue = Dialogue::parse(&format!("expect ok\n{dialogue}")).unwrap();
        let host = Host { name: "mx.example".into(), tls: None, heard: heard.clone() };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let talk = async {
            // The server may be gone before everything is said.
            let _ = client.write_all(words).await;
            let _ = client.shutdown().await;
            let mut all = Vec::new();
            client.read_to_end(&mut all).await.map(|_| all)
        };
        let serve = async {
            let mut stream = stream;
            let client = Connection::new(&host, &mut stream, peer.ip().to_string());
            if let Ok(End::Reset) = play(&dialogue.turns, client).await {
                stream.set_zero_linger().unwrap();
            }
        };
        let (_, all) = tokio::join!(serve, talk);
        (all, heard.of("mx.example"))
    }

    async fn said(dialogue: &str, words: &[u8]) -> String {
        String::from_utf8(played(dialogue, words).await.0.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_dialogue_as_written() {
        let dialogue = "S: 220 %NAME%\nC: EHLO *\nS: 250 %PEER%\nC: QUIT\nS: 221 bye\nclose\n";
        let (all, heard) = played(dialogue, b"ehlo a.example\r\nQUIT\r\n").await;
        assert_eq!(all.unwrap(), b"220 mx.example\r\n250 127.0.0.1\r\n221 bye\r\n");
        assert_eq!(heard, ["ehlo a.example", "QUIT"]);
    }

    #[tokio::test]
    async fn a_client_that_leaves_the_dialogue() {
        let dialogue = "S: 220 x\nC: EHLO *\nS: 250 x\n";
        assert_eq!(
            said(dialogue, b"HELO a\r\nEHLO a\r\n").await,
            "220 x\r\n503 5.5.1 the dialogue expects: EHLO *\r\n250 x\r\n"
        );
        assert_eq!(said(dialogue, b"QUIT\r\nEHLO a\r\n").await, "220 x\r\n221 2.0.0 mx.example\r\n");
        assert_eq!(said(dialogue, b"").await, "220 x\r\n");
    }

    #[tokio::test]
    async fn words_after_the_end_do_not_turn_it_into_a_reset() {
        let (all, heard) = played("S: 421 x\nclose\n", b"EHLO a\r\nQUIT\r\n").await;
        assert_eq!(all.unwrap(), b"421 x\r\n");
        assert_eq!(heard, ["EHLO a", "QUIT"]);
    }

    #[tokio::test]
    async fn a_reset() {
        let (all, _) = played("C: EHLO *\nreset\n", b"EHLO a\r\n").await;
        assert_eq!(all.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn drips_and_floods_are_counted_to_the_octet() {
        assert_eq!(said("drip 1ms 220 %NAME%\\r\\n\nS: x\n", b"").await, "220 mx.example\r\nx\r\n");
        assert_eq!(said("flood 100000 220-a\\r\\n\n", b"").await.len(), 700_000);
        assert_eq!(said("flood 3 ab\n", b"").await, "ababab");
        assert_eq!(said("flood 0 ab\n", b"").await, "");
    }

    #[tokio::test]
    async fn silence_hears_everything_and_says_nothing() {
        let words = [b"A\r\n".as_slice(), &[b'x'; 50_000], b"\r\nB"].concat();
        let (all, heard) = played("silence\nS: never\n", &words).await;
        assert!(all.unwrap().ends_with(b"never\r\n"));
        assert_eq!((heard[0].as_str(), heard.last().unwrap().as_str()), ("A", "B"));
    }

    #[tokio::test]
    async fn a_line_without_end_ends_the_connection() {
        let (all, heard) = played("C: EHLO *\nS: 250 x\n", &[b'x'; 20_000]).await;
        assert!(all.is_err() || all.is_ok_and(|all| all.is_empty()));
        assert!(heard.is_empty());
    }
}
