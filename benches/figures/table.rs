//! Figures as they come in, and the table in the end.

use std::collections::BTreeMap;

/// What is measured, and what it should come to.
#[derive(Clone)]
pub struct Row {
    name: String,
    goal: &'static str,
}

impl Row {
    pub fn new(name: impl Into<String>, goal: &'static str) -> Row {
        let name = name.into();
        Row { name, goal }
    }
}

pub struct Table {
    columns: Vec<&'static str>,
    /// In the order of their first cell.
    rows: Vec<Row>,
    cells: BTreeMap<(String, &'static str), String>,
}

impl Table {
    pub fn new(columns: &[&'static str]) -> Table {
        Table {
            columns: columns.to_vec(),
            rows: Vec::new(),
            cells: BTreeMap::new(),
        }
    }

    /// Notes a figure, and says it at once: a whole run takes minutes.
    pub fn note(&mut self, column: &'static str, row: &Row, figure: String) {
        eprintln!("{column}: {}: {figure}", row.name);
        if !self.rows.iter().any(|known| known.name == row.name) {
            self.rows.push(row.clone());
        }
        self.cells.insert((row.name.clone(), column), figure);
    }

    pub fn print(&self) {
        let names = self.rows.iter().map(|row| row.name.chars().count());
        let first = names.max().unwrap_or(0);
        print!("\n{:first$}", "");
        for column in self.columns.iter().copied().chain(["goal"]) {
            print!("  {column:>16}");
        }
        println!();
        for row in &self.rows {
            print!("{:first$}", row.name);
            for column in &self.columns {
                let cell = self.cells.get(&(row.name.clone(), *column));
                print!("  {:>16}", cell.map_or("–", String::as_str));
            }
            println!("  {:>16}", row.goal);
        }
    }
}
