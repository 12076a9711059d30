//! The fonts shipped inside the program, so that no script is ever blank: one copy of them for the
//! window and for the files that are written. What is not used of them is not in the program.

macro_rules! face {
    ($name:ident, $file:literal, $what:literal) => {
        #[doc = $what]
        pub static $name: &[u8] = include_bytes!(concat!("../", $file, ".ttf"));
    };
}

face!(
    LATIN_REGULAR,
    "NotoSans-Regular",
    "Latin, Cyrillic, Greek, and what all scripts share."
);
face!(LATIN_SEMI_BOLD, "NotoSans-SemiBold", "The same, semi-bold.");
face!(LATIN_BOLD, "NotoSans-Bold", "The same, bold.");
face!(ARABIC_REGULAR, "NotoSansArabic-Regular", "Arabic.");
face!(
    ARABIC_SEMI_BOLD,
    "NotoSansArabic-SemiBold",
    "Arabic, semi-bold."
);
face!(ARABIC_BOLD, "NotoSansArabic-Bold", "Arabic, bold.");
face!(
    DEVANAGARI_REGULAR,
    "NotoSansDevanagari-Regular",
    "Devanagari."
);
face!(
    DEVANAGARI_SEMI_BOLD,
    "NotoSansDevanagari-SemiBold",
    "Devanagari, semi-bold."
);
face!(
    DEVANAGARI_BOLD,
    "NotoSansDevanagari-Bold",
    "Devanagari, bold."
);
