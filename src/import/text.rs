//! A file as UTF-8, whatever charset it is in.
//!
//! UTF-8 goes through as it is. UTF-16 is known by its mark, and what is neither is one of the
//! charsets that programs wrote before: a guess, told wherever the file is spoken of.

use std::borrow::Cow;
use std::io::{self, Chain, Cursor, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};

use crate::model::Country;

/// How much of a file its charset is judged by, octets.
const START: u64 = 64 * 1024;
/// Octets that are decoded at a time.
const PIECE: usize = 16 * 1024;

/// The octets of a file, in UTF-8.
pub(crate) struct Text<R> {
    input: Chain<Cursor<Vec<u8>>, R>,
    encoding: &'static Encoding,
    /// What is not UTF-8 already.
    decoding: Option<Decoding>,
}

/// A file on its way into UTF-8.
struct Decoding {
    decoder: Decoder,
    octets: Box<[u8]>,
    /// Those of `octets` that are still to be decoded.
    waiting: std::ops::Range<usize>,
    /// Text that a reader had no room for.
    decoded: Cursor<Vec<u8>>,
    is_over: bool,
}

impl<R: Read> Text<R> {
    /// Reads the beginning. Of a file that is no UTF-8 the charset is guessed, unless it is given;
    /// files of a country are likelier in one of its own.
    pub(crate) fn new(
        mut input: R,
        given: Option<&'static Encoding>,
        country: Option<Country>,
    ) -> io::Result<Self> {
        let mut start = Vec::new();
        input.by_ref().take(START).read_to_end(&mut start)?;
        let encoding = given.unwrap_or_else(|| encoding_of(&start, country));
        Ok(Self {
            input: Cursor::new(start).chain(input),
            encoding,
            decoding: (encoding != UTF_8).then(|| Decoding::of(encoding)),
        })
    }

    /// The file's beginning as it stands there.
    pub(super) fn start(&self) -> &[u8] {
        self.input.get_ref().0.get_ref()
    }

    /// The file's beginning as text.
    pub(super) fn beginning(&self) -> Cow<'_, str> {
        self.encoding.decode_with_bom_removal(self.start()).0
    }

    /// The charset's name; none for UTF-8, which goes without saying.
    pub(super) fn charset(&self) -> Option<&'static str> {
        (self.encoding != UTF_8).then(|| self.encoding.name())
    }

    /// The file as it is, where it names its charset itself: cards of vCard 2.1 do, line by line.
    pub(super) fn of_cards(self) -> Self {
        let names_charset = self.beginning().to_ascii_uppercase().contains("CHARSET=");
        match names_charset {
            true => Self {
                encoding: UTF_8,
                decoding: None,
                ..self
            },
            false => self,
        }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.decoding {
            None => self.input.read(buffer),
            Some(decoding) => decoding.read(&mut self.input, buffer),
        }
    }
}

impl Decoding {
    fn of(encoding: &'static Encoding) -> Self {
        Self {
            decoder: encoding.new_decoder_with_bom_removal(),
            octets: vec![0; PIECE].into(),
            waiting: 0..0,
            decoded: Cursor::default(),
            is_over: false,
        }
    }

    fn read(&mut self, input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.decoded.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.is_over {
                return Ok(read);
            }
            self.decode(input)?;
        }
    }

    /// Decodes the next piece of the file.
    fn decode(&mut self, input: &mut impl Read) -> io::Result<()> {
        if self.waiting.is_empty() {
            self.waiting = 0..input.read(&mut self.octets)?;
        }
        let is_last = self.waiting.is_empty();
        let octets = &self.octets[self.waiting.clone()];
        let mut text = std::mem::take(self.decoded.get_mut());
        text.resize(PIECE, 0);
        let (result, read, written, _) = self.decoder.decode_to_utf8(octets, &mut text, is_last);
        text.truncate(written);
        self.waiting.start += read;
        self.is_over = is_last && result == CoderResult::InputEmpty;
        self.decoded = Cursor::new(text);
        Ok(())
    }
}

/// The charset of a file that begins so.
fn encoding_of(start: &[u8], country: Option<Country>) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(start) {
        return encoding;
    }
    if is_utf8(whole_lines(start)) {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(start, start.len() < START as usize);
    let home = country.map(|country| country.code().to_ascii_lowercase());
    detector.guess(home.as_deref().map(str::as_bytes), Utf8Detection::Deny)
}

