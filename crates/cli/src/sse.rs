//! Server-sent events, from bytes to events, as the WHATWG standard reads them.
//!
//! Owns: nothing. Calls: nothing. Called by: follow.
//! Invariants: how the bytes were cut on their way makes no difference (`cuts_make_no_difference`); what is sent is what
//! is read (`events_round_trip`); an event that its blank line did not end is not delivered (`half_an_event_is_none`);
//! memory is bounded (`an_endless_event_is_refused`). After a crash: nothing is left.

/// The largest event that is read, in bytes.
const MAX_EVENT: usize = 4 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// The last id that was sent up to here; where to resume.
    pub id: Option<String>,
    /// `message` when the server named none.
    pub name: String,
    /// Lines joined by line feeds.
    pub data: String,
}

/// An event larger than this crate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {MAX_EVENT} bytes")]
pub(crate) struct TooLarge;

/// Takes bytes as they come, gives events as they end.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    after_return: bool,
    begun: bool,
    id: Option<String>,
    name: String,
    data: String,
}

impl Parser {
    /// A parser for a stream that is opened behind `id`.
    pub(crate) fn behind(id: Option<String>) -> Self {
        Self { id, ..Self::default() }
    }

    /// Reads `bytes`; adds each event that ends in them to `events`.
    pub(crate) fn push(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), TooLarge> {
        for &byte in bytes {
            let second_half_of_line_end = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            if second_half_of_line_end {
                continue;
            }
            if matches!(byte, b'\r' | b'\n') {
                events.extend(self.end_of_line());
            } else {
                self.line.push(byte);
            }
            if self.line.len() + self.data.len() > MAX_EVENT {
                return Err(TooLarge);
            }
        }
        Ok(())
    }

    fn end_of_line(&mut self) -> Option<Event> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let text = if self.begun { &*text } else { text.strip_prefix('\u{feff}').unwrap_or(&text) };
        self.begun = true;
        if text.is_empty() {
            return self.end_of_event();
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()).filter(|id| !id.is_empty()),
            // Comments have an empty field name: they are heartbeats. Other fields are for browsers.
            _ => {}
        }
        None
    }

    fn end_of_event(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let mut data = std::mem::take(&mut self.data);
        data.pop()?;
        let name = if name.is_empty() { "message".to_owned() } else { name };
        Some(Event { id: self.id.clone(), name, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write as _;

    fn parse(pieces: &[&[u8]]) -> Vec<Event> {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        for piece in pieces {
            parser.push(piece, &mut events).unwrap();
        }
        events
    }

    fn event(id: Option<&str>, name: &str, data: &str) -> Event {
        Event { id: id.map(str::to_owned), name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn fields_comments_and_defaults_are_read() {
        let text = "\u{feff}: hello\n\nid: 1\nevent: step\ndata: {\"a\":\ndata:1}\nretry: 5\n\n:\n\ndata\n\nid\ndata: x\nwho: knows\n\n";
        assert_eq!(
            parse(&[text.as_bytes()]),
            [
                event(Some("1"), "step", "{\"a\":\n1}"),
                event(Some("1"), "message", ""),
                event(None, "message", "x")
            ]
        );
    }

    #[test]
    fn half_an_event_is_none() {
        assert_eq!(parse(&[b"id: 1\nevent: run\ndata: x\n"]), []);
        assert_eq!(parse(&[b"event: run\n\ndata: x\n\n"]), [event(None, "message", "x")]);
    }

    #[test]
    fn an_id_with_a_nul_is_ignored() {
        assert_eq!(parse(&[b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"])[1], event(Some("1"), "message", "b"));
    }

    #[test]
    fn an_endless_event_is_refused() {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        let line = format!("data: {}\n", "x".repeat(1000));
        let refused = (0..=MAX_EVENT / 1000).find_map(|_| parser.push(line.as_bytes(), &mut events).err());
        assert_eq!((refused, events.len()), (Some(TooLarge), 0));
        let line = vec![b'x'; MAX_EVENT + 1];
        assert_eq!(Parser::default().push(&line, &mut events), Err(TooLarge));
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(text in "(id|event|data|x|:|: | |\r|\n|\r\n|\n\n|é|1){0,60}", cuts in proptest::collection::vec(0_usize..200, 0..6)) {
            let bytes = text.as_bytes();
            let mut places: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            places.extend([0, bytes.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(parse(&pieces), parse(&[bytes]));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let mut events = Vec::new();
            prop_assert!(Parser::default().push(&bytes, &mut events).is_ok());
        }

        #[test]
        fn events_round_trip(
            sent in proptest::collection::vec(("[1-9][0-9]{0,3}", "[a-z]{1,8}", "[ -~é]{0,20}(\n[ -~]{0,20}){0,3}"), 0..5),
            end in prop_oneof![Just("\n"), Just("\r"), Just("\r\n")],
        ) {
            let mut text = String::new();
            for (id, name, data) in &sent {
                write!(text, "id: {id}{end}event: {name}{end}").unwrap();
                for line in data.split('\n') {
                    write!(text, "data: {line}{end}").unwrap();
                }
                write!(text, "{end}: heartbeat{end}{end}").unwrap();
            }
            let expected: Vec<Event> = sent.iter().map(|(id, name, data)| event(Some(id), name, data)).collect();
            prop_assert_eq!(parse(&[text.as_bytes()]), expected);
        }
    }
}
