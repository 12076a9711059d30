//! The colours: every text can be read on what it stands on.

use crate::support;

use ringbook_ui::slint::{Color, ComponentHandle};
use ringbook_ui::*;

/// Relative luminance (WCAG 2.2).
fn luminance(colour: Color) -> f64 {
    let channel = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(colour.red())
        + 0.7152 * channel(colour.green())
        + 0.0722 * channel(colour.blue())
}

fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn s1_14_every_text_has_a_contrast_of_at_least_four_and_a_half_in_both_themes() {
    every_text_has_a_contrast_of(4.5, false);
}

#[test]
fn with_more_contrast_every_text_has_seven_and_every_border_three() {
    every_text_has_a_contrast_of(7.0, true);
    let window = GalleryWindow::new().unwrap();
    let theme = window.global::<Theme>();
    theme.set_high_contrast(true);
    for choice in [ThemeChoice::Light, ThemeChoice::Dark] {
        theme.invoke_choose(choice);
        for ground in [
            theme.get_window(),
            theme.get_surface(),
            theme.get_selected(),
        ] {
            for line in [
                theme.get_border(),
                theme.get_border_strong(),
                theme.get_focus(),
            ] {
                let contrast = contrast(line, ground);
                assert!(
                    contrast >= 3.0,
                    "{choice:?}: {line:?} on {ground:?} has {contrast:.2}"
                );
            }
        }
    }
}

fn every_text_has_a_contrast_of(enough: f64, high: bool) {
    support::start();
    let window = GalleryWindow::new().unwrap();
    let theme = window.global::<Theme>();
    theme.set_high_contrast(high);
    for choice in [ThemeChoice::Light, ThemeChoice::Dark] {
        theme.invoke_choose(choice);
        let grounds = [
            ("window", theme.get_window()),
            ("rail", theme.get_rail()),
            ("surface", theme.get_surface()),
            ("raised", theme.get_raised()),
            ("sunken", theme.get_sunken()),
            ("hover", theme.get_hover()),
            ("selected", theme.get_selected()),
        ];
        let inks = [
            ("text", theme.get_text()),
            ("text-secondary", theme.get_text_secondary()),
            ("text-quiet", theme.get_text_quiet()),
            ("accent-text", theme.get_accent_text()),
            ("answer-text", theme.get_answer_text()),
            ("end-text", theme.get_end_text()),
            ("warning-text", theme.get_warning_text()),
        ];
        let mut pairs = Vec::new();
        for (ground, below) in grounds {
            pairs.extend(inks.map(|(ink, above)| (format!("{ink} on {ground}"), above, below)));
        }
        let white = theme.get_text_on_fill();
        for (fill, below) in [
            ("accent", theme.get_accent()),
            ("accent-hover", theme.get_accent_hover()),
            ("answer", theme.get_answer()),
            ("answer-hover", theme.get_answer_hover()),
            ("end", theme.get_end()),
            ("end-hover", theme.get_end_hover()),
        ] {
            pairs.push((format!("text-on-fill on {fill}"), white, below));
        }
        for (name, above, below) in [
            (
                "warning",
                theme.get_warning_text(),
                theme.get_warning_fill(),
            ),
            ("end", theme.get_end_text(), theme.get_end_fill()),
            ("answer", theme.get_answer_text(), theme.get_answer_fill()),
            ("accent", theme.get_accent_text(), theme.get_accent_fill()),
        ] {
            pairs.push((format!("{name}-text on {name}-fill"), above, below));
        }
        // With more contrast the program makes the looks itself.
        let keys = ["vip", "problem", "potential", "ordinary", "dealer"];
        for key in keys.iter().take_while(|_| !high) {
            let look = theme.invoke_category((*key).into());
            pairs.push((format!("category {key}"), look.text, look.fill));
        }
        for (name, above, below) in pairs {
            let contrast = contrast(above, below);
            assert!(contrast >= enough, "{choice:?}: {name} has {contrast:.2}");
        }
    }
}
