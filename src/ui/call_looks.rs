//! What values of the call log stand out by: the office's icons and colours (S5.7, S5.13).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ringbook_ui::slint::ComponentHandle;
use ringbook_ui::{CallLooks as Drawn, CategoryLook, Icons, MainWindow};

use super::category_looks::look_of;
use crate::model::CallLook;

/// The looks, by column and value.
#[derive(Default)]
pub struct CallLooks {
    known: RefCell<HashMap<(String, String), CallLook>>,
    window: RefCell<ringbook_ui::slint::Weak<MainWindow>>,
}

impl CallLooks {
    /// Has the window draw calls with these looks; there are none before [`CallLooks::take`].
    pub fn start(window: &MainWindow) -> Rc<Self> {
        let looks = Rc::<Self>::default();
        *looks.window.borrow_mut() = window.as_weak();
        let (this, weak) = (looks.clone(), window.as_weak());
        window
            .global::<Drawn>()
            .on_look(move |column, value, dark, high, _| {
                let key = (column.to_string(), value.to_lowercase());
                let known = this.known.borrow();
                match (known.get(&key), weak.upgrade()) {
                    (Some(look), Some(window)) => {
                        let icon = window.global::<Icons>().invoke_named((&look.icon).into());
                        look_of(&look.colour, icon, dark, high)
                    }
                    _ => CategoryLook::default(),
                }
            });
        looks
    }

    /// Has these looks from now on; of two for one value the later one.
    pub fn take(&self, looks: Vec<CallLook>) {
        let keyed = looks.into_iter().map(|look| {
            let value = look.value.trim().to_lowercase();
            ((look.column.name().to_owned(), value), look)
        });
        *self.known.borrow_mut() = keyed.collect();
        if let Some(window) = self.window.borrow().upgrade() {
            let drawn = window.global::<Drawn>();
            drawn.set_revision(drawn.get_revision().wrapping_add(1));
        }
    }
}
