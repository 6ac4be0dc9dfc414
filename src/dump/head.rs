//! The beginning of what `pg_restore` reads: who wrote it, and how much it says that there is. The rest is told by that
//! program alone; what is judged here is whether there can be anything to tell. Start with [`read`].

use std::io::Read;

/// What a header is of: the file itself, or the table of contents beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// `--format=custom`.
    Custom,
    /// `toc.dat` of `--format=tar` and `--format=directory`.
    Contents,
}

/// Why there can be no dump behind a beginning.
#[derive(Debug)]
pub enum Bad {
    /// It cannot be read.
    Io(std::io::Error),
    /// It ends before its beginning does.
    Ends,
    /// It ends before its table of contents can.
    Short,
    /// It says what cannot be.
    Impossible(String),
}

/// A beginning that may be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Bytes that its table of contents has at least.
    contents_bytes_min: u64,
}

impl Head {
    /// Whether so much can be behind it.
    ///
    /// # Errors
    /// [`Bad::Short`] when there is less than the table of contents that it speaks of.
    pub fn check_rest(self, bytes: u64) -> Result<(), Bad> {
        if bytes < self.contents_bytes_min { Err(Bad::Short) } else { Ok(()) }
    }
}

/// Fields that every entry of a table of contents has had in every version: three numbers or more, and texts.
const ENTRY_FIELDS_MIN: u64 = 8;
/// No name of a database or version is longer.
const TEXT_BYTES_MAX: i64 = 1 << 16;
/// The newest version whose header is known here: that of PostgreSQL 17 and 18.
const MINOR_MAX: u8 = 16;
/// The versions whose headers have another field than those before them. See `ReadHead` of PostgreSQL's
/// `pg_backup_archiver.c`.
const WITH_TIME: u8 = 4;
const WITH_OFFSETS: u8 = 7;
const WITH_VERSIONS: u8 = 10;
const WITH_ALGORITHM: u8 = 15;

/// Reads a beginning, up to its table of contents.
pub fn read(reader: &mut impl Read, of: Of) -> Result<Head, Bad> {
    let mut fields = Fields { reader, number_bytes: 4 };
    if fields.bytes::<5>()? != *b"PGDMP" {
        return Err(Bad::Impossible("it does not begin as one".into()));
    }
    let [major, minor] = fields.bytes()?;
    if major != 1 {
        return Err(Bad::Impossible(format!("its version is {major}.{minor}")));
    }
    if minor > 0 {
        fields.byte()?;
    }
    let number_bytes = fields.byte()?;
    let offset_bytes = if minor >= WITH_OFFSETS { fields.byte()? } else { number_bytes };
    if ![2, 4, 8].contains(&number_bytes) || ![4, 8].contains(&offset_bytes) && minor >= WITH_OFFSETS {
        return Err(Bad::Impossible(format!("its numbers have {number_bytes} and {offset_bytes} bytes")));
    }
    fields.number_bytes = number_bytes.into();
    let format = fields.byte()?;
    match (of, format) {
        (Of::Custom, 1) | (Of::Contents, 3 | 5) => {}
        (Of::Custom, 3 | 5) => return Err(Bad::Impossible("it is the table of contents of a folder or a tar file alone".into())),
        _ => return Err(Bad::Impossible(format!("its format is {format}"))),
    }
    if !(WITH_TIME..=MINOR_MAX).contains(&minor) {
        // Older than PostgreSQL 7.3, or newer than what is known here.
        return Ok(Head { contents_bytes_min: 0 });
    }
    let compression = if minor >= WITH_ALGORITHM { fields.byte()?.into() } else { fields.number()? };
    let [second, minute, hour, day, month, year, summer] = fields.numbers()?;
    let is_time = (0..=61).contains(&second) && (0..60).contains(&minute) && (0..24).contains(&hour);
    let is_date = (1..=31).contains(&day) && (0..12).contains(&month) && (70..1000).contains(&year);
    if !(-1..=22).contains(&compression) || !is_time || !is_date || !(-1..=1).contains(&summer) {
        return Err(Bad::Impossible("the time of its making is none".into()));
    }
    for _ in 0..if minor >= WITH_VERSIONS { 3 } else { 1 } {
        fields.text()?;
    }
    let entries = fields.number()?;
    let entries = u64::try_from(entries).ok().filter(|entries| *entries > 0);
    let entries = entries.ok_or_else(|| Bad::Impossible("its table of contents has no entries".into()))?;
    // Before each number is its sign, and each text has its length.
    Ok(Head { contents_bytes_min: entries.saturating_mul(ENTRY_FIELDS_MIN * (1 + u64::from(number_bytes))) })
}

struct Fields<'a, R> {
    reader: &'a mut R,
    number_bytes: usize,
}

