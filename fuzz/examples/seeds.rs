//! Writes every parser's samples where its fuzz target begins: `corpus/sip/sample-0` and so on.

use std::fs;
use std::io;
use std::path::Path;

use parsers::PARSERS;

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for parser in &PARSERS {
        let folder = corpus.join(parser.name);
        fs::create_dir_all(&folder)?;
        for (number, sample) in parser.samples.iter().enumerate() {
            fs::write(folder.join(format!("sample-{number}")), sample)?;
        }
    }
    Ok(())
}
