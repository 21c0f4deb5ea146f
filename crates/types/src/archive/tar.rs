//! The headers of a tar archive (POSIX.1-1988, `ustar`), written and read by hand: plain files alone, with short names.
//!
//! Owns: nothing. Calls: nothing. Called by: archive's writer and checker.
//! Invariants: what is written reads back (`headers_round_trip`); any 512 bytes are read without a panic, and a changed bit is found
//! (`any_block_is_read_or_refused`). After a crash: nothing is left.

/// Headers, and everything else, come in blocks of this size.
pub const BLOCK: usize = 512;

/// A header.
pub type Block = [u8; BLOCK];

/// Longest name of a member.
pub const NAME: usize = 100;

/// Largest member that a header can tell: eleven octal digits.
pub const LARGEST: u64 = (1 << 33) - 1;

/// What a header says of the bytes behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Path.
    pub name: String,
    /// Bytes, without what fills up the last block.
    pub size: u64,
}

/// Why a block is no header of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TarError {
    /// It does not say `ustar` where it should.
    #[error("is not a tar header")]
    NoHeader,
    /// Its checksum does not match.
    #[error("has a header whose checksum does not match")]
    Checksum,
    /// A link, a folder, a device, an extension.
    #[error("is not a plain file")]
    Kind,
    /// The name is empty, or not plain ASCII.
    #[error("has a name that no archive of ours has")]
    Name,
    /// The size is not written in octal digits.
    #[error("has a size that cannot be read")]
    Size,
}

const SIZE_AT: usize = 124;
const TIME_AT: usize = 136;
const SUM_AT: usize = 148;
const KIND_AT: usize = 156;
const MAGIC_AT: usize = 257;
const PREFIX_AT: usize = 345;

/// The header of a plain file that everybody may read and its owner change. Names of ours are plain ASCII of [`NAME`] bytes at the most;
/// what is longer is cut. `seconds` since 1970.
pub fn header(name: &str, size: u64, seconds: u64) -> Block {
    let mut block = [0_u8; BLOCK];
    let mut put = |at: usize, text: &[u8]| {
        for (to, from) in block.iter_mut().skip(at).zip(text) {
            *to = *from;
        }
    };
    let name = name.as_bytes();
    put(0, name.get(..NAME).unwrap_or(name));
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(SIZE_AT, format!("{:011o}\0", size.min(LARGEST)).as_bytes());
    put(TIME_AT, format!("{:011o}\0", seconds.min(LARGEST)).as_bytes());
    put(KIND_AT, b"0");
    put(MAGIC_AT, b"ustar\x0000");
    let sum = checksum(&block);
    let mut put = |at: usize, text: &[u8]| {
        for (to, from) in block.iter_mut().skip(at).zip(text) {
            *to = *from;
        }
    };
    put(SUM_AT, format!("{sum:06o}\0 ").as_bytes());
    block
}

/// How many bytes fill up the last block of a member.
pub fn padding(size: u64) -> usize {
    // Below 512 whatever the size.
    usize::try_from(size.next_multiple_of(BLOCK as u64) - size).unwrap_or(0)
}

/// Reads a header. `None` for a block of zeros, two of which end an archive.
///
/// # Errors
/// [`TarError`] for everything but the header of a plain file.
pub fn read(block: &Block) -> Result<Option<Member>, TarError> {
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    if &block[MAGIC_AT..MAGIC_AT + 5] != b"ustar" {
        return Err(TarError::NoHeader);
    }
    if octal(&block[SUM_AT..SUM_AT + 8]) != Some(u64::from(checksum(block))) {
        return Err(TarError::Checksum);
    }
    if !matches!(block[KIND_AT], b'0' | 0) {
        return Err(TarError::Kind);
    }
    let name = text(&block[..NAME]).ok_or(TarError::Name)?;
    let prefix = text(&block[PREFIX_AT..PREFIX_AT + 155]).ok_or(TarError::Name)?;
    if name.is_empty() || !prefix.is_empty() {
        return Err(TarError::Name);
    }
    let size = octal(&block[SIZE_AT..SIZE_AT + 12]).ok_or(TarError::Size)?;
    Ok(Some(Member { name: name.to_owned(), size }))
}

/// The sum of all bytes, where those of the sum itself count as blanks.
fn checksum(block: &Block) -> u32 {
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let own: u32 = block[SUM_AT..SUM_AT + 8].iter().map(|byte| u32::from(*byte)).sum();
    sum - own + 8 * u32::from(b' ')
}

/// Digits, with blanks before and blanks or zeros behind.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if text.is_empty() || !text.bytes().all(|byte| (b'0'..=b'7').contains(&byte)) {
        return None;
    }
    u64::from_str_radix(text, 8).ok()
}

/// Visible ASCII up to the first zero.
fn text(field: &[u8]) -> Option<&str> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    std::str::from_utf8(&field[..end]).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn headers_round_trip(name in "[!-~]{1,100}", size in 0..=LARGEST, seconds in 0..=LARGEST) {
            let block = header(&name, size, seconds);
            prop_assert_eq!(read(&block), Ok(Some(Member { name, size })));
            prop_assert_eq!((size + padding(size) as u64) % 512, 0);
        }

        #[test]
        fn any_block_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), BLOCK), at in 0..BLOCK, bit in 0_u32..8) {
            let block: Block = bytes.try_into().unwrap_or([0; BLOCK]);
            let _ = read(&block);
            let mut changed = header("tables/0001-agents/000001.copy", 4711, 1);
            changed[at] ^= 1 << bit;
            // A sum may be written with other blanks around it; nothing else may change.
            let same = Member { name: "tables/0001-agents/000001.copy".to_owned(), size: 4711 };
            prop_assert!(read(&changed).is_err() || ((SUM_AT..SUM_AT + 8).contains(&at) && read(&changed) == Ok(Some(same))));
        }
    }

    #[test]
    fn other_members_are_refused() {
        let with = |at: usize, text: &[u8]| {
            let mut block = header("a", 1, 0);
            block[at..at + text.len()].copy_from_slice(text);
            let sum = format!("{:06o}\0 ", checksum(&block));
            block[SUM_AT..SUM_AT + 8].copy_from_slice(sum.as_bytes());
            read(&block)
        };
        assert_eq!(read(&[0; BLOCK]), Ok(None));
        assert_eq!(read(&[b'x'; BLOCK]), Err(TarError::NoHeader));
        assert_eq!(with(KIND_AT, b"2"), Err(TarError::Kind));
        assert_eq!(with(0, b"\0"), Err(TarError::Name));
        assert_eq!(with(0, b"\xff"), Err(TarError::Name));
        assert_eq!(with(PREFIX_AT, b"etc"), Err(TarError::Name));
        for size in [b"\x80\0\0\0\0\0\0\0\0\0\0\x01", b"00000000008\0", b"-0000000001\0", b"            "] {
            assert_eq!(with(SIZE_AT, size), Err(TarError::Size));
        }
    }
}
