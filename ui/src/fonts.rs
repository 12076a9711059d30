//! The fonts shipped inside the program, so that no script is ever blank.

use std::sync::Arc;

use ringbook_fonts::{ARABIC, DEVANAGARI, LATIN};
use slint::fontique_011::fontique::{Blob, FallbackKey, GenericFamily, Script};

/// Registers the shipped fonts and makes them the first choice for their scripts.
///
/// Call it once, on the UI thread, after the backend is chosen and before the first window.
pub fn install() {
    let mut collection = slint::fontique_011::shared_collection();
    for (faces, script) in [
        (LATIN, None),
        (ARABIC, Some(*b"Arab")),
        (DEVANAGARI, Some(*b"Deva")),
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
