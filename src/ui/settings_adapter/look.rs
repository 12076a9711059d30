//! Colours and text size.

use ringbook_ui::slint::ComponentHandle;
use ringbook_ui::{SettingsAdapter, Theme, ThemeChoice};

use super::SettingsPage;
use crate::settings::WindowTheme;

/// Text sizes offered, in percent.
pub(super) const TEXT_SIZES: [u32; 4] = [100, 125, 150, 200];

impl SettingsPage {
    /// Gives the window the colours and the text size of the settings.
    pub(super) fn dress(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let look = self.phone.settings().map(|settings| settings.window);
        let look = look.unwrap_or_default();
        let (adapter, theme) = (window.global::<SettingsAdapter>(), window.global::<Theme>());
        let (index, choice) = match look.theme {
            WindowTheme::System => (0, ThemeChoice::System),
            WindowTheme::Light => (1, ThemeChoice::Light),
            WindowTheme::Dark => (2, ThemeChoice::Dark),
        };
        adapter.set_theme(index);
        if theme.get_choice() != choice {
            theme.invoke_choose(choice);
        }
        let nearest = TEXT_SIZES
            .iter()
            .rposition(|&size| size <= look.text_percent);
        adapter.set_text_size(i32::try_from(nearest.unwrap_or(0)).unwrap_or(0));
        adapter.set_high_contrast(look.high_contrast);
        theme.set_high_contrast(look.high_contrast);
        theme.set_text_scale(look.text_percent as f32 / 100.0);
    }
}