/// The beginning without a line that is cut off.
fn whole_lines(start: &[u8]) -> &[u8] {
    let end = start.iter().rposition(|&octet| octet == b'\n');
    match end {
        Some(end) if start.len() as u64 == START => &start[..end],
        _ => start,
    }
}

/// Whether it is UTF-8. A line that is none among others that are is that line's mistake.
fn is_utf8(start: &[u8]) -> bool {
    let (mut fitting, mut broken) = (0, 0);
    for chunk in start.utf8_chunks() {
        fitting += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    broken == 0 || fitting > broken
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use encoding_rs::{UTF_16LE, WINDOWS_1250, WINDOWS_1251, WINDOWS_1256};
    use proptest::prelude::*;

    use super::*;

    /// Gives an octet now and many then, as files and pipes do.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = self.1 % 7 + 1;
            let most = self.1.min(buffer.len());
            self.0.read(&mut buffer[..most])
        }
    }

    fn read(octets: &[u8], country: Option<Country>) -> (String, Option<&'static str>) {
        let mut text = Text::new(Drops(octets, 0), None, country).unwrap();
        let mut read = String::new();
        text.read_to_string(&mut read).unwrap();
        (read, text.charset())
    }

    #[test]
    fn what_excel_writes_in_russia_hungary_and_arabia_is_read() {
        for (text, encoding) in [
            ("Имя;Телефон\nИван Петров;87011112233\n", WINDOWS_1251),
            ("Név;Telefon\nSzűcs Győző;06305550101\n", WINDOWS_1250),
            ("الاسم;الهاتف\nليلى حداد;0501234567\n", WINDOWS_1256),
        ] {
            let octets = encoding.encode(text).0;
            assert_eq!(read(&octets, None), (text.into(), Some(encoding.name())));
        }
    }

    #[test]
    fn utf_16_is_known_by_its_mark_and_utf_8_goes_through() {
        let text = "Имя\tPhone\r\n😀 Ivan\t1\r\n";
        let units = text.encode_utf16();
        let mut octets = vec![0xff, 0xfe];
        octets.extend(units.clone().flat_map(u16::to_le_bytes));
        assert_eq!(read(&octets, None), (text.into(), Some(UTF_16LE.name())));
        let mut octets = vec![0xfe, 0xff];
        octets.extend(units.flat_map(u16::to_be_bytes));
        assert_eq!(read(&octets, None), (text.into(), Some("UTF-16BE")));
        let marked = format!("\u{feff}{text}");
        assert_eq!(read(marked.as_bytes(), None), (marked, None));
    }

    #[test]
    fn what_breaks_far_below_or_among_what_fits_does_not_make_it_another_charset() {
        let mut far = "name\n".repeat(START as usize / 4).into_bytes();
        far.push(0xe9);
        assert_eq!(encoding_of(&far[..START as usize], None), UTF_8);
        // A character that the beginning ends within.
        let cut = format!("{}ж", "x".repeat(START as usize - 1));
        let lines = format!("a\n{}", &cut[2..]);
        assert_eq!(
            encoding_of(&lines.as_bytes()[..START as usize], None),
            UTF_8
        );
        assert_eq!(encoding_of("Gergő\nZoë\nL\u{fffd}".as_bytes(), None), UTF_8);
        assert_eq!(
            encoding_of(b"Gerg\xc5\x91\nZo\xc3\xab\nL\xe9\n", None),
            UTF_8
        );
    }

    #[test]
    fn the_country_decides_where_the_letters_do_not() {
        let octets = WINDOWS_1250.encode("Név;Telefon\nSzűcs Győző;1\n").0;
        let read_in = |code: &str| read(&octets, code.parse().ok()).0;
        assert!(read_in("HU").contains("Szűcs Győző"));
        assert!(read_in("FR").contains("Szûcs Gyõzõ"));
    }

    proptest! {
        /// Whatever pieces it comes in, and whatever it is, it is read like the whole of it.
        #[test]
        fn any_octets_in_any_charset_are_read_like_the_whole(
            octets in proptest::collection::vec(any::<u8>(), 0..40_000),
            label in prop::sample::select(vec!["windows-1251", "utf-16le", "gbk", "shift_jis"]),
        ) {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let mut text = Text::new(Drops(&octets, 0), Some(encoding), None).unwrap();
            let mut read = Vec::new();
            text.read_to_end(&mut read).unwrap();
            let whole = encoding.decode_with_bom_removal(&octets).0;
            prop_assert_eq!(String::from_utf8(read).unwrap(), whole);
        }
    }
}
