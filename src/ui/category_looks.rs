//! How the office's categories look: each has one colour, of which a text and a ground are made that
//! can be read in every theme.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ringbook_ui::slint::{Color, ComponentHandle, Global, Image};
use ringbook_ui::{Categories, CategoryLook, Icons, MainWindow};

use super::asking;
use super::link::PhoneLink;
use super::window_adapter::complain;
use crate::model::Category;

/// The contrast of a text with its ground (WCAG 2.2, 1.4.3), and the one for those who need more
/// (1.4.6).
const ENOUGH: f32 = 4.5;
const MORE: f32 = 7.0;
/// How much of the colour the ground has.
const TINT_LIGHT: f32 = 0.14;
const TINT_DARK: f32 = 0.30;
/// What the ground is mixed with.
const LIGHT: Rgb = [1.0, 1.0, 1.0];
const DARK: Rgb = [0.11, 0.122, 0.141];

/// Red, green and blue, 0 to 1, as displays take them.
type Rgb = [f32; 3];

/// The looks, by the categories' keys.
#[derive(Default)]
pub struct CategoryLooks {
    known: RefCell<BTreeMap<String, (Rgb, String)>>,
}

impl CategoryLooks {
    /// Ties the looks to the main window; they are read for the first time with [`Self::load`].
    pub fn start(window: &MainWindow) -> Rc<Self> {
        let looks = Rc::<Self>::default();
        looks.attach(window);
        looks
    }

    /// Has a window draw categories with these looks.
    pub fn attach<W: ComponentHandle + 'static>(self: &Rc<Self>, window: &W)
    where
        for<'a> Categories<'a>: Global<'a, W>,
        for<'a> Icons<'a>: Global<'a, W>,
    {
        let (this, weak) = (self.clone(), window.as_weak());
        let categories = window.global::<Categories<'_>>();
        categories.on_look(move |key, dark, high, _| {
            let known = this.known.borrow();
            let (colour, icon) = known.get(key.as_str()).map_or_else(
                || (read(Category::COLOURS[0]), "tag"),
                |(colour, icon)| (*colour, icon.as_str()),
            );
            let icon = weak
                .upgrade()
                .map(|window| window.global::<Icons<'_>>().invoke_named(icon.into()));
            drawn(colour, icon.unwrap_or_default(), dark, high)
        });
    }

    /// Reads the looks and has the window draw them.
    pub async fn load(self: Rc<Self>, window: MainWindow, phone: Rc<dyn PhoneLink>) {
        match asking::read(&phone, |store| store.categories()).await {
            Ok(all) => self.take(&all),
            Err(error) => return complain(&window.as_weak(), error.to_string()),
        }
        let categories = window.global::<Categories<'_>>();
        categories.set_revision(categories.get_revision().wrapping_add(1));
    }

    fn take(&self, all: &[Category]) {
        let look = |category: &Category| {
            let key = category.id.as_str().to_owned();
            (key, (read(&category.colour), category.icon.clone()))
        };
        *self.known.borrow_mut() = all.iter().map(look).collect();
    }
}

/// What is drawn in this colour, `#RRGGBB`, with this icon.
pub fn look_of(colour: &str, icon: Image, dark: bool, high: bool) -> CategoryLook {
    drawn(read(colour), icon, dark, high)
}

fn drawn(colour: Rgb, icon: Image, dark: bool, high: bool) -> CategoryLook {
    let (text, fill) = inks(colour, dark, high);
    CategoryLook {
        text: show(text),
        fill: show(fill),
        icon,
    }
}

/// A colour from `#RRGGBB`; grey where it is none, which the store refuses.
fn read(colour: &str) -> Rgb {
    let number = u32::from_str_radix(colour.trim_start_matches('#'), 16).unwrap_or(0x47_55_69);
    let [_, red, green, blue] = number.to_be_bytes();
    [red, green, blue].map(|part| f32::from(part) / 255.0)
}

fn show([red, green, blue]: Rgb) -> Color {
    Color::from_argb_f32(1.0, red, green, blue)
}

/// The text and its ground: the ground a tint of the colour, the text the colour itself, as much
/// darker or lighter as it takes.
fn inks(colour: Rgb, dark: bool, high: bool) -> (Rgb, Rgb) {
    let (ground, tint, end) = match dark {
        false => (LIGHT, TINT_LIGHT, [0.0; 3]),
        true => (DARK, TINT_DARK, [1.0; 3]),
    };
    let needed = if high { MORE } else { ENOUGH };
    let mut fill = mix(ground, colour, tint);
    // No text can stand out on a ground that is too near to the middle.
    while contrast(end, fill) < needed + 1.0 {
        fill = mix(fill, [1.0 - end[0]; 3], 0.1);
    }
    let mut text = colour;
    let mut share = 0.0;
    // Displays take whole steps of 1/255: a little more than needed is asked for.
    while contrast(text, fill) < needed + 0.1 && share < 1.0 {
        share += 0.05;
        text = mix(colour, end, share);
    }
    (text, fill)
}

fn mix(from: Rgb, to: Rgb, share: f32) -> Rgb {
    std::array::from_fn(|at| from[at] + (to[at] - from[at]) * share.min(1.0))
}

/// WCAG 2.2: from 1 to 21.
fn contrast(a: Rgb, b: Rgb) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: Rgb) -> f32 {
    let [red, green, blue] = colour.map(|part| match part <= 0.040_45 {
        true => part / 12.92,
        false => ((part + 0.055) / 1.055).powf(2.4),
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_14_a_text_in_any_colour_can_be_read_on_its_ground_in_every_theme() {
        for part in 0..16_u32.pow(3) {
            let colour = [part / 256, part / 16 % 16, part % 16].map(|step| step as f32 / 15.0);
            for (dark, high, needed) in [
                (false, false, ENOUGH),
                (true, false, ENOUGH),
                (false, true, MORE),
                (true, true, MORE),
            ] {
                let (text, fill) = inks(colour, dark, high);
                let found = contrast(text, fill);
                assert!(found >= needed, "{colour:?} dark {dark}: {found}");
                assert!(luminance(fill) < 0.5 || !dark, "{colour:?} lights up");
            }
        }
    }

    #[test]
    fn a_colour_that_can_be_read_stays_what_the_office_chose() {
        for colour in Category::COLOURS.map(read) {
            assert_eq!(inks(colour, false, false).0, colour);
        }
    }
}
