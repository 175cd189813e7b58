//! Where tokens are written: one string, single spaces, no allocation per token.

/// Space-separated tokens being written.
pub(super) struct Tokens {
    out: String,
}

impl Tokens {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes) }
    }

    /// Writes one token; nothing is left behind when `write` writes nothing.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut String)) {
        let before = self.out.len();
        if before > 0 {
            self.out.push(' ');
        }
        let start = self.out.len();
        write(&mut self.out);
        if self.out.len() == start {
            self.out.truncate(before);
        }
    }

    /// Writes one token unless it is already among those written since `mark`.
    pub(super) fn push_new(&mut self, mark: usize, write: impl FnOnce(&mut String)) {
        let before = self.out.len();
        self.push(write);
        let (written, token) = self.out.split_at(before);
        let token = token.trim_start_matches(' ');
        if written.get(mark..).unwrap_or_default().split(' ').any(|earlier| earlier == token) {
            self.out.truncate(before);
        }
    }

    /// The present end, to be given to [`Tokens::push_new`].
    pub(super) fn mark(&self) -> usize {
        self.out.len()
    }

    pub(super) fn into_string(self) -> String {
        self.out
    }
}
