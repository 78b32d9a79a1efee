//! What a client says to a sink: MAIL and RCPT with their parameters, and the verdict on a recipient.

/// The path and the parameters of `MAIL FROM:` or `RCPT TO:`; `None` if it is none by RFC 5321
/// section 4.1.2, where no blank stands after the colon.
pub(super) fn path<'a>(argument: &'a str, word: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let head = argument.get(..word.len())?;
    let rest = argument.get(word.len()..)?;
    let path = rest.strip_prefix('<').filter(|_| head.eq_ignore_ascii_case(word))?;
    let (mut is_quoted, mut is_escaped) = (false, false);
    let end = path.bytes().position(|byte| {
        let is_plain = !std::mem::take(&mut is_escaped);
        match byte {
            b'\\' if is_quoted && is_plain => is_escaped = true,
            b'"' if is_plain => is_quoted = !is_quoted,
            b'>' if !is_quoted => return true,
            _ => {}
        }
        false
    })?;
    let (path, rest) = (path.get(..end)?, path.get(end + 1..)?);
    let is_divided = rest.is_empty() || rest.starts_with(' ');
    is_divided.then(|| (path, rest.split_ascii_whitespace().collect()))
}

/// The refusal that the parameters of MAIL earn.
pub(super) fn refuse_parameters(parameters: &[&str], most: u64) -> Option<&'static str> {
    parameters.iter().find_map(|parameter| {
        let (keyword, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (keyword.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
            ("BODY", "7BIT" | "8BITMIME") => None,
            ("SIZE", size) => match size.parse::<u64>() {
                Ok(size) if size <= most => None,
                Ok(_) => Some("552 5.3.4 the message is too large"),
                Err(_) => Some("501 5.5.4 SIZE takes a number"),
            },
            _ => Some("555 5.5.4 no such parameter"),
        }
    })
}

/// The answer to RCPT, by the first letters of the recipient.
pub(super) fn verdict(recipient: &str) -> &'static str {
    const VERDICTS: [(&str, &str); 4] = [
        ("unknown", "550 5.1.1 no such user here"),
        ("later", "451 4.2.1 the mailbox is not available now"),
        ("grey", "450 4.7.1 greylisted, try again later"),
        ("full", "552 5.2.2 the mailbox is full"),
    ];
    let recipient = recipient.to_ascii_lowercase();
    let known = VERDICTS.iter().find(|(prefix, _)| recipient.starts_with(prefix));
    known.map_or("250 2.1.5 recipient ok", |(_, reply)| reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_at_the_first_bracket_outside_of_quotes() {
        assert_eq!(path("FROM:<>", "FROM:"), Some(("", vec![])));
        assert_eq!(path("to:<a@b.example>", "TO:"), Some(("a@b.example", vec![])));
        assert_eq!(path(r#"TO:<"a>\"b"@c.example>"#, "TO:"), Some((r#""a>\"b"@c.example"#, vec![])));
        let parameters = vec!["SIZE=5", "BODY=8BITMIME"];
        assert_eq!(path("FROM:<a@b> SIZE=5 BODY=8BITMIME", "FROM:"), Some(("a@b", parameters)));
        for none in ["FROM: <a@b>", "FROM:a@b", "FROM:<a@b", "FROM:<a@b>SIZE=5", "TO:<a@b>", "FRO\u{fc}", ""]
        {
            assert_eq!(path(none, "FROM:"), None, "{none}");
        }
    }

    #[test]
    fn parameters_that_were_not_offered_are_refused() {
        assert_eq!(refuse_parameters(&["size=10", "body=8bitmime"], 10), None);
        let code = |parameter| refuse_parameters(&[parameter], 10).map(|reply| &reply[..3]);
        assert_eq!(code("SIZE=11"), Some("552"));
        assert_eq!(code("SIZE=x"), Some("501"));
        assert_eq!(code("SMTPUTF8"), Some("555"));
        assert_eq!(code("BODY=BINARYMIME"), Some("555"));
    }
}
