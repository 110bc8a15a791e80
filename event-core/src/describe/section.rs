//! A part of a description, for a terminal and as Markdown.

use std::fmt::{self, Write};

use crate::event::escape::escape_controls;

/// A heading, some text and a table, to be written in two ways.
pub(super) struct Section {
    pub(super) depth: usize,
    pub(super) title: String,
    pub(super) text: Vec<String>,
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Vec<String>>,
}

impl Section {
    pub(super) fn heading(title: &str) -> Self {
        Self { depth: 1, title: title.to_owned(), text: Vec::new(), columns: &[], rows: Vec::new() }
    }

    pub(super) fn write_markdown(&self, page: &mut String) {
        let hashes = "#".repeat(self.depth);
        let _ = writeln!(page, "{hashes} {}\n", escape_controls(&self.title));
        for text in self.text.iter().filter(|text| !text.is_empty()) {
            let _ = writeln!(page, "{}\n", escape_controls(text));
        }
        if self.rows.is_empty() {
            return;
        }
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let columns: Vec<_> = self.columns.iter().map(|&column| column.to_owned()).collect();
        page.push_str(&line(&columns));
        page.push_str(&line(&vec!["---".to_owned(); columns.len()]));
        for row in &self.rows {
            let escaped: Vec<_> = row
                .iter()
                .map(|cell| escape_controls(cell).replace('|', "\\|").replace('<', "&lt;"))
                .collect();
            page.push_str(&line(&escaped));
        }
        page.push('\n');
    }
}

/// For a terminal: columns as wide as their widest cell.
impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = "  ".repeat(self.depth - 1);
        writeln!(f, "{indent}{}", escape_controls(&self.title))?;
        for text in self.text.iter().filter(|text| !text.is_empty()) {
            writeln!(f, "{indent}  {}", escape_controls(text).replace('`', ""))?;
        }
        let header: Vec<_> = self.columns.iter().map(|&column| column.to_owned()).collect();
        let shown = |row: &Vec<String>| row.iter().map(|cell| escape_controls(cell).into_owned()).collect();
        let rows: Vec<Vec<String>> = self.rows.iter().map(shown).collect();
        let lines = if rows.is_empty() { Vec::new() } else { [&[header][..], &rows].concat() };
        let width = |column: usize| lines.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<_> = (0..self.columns.len()).map(width).collect();
        for row in &lines {
            let mut line = format!("{indent}  ");
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(line, "{cell:width$}  ");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f)
    }
}
