//! Table `analyses`: what listening to recordings found.

use rusqlite::{OptionalExtension, Row, params};

use super::recordings::{COLUMNS, recording};
use super::values::{duration, length, millis, time};
use super::{Reader, Result, Writer};
use crate::model::{Analysis, AnalysisFlag, Findings, RecordingId, RecordingRow};

impl Reader<'_> {
    /// The latest recording of a closed call that nobody has analysed.
    pub fn recording_to_analyse(&self) -> Result<Option<RecordingRow>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM recordings r JOIN calls c ON c.id = r.call
             WHERE r.deleted_at IS NULL AND c.ended_at IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM analyses a WHERE a.recording = r.id)
             ORDER BY r.started_at DESC, r.id DESC LIMIT 1"
        ))?;
        Ok(statement.query_row([], recording).optional()?)
    }

    /// The analysis of a recording, once there is one.
    pub fn find_analysis(&self, of: RecordingId) -> Result<Option<Analysis>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT analysed_at, error, agent, client, silence, overlap, longest_silence_ms,
                 longest_monologue_ms, interrupted_by_agent, interrupted_by_client,
                 too_short, one_sided, long_silence, much_overlap
             FROM analyses WHERE recording = ?1",
        )?;
        let row = |row: &Row<'_>| analysis(of, row);
        Ok(statement.query_row([of.as_bytes()], row).optional()?)
    }
}

impl Writer<'_> {
    /// Adds the analysis of a recording, or writes it anew.
    pub fn save_analysis(&mut self, analysis: &Analysis) -> Result<()> {
        let found = analysis.found.as_ref().ok();
        let flag = |flag| found.map(|found| found.flags.contains(&flag));
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO analyses (recording, analysed_at, error, agent, client,
                     silence, overlap, longest_silence_ms, longest_monologue_ms,
                     interrupted_by_agent, interrupted_by_client,
                     too_short, one_sided, long_silence, much_overlap)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                analysis.recording.as_bytes(),
                millis(analysis.analysed_at),
                analysis.found.as_ref().err(),
                found.map(|found| found.agent),
                found.map(|found| found.client),
                found.map(|found| found.silence),
                found.map(|found| found.overlap),
                found.map(|found| length(found.longest_silence)),
                found.map(|found| length(found.longest_monologue)),
                found.map(|found| found.interrupted_by_agent),
                found.map(|found| found.interrupted_by_client),
                flag(AnalysisFlag::TooShort),
                flag(AnalysisFlag::OneSided),
                flag(AnalysisFlag::LongSilence),
                flag(AnalysisFlag::MuchOverlap),
            ])?;
        Ok(())
    }
}

fn analysis(recording: RecordingId, row: &Row<'_>) -> rusqlite::Result<Analysis> {
    let error: Option<String> = row.get(1)?;
    Ok(Analysis {
        recording,
        analysed_at: time(row, 0)?,
        found: match error {
            Some(error) => Err(error),
            None => Ok(findings(row)?),
        },
    })
}

fn findings(row: &Row<'_>) -> rusqlite::Result<Findings> {
    let mut flags = Vec::new();
    // The columns stand in the order of the flags.
    for (flag, column) in AnalysisFlag::ALL.into_iter().zip(10..) {
        if row.get::<usize, bool>(column)? {
            flags.push(flag);
        }
    }
    Ok(Findings {
        agent: row.get(2)?,
        client: row.get(3)?,
        silence: row.get(4)?,
        overlap: row.get(5)?,
        longest_silence: duration(row.get(6)?),
        longest_monologue: duration(row.get(7)?),
        interrupted_by_agent: row.get(8)?,
        interrupted_by_client: row.get(9)?,
        flags,
    })
}
