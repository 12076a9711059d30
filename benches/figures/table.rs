//! Figures as they come in, and the table in the end.

use std::collections::BTreeMap;

pub struct Table {
    columns: Vec<&'static str>,
    /// In the order of their first cell.
    names: Vec<String>,
    cells: BTreeMap<(String, &'static str), String>,
}

impl Table {
    pub fn new(columns: &[&'static str]) -> Table {
        Table {
            columns: columns.to_vec(),
            names: Vec::new(),
            cells: BTreeMap::new(),
        }
    }

    /// Notes a figure, and says it at once: a whole run takes minutes.
    pub fn note(&mut self, column: &'static str, name: &str, figure: String) {
        eprintln!("{column}: {name}: {figure}");
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        self.cells.insert((name.to_owned(), column), figure);
    }

    pub fn print(&self) {
        let first = self
            .names
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        print!("\n{:first$}", "");
        for column in &self.columns {
            print!("  {column:>20}");
        }
        println!();
        for name in &self.names {
            print!("{name:first$}");
            for column in &self.columns {
                let cell = self.cells.get(&(name.clone(), *column));
                print!("  {:>20}", cell.map_or("–", String::as_str));
            }
            println!();
        }
    }
}
