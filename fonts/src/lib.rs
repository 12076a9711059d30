//! The fonts shipped inside the program, so that no script is ever blank: one copy of them for the
//! window and for the files that are written. Each family is regular, semi-bold and bold.

/// Latin, Cyrillic, Greek and what all scripts share.
pub static LATIN: [&[u8]; 3] = [
    include_bytes!("../NotoSans-Regular.ttf"),
    include_bytes!("../NotoSans-SemiBold.ttf"),
    include_bytes!("../NotoSans-Bold.ttf"),
];

/// Arabic.
pub static ARABIC: [&[u8]; 3] = [
    include_bytes!("../NotoSansArabic-Regular.ttf"),
    include_bytes!("../NotoSansArabic-SemiBold.ttf"),
    include_bytes!("../NotoSansArabic-Bold.ttf"),
];

/// Devanagari.
pub static DEVANAGARI: [&[u8]; 3] = [
    include_bytes!("../NotoSansDevanagari-Regular.ttf"),
    include_bytes!("../NotoSansDevanagari-SemiBold.ttf"),
    include_bytes!("../NotoSansDevanagari-Bold.ttf"),
];
