//! What stands on the caller card: the office's layouts ↔ `LayoutAdapter`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{ComponentHandle, Model, ModelRc, SharedString, VecModel, Weak};
use ringbook_ui::{LayoutAdapter, LayoutBlock, MainWindow};

use super::asking::{self, spawn};
use super::card_adapter::map_card;
use super::card_blocks::title;
use super::link::PhoneLink;
use super::notifications_adapter::Bell;
use super::window_adapter::complain;
use super::{sample_card, text};
use crate::model::{Block, CardLayout, FieldDefinition, Kind, Record, Value};
use crate::settings::Account;
use crate::tr;

/// The editor's state.
pub struct LayoutsPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    bell: Rc<Bell>,
    /// The office's layouts, the standard one first.
    layouts: RefCell<Vec<Record>>,
    fields: RefCell<Vec<FieldDefinition>>,
    /// The one at hand.
    current: Cell<usize>,
    blocks: Rc<VecModel<LayoutBlock>>,
}

impl LayoutsPage {
    /// Ties the editor to the store.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>, bell: Rc<Bell>) -> Rc<Self> {
        let page = Rc::new(Self {
            window: window.as_weak(),
            phone,
            bell,
            layouts: RefCell::default(),
            fields: RefCell::default(),
            current: Cell::new(0),
            blocks: Rc::default(),
        });
        let adapter = window.global::<LayoutAdapter>();
        adapter.set_blocks(ModelRc::from(page.blocks.clone()));
        page.take_callbacks(&adapter);
        spawn(page.clone().load(String::new()));
        page
    }

    fn take_callbacks(self: &Rc<Self>, adapter: &LayoutAdapter<'_>) {
        adapter.on_index_of(|layouts, name| {
            let mut titles = layouts.iter().skip(1);
            let called = |title: SharedString| title.to_lowercase() == name.to_lowercase();
            let at = titles.position(called).map_or(0, |at| at + 1);
            i32::try_from(at).unwrap_or(0)
        });
        let page = self.clone();
        adapter.on_pick(move |index| {
            page.current.set(usize::try_from(index).unwrap_or(0));
            spawn(page.clone().reload());
        });
        let page = self.clone();
        adapter.on_add(move || spawn(page.clone().add()));
        let page = self.clone();
        adapter.on_rename(move |name| spawn(page.clone().rename(name.trim().to_owned())));
        let page = self.clone();
        adapter.on_remove(move || spawn(page.clone().remove()));
        let page = self.clone();
        adapter.on_set_block(move |index, on| {
            let at = usize::try_from(index).unwrap_or(usize::MAX);
            if let Some(block) = page.blocks.row_data(at) {
                page.blocks.set_row_data(at, LayoutBlock { on, ..block });
                page.keep();
            }
        });
        let page = self.clone();
        adapter.on_move_block(move |index, to| {
            if let (Ok(from), Ok(to)) = (usize::try_from(index), usize::try_from(to)) {
                carry(&page.blocks, from, to);
                page.keep();
            }
        });
    }

    /// Reads the layouts and shows the one of this name, else the standard one.
    pub async fn load(self: Rc<Self>, name: String) {
        let all = asking::read(&self.phone, |store| {
            Ok((store.records(Kind::CARD, None)?, store.fields()?))
        });
        let (mut layouts, fields) = match all.await {
            Ok(all) => all,
            Err(error) => return complain(&self.window, error.to_string()),
        };
        let called = |record: &Record, name: &str| CardLayout::of(record).is_called(name);
        let standard = layouts.iter().position(|layout| called(layout, ""));
        let standard = standard.map(|at| layouts.remove(at));
        layouts.insert(
            0,
            standard.unwrap_or_else(|| record(&CardLayout::default())),
        );
        let at = layouts.iter().position(|layout| called(layout, &name));
        self.current.set(at.unwrap_or(0));
        *self.layouts.borrow_mut() = layouts;
        *self.fields.borrow_mut() = fields;
        self.show();
    }

    /// Shows the layout at hand as it is now.
    pub async fn reload(self: Rc<Self>) {
        let at = self.current.get();
        let shown = self.layouts.borrow().get(at).cloned();
        let name = shown.map(|layout| layout.text("name").to_owned());
        self.load(name.unwrap_or_default()).await;
    }

    fn show(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<LayoutAdapter>();
        let layouts = self.layouts.borrow();
        let names = layouts
            .iter()
            .skip(1)
            .map(|layout| text::line(layout.text("name")));
        let titles: Vec<SharedString> = std::iter::once(tr!("Standard").into())
            .chain(names)
            .collect();
        adapter.set_layouts(ModelRc::from(titles.as_slice()));
        adapter.set_current(i32::try_from(self.current.get()).unwrap_or(0));
        adapter.set_name_error(SharedString::new());
        if let Some(layout) = layouts.get(self.current.get()) {
            adapter.set_name(text::line(layout.text("name")));
            self.blocks
                .set_vec(rows(&CardLayout::of(layout).blocks, &self.fields.borrow()));
        }
        self.preview(&adapter);
    }

    /// The blocks that are on, in their order.
    fn chosen(&self) -> Vec<Block> {
        let on = self.blocks.iter().filter(|block| block.on);
        on.filter_map(|block| block.key.parse().ok()).collect()
    }

    fn preview(&self, adapter: &LayoutAdapter<'_>) {
        let card = sample_card::sample(self.chosen(), &self.fields.borrow(), Timestamp::now());
        adapter.set_preview(map_card(&card, &TimeZone::system()));
    }

    /// Keeps the layout at hand as it is shown: the next call has it.
    fn keep(self: &Rc<Self>) {
        if let Some(window) = self.window.upgrade() {
            self.preview(&window.global::<LayoutAdapter>());
        }
        let mut layouts = self.layouts.borrow_mut();
        let Some(layout) = layouts.get_mut(self.current.get()) else {
            return;
        };
        CardLayout::set_blocks(layout, &self.chosen());
        let (page, layout) = (self.clone(), layout.clone());
        spawn(async move {
            page.save(layout).await;
        });
    }

    /// Whether it could be saved.
    async fn save(&self, layout: Record) -> bool {
        let saved = asking::write(&self.phone, move |store| store.save_record(&layout)).await;
        let saved = saved.map_err(|error| complain(&self.window, error.to_string()));
        saved.is_ok()
    }

    /// Begins a layout with what the one at hand shows.
    async fn add(self: Rc<Self>) {
        let name = (1..)
            .map(|n| tr!("Layout {n}", n = n))
            .find(|name| self.place_of(name).is_none())
            .unwrap_or_default();
        let blocks = self.chosen();
        let layout = record(&CardLayout {
            name: name.clone(),
            blocks,
        });
        if self.save(layout).await {
            self.load(name).await;
        }
    }

    /// Gives the layout at hand another name; the lines that have chosen it go along.
    async fn rename(self: Rc<Self>, name: String) {
        let at = self.current.get();
        let Some(layout) = self.layouts.borrow().get(at).cloned() else {
            return;
        };
        if self.place_of(&name).is_some_and(|other| other != at) {
            let error = tr!("There is a layout of this name already: choose another name.");
            if let Some(window) = self.window.upgrade() {
                window
                    .global::<LayoutAdapter>()
                    .set_name_error(error.into());
            }
            return;
        }
        let before = layout.text("name").to_owned();
        if name.is_empty() || name == before {
            return;
        }
        if self
            .save(layout.with("name", Value::Text(name.clone())))
            .await
        {
            self.give_lines(Some(&name), |line| has_layout(line, &before));
            self.load(name).await;
        }
    }

    /// Deletes the layout at hand; the lines that have chosen it have the standard one.
    async fn remove(self: Rc<Self>) {
        let Some(layout) = self.layouts.borrow().get(self.current.get()).cloned() else {
            return;
        };
        let id = layout.id;
        let removed = asking::write(&self.phone, move |store| {
            store.delete_record(Kind::CARD, id)
        });
        match removed.await {
            Ok(()) => {
                let name = layout.text("name");
                let lines = self.give_lines(None, |line| has_layout(line, name));
                self.offer_undo(layout, lines);
                self.load(String::new()).await;
            }
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    /// Offers to bring the layout back, and to these lines too.
    fn offer_undo(self: &Rc<Self>, layout: Record, lines: Vec<String>) {
        let page = self.clone();
        self.bell
            .offer(&tr!("Layout deleted."), tr!("Undo"), move || {
                spawn(async move {
                    let name = layout.text("name").to_owned();
                    if page.save(layout).await {
                        page.give_lines(Some(&name), |line| lines.contains(&line.aor));
                        page.load(name).await;
                    }
                });
            });
    }

    fn place_of(&self, name: &str) -> Option<usize> {
        let layouts = self.layouts.borrow();
        let mut all = layouts.iter();
        all.position(|layout| CardLayout::of(layout).is_called(name))
    }

    /// The lines of which this holds have the layout of this name from now on; tells which they are.
    fn give_lines(&self, name: Option<&str>, concerned: impl Fn(&Account) -> bool) -> Vec<String> {
        let mut given = Vec::new();
        let saved = self.phone.settings().and_then(|mut settings| {
            for line in settings.accounts.iter_mut().filter(|line| concerned(line)) {
                line.card_layout = name.map(str::to_owned);
                given.push(line.aor.clone());
            }
            match given.is_empty() {
                true => Ok(()),
                false => self.phone.save_settings(settings),
            }
        });
        if let Err(error) = saved {
            complain(&self.window, error.to_string());
        }
        given
    }
}

fn has_layout(line: &Account, name: &str) -> bool {
    let chosen = line.card_layout.as_deref();
    chosen.is_some_and(|chosen| chosen.to_lowercase() == name.to_lowercase())
}

/// A record that is not in the store yet.
fn record(layout: &CardLayout) -> Record {
    let name = Value::Text(layout.name.clone());
    let mut record = Record::new(Kind::CARD, None, Timestamp::now()).with("name", name);
    CardLayout::set_blocks(&mut record, &layout.blocks);
    record
}

/// The blocks of a layout in their order, then those that do not stand in it.
fn rows(chosen: &[Block], fields: &[FieldDefinition]) -> Vec<LayoutBlock> {
    let row = |block: &Block, on| LayoutBlock {
        key: block.to_string().into(),
        title: text::line(&title(block)),
        on,
    };
    let own = Block::OWN.into_iter().map(|(block, _)| block);
    let fields = fields.iter().map(|field| Block::Field(field.name.clone()));
    let rest = own.chain(fields).filter(|block| !chosen.contains(block));
    let chosen = chosen.iter().map(|block| row(block, true));
    chosen.chain(rest.map(|block| row(&block, false))).collect()
}

/// Moves a row; the rows in between give way one place each. No row is taken out: whoever holds one
/// keeps it.
fn carry(blocks: &VecModel<LayoutBlock>, from: usize, to: usize) {
    let Some(held) = blocks.row_data(from).filter(|_| to < blocks.row_count()) else {
        return;
    };
    let mut at = from;
    while at != to {
        let next = if to > at { at + 1 } else { at - 1 };
        if let Some(block) = blocks.row_data(next) {
            blocks.set_row_data(at, block);
        }
        at = next;
    }
    blocks.set_row_data(to, held);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(keys: &str) -> VecModel<LayoutBlock> {
        let block = |key: &str| LayoutBlock {
            key: key.into(),
            ..LayoutBlock::default()
        };
        VecModel::from(keys.split(' ').map(block).collect::<Vec<_>>())
    }

    #[test]
    fn a_block_is_carried_both_ways_and_the_others_keep_their_order() {
        for (from, to, after) in [
            (0, 2, "b c a d"),
            (3, 1, "a d b c"),
            (1, 1, "a b c d"),
            (1, 9, "a b c d"),
        ] {
            let blocks = model("a b c d");
            carry(&blocks, from, to);
            let keys: Vec<SharedString> = blocks.iter().map(|block| block.key).collect();
            assert_eq!(keys.join(" "), after);
        }
    }

    #[test]
    fn s2_21_every_block_can_be_chosen_those_of_the_layout_first() {
        let field = FieldDefinition {
            name: "Contract".into(),
            kind: crate::model::FieldType::Text,
            choices: Vec::new(),
        };
        let chosen = [Block::Tags, Block::Source("Debtors".into())];
        let rows = rows(&chosen, &[field]);
        let keys: Vec<(&str, bool)> = rows.iter().map(|row| (row.key.as_str(), row.on)).collect();
        assert_eq!(
            keys[..3],
            [("tags", true), ("source:Debtors", true), ("photo", false)]
        );
        assert_eq!(keys.last(), Some(&("field:Contract", false)));
        assert_eq!(rows.len(), Block::OWN.len() + 2);
    }
}
