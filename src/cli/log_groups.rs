//! `ringbook log groups`: calls counted and added up by what they have in common.

use std::io::Write;

use jiff::tz::TimeZone;

use super::data::Format;
use crate::export::{group_key, group_name, groups_as_csv, groups_json};
use crate::store::{CallFilter, CallGroup, GroupKey, Grouping, Reader, Result};
use crate::table::write_table;
use crate::tr;
use crate::words::clock;

/// Prints the groups of the calls.
pub fn write(
    reader: &Reader<'_>,
    filter: &CallFilter,
    by: Grouping,
    format: Format,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let groups = reader.call_groups(filter, by, &TimeZone::system())?;
    match format {
        Format::Table => table(reader, &groups, by, output)?,
        Format::Csv => groups_as_csv(reader, &groups, output)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *output, &groups_json(reader, &groups)?)?;
            writeln!(output)?;
        }
    }
    Ok(())
}

fn table(
    reader: &Reader<'_>,
    groups: &[CallGroup],
    by: Grouping,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    if groups.is_empty() {
        return Ok(writeln!(output, "{}", tr!("No calls."))?);
    }
    let shown = |group: &CallGroup| -> Result<[String; 3]> {
        let calls = group.calls.to_string();
        Ok([name(reader, &group.key)?, calls, clock(group.talk)])
    };
    let rows: Vec<_> = groups.iter().map(shown).collect::<Result<_>>()?;
    let heading = match by {
        Grouping::Day => tr!("Date"),
        Grouping::Client => tr!("Client"),
        Grouping::Employee => tr!("Employee"),
        Grouping::Line => tr!("Line"),
    };
    write_table(output, [heading, tr!("Calls"), tr!("Talk")], &rows)?;
    Ok(())
}

fn name(reader: &Reader<'_>, key: &GroupKey) -> Result<String> {
    let name = group_name(reader, key)?;
    Ok(match key {
        GroupKey::Client(None) => tr!("nobody whom the client book knows"),
        GroupKey::Client(Some(_)) => name,
        key => format!("{} {name}", group_key(key)).trim().to_owned(),
    })
}
