//! Table `card_layouts`: what the office shows of its callers.

use super::{Reader, Result, StoreError, Writer};
use crate::model::{Block, CardLayout, Kind, Record, Value};

impl Reader<'_> {
    /// The office's layouts, by name.
    pub fn card_layouts(&self) -> Result<Vec<CardLayout>> {
        let all = self.records(Kind::CARD, None)?;
        Ok(all.iter().map(CardLayout::of).collect())
    }

    /// The layout that people mean by this name; the standard one where there is none such.
    pub fn card_layout(&self, name: &str) -> Result<CardLayout> {
        let mut all = self.card_layouts()?;
        let called = |name: &str| all.iter().position(|layout| layout.is_called(name));
        let at = called(name).or_else(|| called(CardLayout::STANDARD));
        Ok(at.map(|at| all.swap_remove(at)).unwrap_or_default())
    }
}

impl Writer<'_> {
    /// What shows a field of the office's shows it under its new name.
    pub(super) fn rename_in_layouts(&mut self, old: &str, new: &str) -> Result<()> {
        let (old, new) = (Block::Field(old.to_owned()), Block::Field(new.to_owned()));
        for mut record in self.records(Kind::CARD, None)? {
            let mut blocks = CardLayout::of(&record).blocks;
            let Some(at) = blocks.iter().position(|block| *block == old) else {
                continue;
            };
            match blocks.contains(&new) {
                true => drop(blocks.remove(at)),
                false => blocks[at] = new.clone(),
            }
            CardLayout::set_blocks(&mut record, &blocks);
            self.save_record(&record)?;
        }
        Ok(())
    }
}

/// The blocks as they are kept; refuses what is none.
pub(super) fn rule_layout(layout: &mut Record) -> Result<()> {
    let blocks = Block::read_all(layout.text("blocks"))
        .map_err(|refused| StoreError::not_allowed("blocks", refused.value, refused.allowed))?;
    let name = layout.text("name").trim().to_owned();
    layout.set("name", Value::Text(name));
    CardLayout::set_blocks(layout, &blocks);
    Ok(())
}
