//! Table `categories`.

use rusqlite::{Row, params};

use super::values::{millis, one};
use super::{Reader, Result, StoreError, Writer};
use crate::model::{Category, CategoryId};
use crate::tr;

impl Reader<'_> {
    /// Every category, in the order of lists.
    pub fn categories(&self) -> Result<Vec<Category>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, name, colour, icon, rank FROM categories
             WHERE deleted_at IS NULL ORDER BY rank, id",
        )?;
        let rows = statement.query_map([], |row| category(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The category with this key, or with this name in any case: as people write it in a file.
    pub fn find_category(&self, text: &str) -> Result<Option<Category>> {
        let wanted = super::search::fold(text.trim());
        let all = self.categories()?;
        let by_key = all
            .iter()
            .position(|c| super::search::fold(c.id.as_str()) == wanted);
        let at = by_key.or_else(|| {
            all.iter()
                .position(|c| super::search::fold(&c.name) == wanted)
        });
        Ok(at.and_then(|at| all.into_iter().nth(at)))
    }
}

impl Writer<'_> {
    /// Adds the category or changes it. A name equal to the default's is not stored:
    /// it goes on to follow the language.
    pub fn save_category(&mut self, category: &Category) -> Result<()> {
        check(category)?;
        let name = (category.name != default_name(category.id.as_str())).then_some(&category.name);
        self.connection
            .prepare_cached(
                "INSERT INTO categories (id, name, colour, icon, rank) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, colour = excluded.colour,
                 icon = excluded.icon, rank = excluded.rank, deleted_at = NULL",
            )?
            .execute(params![
                category.id.as_str(),
                name,
                category.colour,
                category.icon,
                category.rank
            ])?;
        Ok(())
    }

    /// Takes the category out of the list. One that clients have, and *ordinary*, stays.
    pub fn delete_category(&mut self, category: &CategoryId) -> Result<()> {
        let clients: i64 = self.connection.query_row(
            "SELECT count(*) FROM clients WHERE category = ?1 AND deleted_at IS NULL",
            [category.as_str()],
            |row| row.get(0),
        )?;
        if clients > 0 || *category == CategoryId::ordinary() {
            let allowed = "a category that no client has, other than ordinary";
            return Err(StoreError::not_allowed(
                "category",
                category.as_str(),
                allowed,
            ));
        }
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE categories SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL",
            )?
            .execute(params![category.as_str(), millis(self.now)])?;
        one(changed, "category", category)
    }
}

/// Colours and icons are the window's: what it cannot draw is refused here.
pub(super) fn check_look(colour: &str, icon: &str) -> Result<()> {
    let digits = colour.strip_prefix('#').unwrap_or_default();
    if digits.len() != 6 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        let allowed = "six hexadecimal digits such as #0f766e";
        return Err(StoreError::not_allowed("colour", colour, allowed));
    }
    if !Category::ICONS.contains(&icon) {
        let allowed = Category::ICONS.join(", ");
        return Err(StoreError::not_allowed("icon", icon, allowed));
    }
    Ok(())
}

fn check(category: &Category) -> Result<()> {
    check_look(&category.colour, &category.icon)?;
    if category.id.as_str().trim().is_empty() || category.name.trim().is_empty() {
        let allowed = "a key and a name";
        return Err(StoreError::not_allowed("category", "", allowed));
    }
    Ok(())
}

/// A category from five columns that begin at `first`.
pub(super) fn category(row: &Row<'_>, first: usize) -> rusqlite::Result<Category> {
    let id: String = row.get(first)?;
    let name: Option<String> = row.get(first + 1)?;
    Ok(Category {
        name: name.unwrap_or_else(|| default_name(&id)),
        id: CategoryId::new(id),
        colour: row.get(first + 2)?,
        icon: row.get(first + 3)?,
        rank: row.get(first + 4)?,
    })
}

/// The translated name of a category that was never renamed.
fn default_name(key: &str) -> String {
    match key {
        "ordinary" => tr!("Ordinary"),
        "vip" => tr!("VIP"),
        "problem" => tr!("Problem"),
        "potential" => tr!("Potential"),
        "active" => tr!("Active"),
        other => other.to_owned(),
    }
}
