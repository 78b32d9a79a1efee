//! The dialogue as it happened, for people.

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// We did.
    Client,
    /// The server did.
    Server,
}

/// One line of the dialogue, without its line end. The server's lines are untrusted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who spoke.
    pub direction: Direction,
    /// What was said.
    pub text: String,
}
