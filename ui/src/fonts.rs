//! The fonts shipped inside the program, so that no script is ever blank.

use std::sync::Arc;

use ringbook_fonts::{
    ARABIC_BOLD, ARABIC_REGULAR, ARABIC_SEMI_BOLD, DEVANAGARI_BOLD, DEVANAGARI_REGULAR,
    DEVANAGARI_SEMI_BOLD, LATIN_BOLD, LATIN_REGULAR, LATIN_SEMI_BOLD,
};
use slint::fontique_011::fontique::{Blob, FallbackKey, GenericFamily, Script};

/// Registers the shipped fonts and makes them the first choice for their scripts.
///
/// Call it once, on the UI thread, after the backend is chosen and before the first window.
pub fn install() {
    let mut collection = slint::fontique_011::shared_collection();
    let latin = [LATIN_REGULAR, LATIN_SEMI_BOLD, LATIN_BOLD];
    let arabic = [ARABIC_REGULAR, ARABIC_SEMI_BOLD, ARABIC_BOLD];
    let devanagari = [DEVANAGARI_REGULAR, DEVANAGARI_SEMI_BOLD, DEVANAGARI_BOLD];
    for (faces, script) in [
        (latin, None),
        (arabic, Some(*b"Arab")),
        (devanagari, Some(*b"Deva")),
    ] {
        for face in faces {
            let families = collection.register_fonts(Blob::new(Arc::new(face)), None);
            let ids: Vec<_> = families.iter().map(|(id, _)| *id).collect();
            match script {
                Some(script) => {
                    let key = FallbackKey::new(Script::from_bytes(script), None);
                    collection.append_fallbacks(key, ids.into_iter());
                }
                // A machine without any font of its own still has a sans-serif.
                None => {
                    collection.append_generic_families(GenericFamily::SansSerif, ids.into_iter())
                }
            }
        }
    }
}
