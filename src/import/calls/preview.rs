//! How a call log would be read, before anything of it is.

use std::fmt;

use jiff::tz::TimeZone;

use crate::import::preview::ColumnRead;
use crate::import::report::{Problem, read_as};
use crate::model::CallRecord;
use crate::tr;

/// What a file's columns are taken for, and its first calls as they would be read.
#[derive(Debug)]
pub struct CallPreview {
    /// The columns.
    pub columns: Vec<ColumnRead>,
    /// The charset that the file was taken to be in, where that is not UTF-8.
    pub charset: Option<&'static str>,
    /// Whose clock the file shows.
    pub zone: TimeZone,
    /// The first lines, each with its number: the call, or what is wrong.
    pub calls: Vec<(u64, Result<Box<CallRecord>, Problem>)>,
}

impl fmt::Display for CallPreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(charset) = self.charset {
            writeln!(f, "{}", read_as(charset))?;
        }
        for column in &self.columns {
            writeln!(f, "{column}")?;
        }
        for (line, said) in &self.calls {
            match said {
                Err(problem) => writeln!(f, "{problem}")?,
                Ok(call) => {
                    writeln!(f, "{}", tr!("line {line}:", line = line))?;
                    writeln!(f, "  {}", self.call(call))?;
                }
            }
        }
        write!(f, "{}", tr!("Nothing was changed."))
    }
}

impl CallPreview {
    fn call(&self, call: &CallRecord) -> String {
        let at = call.started_at.to_zoned(self.zone.clone());
        let words = [
            at.strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
            call.direction.to_string(),
            call.status.to_string(),
            format!("{:?} → {:?}", call.caller, call.callee),
            format!("{} s", call.talk.as_secs()),
            call.extension.clone(),
        ];
        words.join("  ").trim_end().to_owned()
    }
}
