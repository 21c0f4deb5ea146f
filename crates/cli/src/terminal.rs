//! A line that is typed without showing.
//!
//! Owns: the terminal's modes while it is typed. Calls: rustix. Called by: world, the binary for a first operator.
//! Invariants: the modes are as before afterwards, also when it was broken off (`the_terminal_is_as_it_was`); what is typed is a line as people
//! type them (`a_hidden_line_can_be_corrected`). After a crash: a killed process leaves a terminal that does not echo; `stty sane` mends it.

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::{
    io::{self, BufRead},
    os::fd::AsFd,
};

/// Longest line: no password is longer.
const LONGEST: usize = 4096;

/// Reads a line from the terminal that `input` reads, standard input, and shows none of it.
///
/// # Errors
/// Where standard input is no terminal, the line is broken off, too long or no UTF-8.
pub fn hidden_line(input: &mut dyn BufRead) -> io::Result<String> {
    let _hush = Hush::on(io::stdin())?;
    typed(input)
}

/// The terminal without echo. It hands over every key at once, Ctrl-C too: a process that is ended by it could put nothing back.
struct Hush<F: AsFd> {
    terminal: F,
    before: Termios,
}

impl<F: AsFd> Hush<F> {
    fn on(terminal: F) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl<F: AsFd> Drop for Hush<F> {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// The line that these keys make: erased with backspace or Ctrl-U, broken off with Ctrl-C or Ctrl-D.
fn typed(input: &mut dyn BufRead) -> io::Result<String> {
    let broken_off = || io::Error::other("broken off");
    let mut line = Vec::new();
    loop {
        let Some(&key) = input.fill_buf()?.first() else { return Err(broken_off()) };
        input.consume(1);
        match key {
            b'\n' | b'\r' => break,
            0x03 | 0x04 => return Err(broken_off()),
            0x08 | 0x7f => {
                // The bytes behind the first of a character, then that one.
                while line.pop().is_some_and(|byte: u8| byte & 0xc0 == 0x80) {}
            }
            0x15 => line.clear(),
            _ if line.len() == LONGEST => return Err(io::Error::other("the line is too long")),
            byte => line.push(byte),
        }
    }
    String::from_utf8(line).map_err(|_| io::Error::other("that is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::{fs::OpenOptions, os::unix::ffi::OsStrExt, path::Path};

    #[test]
    fn the_terminal_is_as_it_was() {
        let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&main).unwrap();
        unlockpt(&main).unwrap();
        let name = ptsname(&main, Vec::new()).unwrap();
        let name = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
        let terminal = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let before = tcgetattr(&terminal).unwrap().local_modes;
        assert!(before.contains(LocalModes::ECHO));
        let hush = Hush::on(&terminal).unwrap();
        assert!(!tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO));
        drop(hush);
        assert_eq!(tcgetattr(&terminal).unwrap().local_modes, before);
        assert!(Hush::on(OpenOptions::new().read(true).open("/dev/null").unwrap()).is_err());
    }

    #[test]
    fn a_hidden_line_can_be_corrected() {
        let read = |keys: &str| typed(&mut keys.as_bytes()).ok();
        assert_eq!(read("hunter2\nrest").as_deref(), Some("hunter2"));
        assert_eq!(read("wrong\u{15}rü\u{7f}ight\r").as_deref(), Some("right"));
        assert_eq!(read("\u{7f}a\n").as_deref(), Some("a"));
        for broken_off in ["abc\u{3}\n", "abc\u{4}", "abc", ""] {
            assert_eq!(read(broken_off), None, "{broken_off:?}");
        }
        assert!(typed(&mut "x".repeat(LONGEST + 1).as_bytes()).is_err());
    }
}