impl<R: Read> Fields<'_, R> {
    fn bytes<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], Bad> {
        let mut bytes = [0; COUNT];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Bad> {
        self.reader.read_exact(bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Bad::Ends,
            _ => Bad::Io(error),
        })
    }

    fn byte(&mut self) -> Result<u8, Bad> {
        self.bytes::<1>().map(|[byte]| byte)
    }

    /// A sign and a number, its lowest byte first.
    fn number(&mut self) -> Result<i64, Bad> {
        let negative = self.byte()?;
        let mut bytes = [0; 8];
        self.fill(&mut bytes[..self.number_bytes])?;
        let number = i64::from_le_bytes(bytes);
        match negative {
            0 if number >= 0 => Ok(number),
            1 if number > 0 => Ok(-number),
            _ => Err(Bad::Impossible("a number in it is none".into())),
        }
    }

    fn numbers<const COUNT: usize>(&mut self) -> Result<[i64; COUNT], Bad> {
        let mut numbers = [0; COUNT];
        for number in &mut numbers {
            *number = self.number()?;
        }
        Ok(numbers)
    }

    /// A text behind its length, which is below zero for none.
    fn text(&mut self) -> Result<(), Bad> {
        let length = self.number()?;
        if length > TEXT_BYTES_MAX {
            return Err(Bad::Impossible(format!("a name in it has {length} bytes")));
        }
        let length = u64::try_from(length).unwrap_or(0);
        let copied = std::io::copy(&mut self.reader.by_ref().take(length), &mut std::io::sink()).map_err(Bad::Io)?;
        if copied < length { Err(Bad::Ends) } else { Ok(()) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A beginning as pg_dump writes it, of this version and format, with so many entries behind it.
    pub fn head(minor: u8, format: u8, entries: u8) -> Vec<u8> {
        let number = |number: u32| [&[0][..], &number.to_le_bytes()].concat();
        let text = |text: &str| [number(text.len() as u32), text.as_bytes().to_vec()].concat();
        let mut head = [b"PGDMP".as_slice(), &[1, minor, 0, 4, 8, format]].concat();
        head.extend(if minor >= WITH_ALGORITHM { vec![1] } else { [&[1][..], &1_u32.to_le_bytes()].concat() });
        head.extend([30, 15, 3, 1, 7, 126, 0].into_iter().flat_map(number));
        head.extend(["gateway", "16.4 (Debian 16.4-1)", "16.4"].into_iter().flat_map(text));
        head.extend(number(entries.into()));
        head
    }

    /// The same with as much behind it as the table of contents has at least.
    pub fn dump(minor: u8, format: u8) -> Vec<u8> {
        [head(minor, format, 3), vec![7; 3 * 8 * 5]].concat()
    }

    fn read_all(bytes: &[u8], of: Of) -> Result<(), Bad> {
        let mut rest = bytes;
        read(&mut rest, of)?.check_rest(rest.len() as u64)
    }

    #[test]
    fn a_beginning_is_one_in_every_version_and_none_where_it_is_cut() {
        for minor in [WITH_VERSIONS, 12, 13, 14, WITH_ALGORITHM, MINOR_MAX] {
            let whole = dump(minor, 1);
            read_all(&whole, Of::Custom).unwrap();
            read_all(&dump(minor, 3), Of::Contents).unwrap();
            for cut in 0..whole.len() {
                assert!(matches!(read_all(&whole[..cut], Of::Custom), Err(Bad::Ends | Bad::Short)), "1.{minor} cut at {cut}");
            }
        }
        // What is newer is left to the program that knows it.
        read_all(&[&b"PGDMP\x01\x11\x00\x04\x08\x01"[..], b"anything"].concat(), Of::Custom).unwrap();
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (at, byte) in [(5, 2), (8, 16), (9, 0), (10, 2), (10, 3), (11, 9), (17, 62), (46, 7)] {
            let mut bytes = dump(14, 1);
            bytes[at] = byte;
            assert!(matches!(read_all(&bytes, Of::Custom), Err(Bad::Impossible(_))), "{byte} at {at}");
        }
        assert!(matches!(read_all(&head(14, 1, 0), Of::Custom), Err(Bad::Impossible(_))));
        assert!(matches!(read_all(&head(14, 1, 200), Of::Custom), Err(Bad::Short)));
        assert!(matches!(read_all(&dump(14, 1), Of::Contents), Err(Bad::Impossible(_))));
        let garbage: Vec<u8> = (0..4096_u32).map(|number| (number * 37 % 251) as u8).collect();
        assert!(read_all(&[&b"PGDMP\x01\x10\x00"[..], &garbage].concat(), Of::Custom).is_err());
    }
}
