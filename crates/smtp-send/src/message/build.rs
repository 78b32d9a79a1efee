//! Building a message from its parts.

use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;

use super::Header;

/// What a message is made of.
#[derive(Debug, Clone)]
pub(crate) struct Parts<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a [String],
    pub(crate) cc: &'a [String],
    pub(crate) subject: &'a str,
    pub(crate) body: &'a str,
    pub(crate) headers: &'a [Header],
    pub(crate) message_id: &'a str,
    /// Seconds since 1970.
    pub(crate) date: i64,
}

/// The message with CRLF or LF line ends. A header given by name replaces the one made here.
pub(crate) fn build(parts: &Parts<'_>) -> Vec<u8> {
    let has = |name: &str| parts.headers.iter().any(|header| header.is(name));
    let mut builder = MessageBuilder::new();
    if !has("Date") {
        builder = builder.date(parts.date);
    }
    if !has("Message-ID") {
        builder = builder.message_id(parts.message_id.to_owned());
    }
    if !has("From") {
        builder = builder.from(address(parts.from));
    }
    if !has("To") && !parts.to.is_empty() {
        builder = builder.to(addresses(parts.to));
    }
    if !has("Cc") && !parts.cc.is_empty() {
        builder = builder.cc(addresses(parts.cc));
    }
    if !has("Subject") {
        builder = builder.subject(parts.subject.to_owned());
    }
    for header in parts.headers {
        let value = match header.value.is_ascii() {
            true => HeaderType::Raw(Raw::new(header.value.clone())),
            false => HeaderType::Text(Text::new(header.value.clone())),
        };
        builder = builder.header(header.name.clone(), value);
    }
    // Writing to memory does not fail.
    builder.text_body(parts.body.to_owned()).write_to_vec().unwrap_or_default()
}

fn address(text: &str) -> Address<'static> {
    Address::new_address(None::<String>, text.to_owned())
}

fn addresses(texts: &[String]) -> Address<'static> {
    Address::new_list(texts.iter().map(|text| address(text)).collect())
}
