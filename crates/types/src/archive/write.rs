//! Writes an archive member by member, and keeps the sums that its manifest will tell.
//!
//! Owns: nothing. Calls: archive's tar. Called by: core's archive, tests of the checker.
//! Invariants: a part is sealed in the buffer it was gathered in, so a writer holds one part and no more (`what_is_written_is_whole`).
//! After a crash: nothing is left; what was sent has no manifest.

use super::{
    FORMAT, HEAD, Head, MANIFEST, Manifest, MemberSum, SEAL, SequenceAt, TableSum, hex, seal_of, tar,
};
use sha2::{Digest, Sha256};

/// Room at the start of a buffer, where its header goes.
pub const PART_ROOM: usize = tar::BLOCK;

/// Writes one archive.
#[derive(Debug, Clone)]
pub struct Writer {
    seconds: u64,
    members: Vec<MemberSum>,
}

impl Writer {
    /// `head.created_at` becomes the time of every member.
    pub fn new(head: &Head) -> Self {
        Self { seconds: u64::try_from(head.created_at.timestamp()).unwrap_or(0), members: Vec::new() }
    }

    /// The first member.
    ///
    /// # Errors
    /// When the head cannot be written as JSON.
    pub fn head(&mut self, head: &Head) -> Result<Vec<u8>, serde_json::Error> {
        let mut buffer = vec![0; PART_ROOM];
        serde_json::to_writer_pretty(&mut buffer, head)?;
        Ok(self.seal(HEAD, buffer))
    }

    /// A member of what stands in `buffer` behind [`PART_ROOM`] bytes that are free; complete with its header and padding.
    pub fn seal(&mut self, name: &str, buffer: Vec<u8>) -> Vec<u8> {
        let content = buffer.get(PART_ROOM..).unwrap_or_default();
        self.members.push(MemberSum {
            name: name.to_owned(),
            bytes: content.len() as u64,
            sha256: hex(&Sha256::digest(content)),
        });
        self.close(name, buffer)
    }

    /// The manifest, its seal and the end of the archive.
    ///
    /// # Errors
    /// When the manifest cannot be written as JSON.
    pub fn finish(
        mut self,
        tables: Vec<TableSum>,
        sequences: Vec<SequenceAt>,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let manifest =
            Manifest { format: FORMAT, members: std::mem::take(&mut self.members), tables, sequences };
        let mut buffer = vec![0; PART_ROOM];
        serde_json::to_writer_pretty(&mut buffer, &manifest)?;
        let mut seal = vec![0; PART_ROOM];
        seal.extend_from_slice(seal_of(&buffer[PART_ROOM..]).as_bytes());
        let mut end = self.close(MANIFEST, buffer);
        end.extend(self.close(SEAL, seal));
        end.extend([0; 2 * tar::BLOCK]);
        Ok(end)
    }

    fn close(&self, name: &str, mut buffer: Vec<u8>) -> Vec<u8> {
        let size = buffer.len().saturating_sub(PART_ROOM) as u64;
        let header = tar::header(name, size, self.seconds);
        for (to, from) in buffer.iter_mut().zip(header) {
            *to = from;
        }
        buffer.resize(buffer.len() + tar::padding(size), 0);
        buffer
    }
}
