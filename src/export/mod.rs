//! What leaves the store as files: clients, the call log, tasks, recordings, reports.

mod audit;
mod bill;
mod busiest;
mod call_groups;
mod calls;
mod cards;
pub mod cell;
mod clients;
mod handling;
mod icalendar;
mod json_array;
mod line;
mod listening;
mod lost;
pub mod page;
mod page_html;
mod pdf;
mod recordings;
mod records;
mod safe_name;
mod service;
mod sidecar;
mod tasks;
#[cfg(test)]
mod tests;
mod totals;

use std::io;
use std::path::PathBuf;

pub use audit::{AUDIT_COLUMNS, audit_as_csv, audit_json};
pub use bill::bill_json;
pub use busiest::{BUSIEST_COLUMNS, busiest_as_csv, busiest_json};
pub use call_groups::{group_key, group_name, groups_as_csv, groups_json};
pub use calls::{CALL_COLUMNS, call_json, calls_as_csv, calls_as_json, calls_as_json_lines};
pub use cards::clients_as_cards;
pub use clients::{client_json, clients_as_csv, record_json, summaries_as_json};
pub use handling::{HANDLING_COLUMNS, handling_as_csv, handling_json};
pub use icalendar::tasks_as_calendar;
pub use listening::{look_for, look_for_all, news_of, why_missing};
pub use lost::{LOST_COLUMNS, lost_as_csv, lost_json};
pub use page_html::pages_as_html;
pub use pdf::{PdfError, pages_as_pdf};
pub use recordings::{
    Exported, Health, INDEX_COLUMNS, RecordingFileError, export_recording, health, index_line,
    recording_path,
};
pub use records::records_as_csv;
pub use safe_name::safe_name;
pub use service::{SERVICE_COLUMNS, service_as_csv, service_json};
pub use sidecar::{SIDECAR_VERSION, recording_json, sidecar};
pub use tasks::{TASK_COLUMNS, task_json, tasks_as_csv, tasks_as_json};
pub use totals::{TOTAL_COLUMNS, totals_as_csv, totals_json};

use crate::store::StoreError;

/// Why an export stopped. What was written before it stays.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the export.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The output that was given.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// A cell or a line of CSV.
    #[error("cannot write CSV: {0}")]
    Csv(#[from] csv::Error),
    /// A JSON value.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}
