//! What the reports over the call log say, as pages: for the terminal, files and the window.

pub mod busiest;
pub mod handling;
pub mod lost;
pub mod service;
pub mod wallboard;

use std::io::Write;

use jiff::tz::TimeZone;

use self::service::Aim;
use crate::export::page::Page;
use crate::export::{ExportError, busiest_as_csv, handling_as_csv, lost_as_csv, service_as_csv};
use crate::reports::{Period, SERVICE_WITHIN, SHORT_ABANDON};
use crate::store::{Reader, Result};

/// A report, with the usual terms: who counts as lost, and what is in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// How many calls were lost, when and where.
    Lost,
    /// How soon callers are answered, and how busy employees are.
    Service,
    /// When in the week calls come.
    Busiest,
    /// How long conversations take.
    Handling,
}

impl Report {
    /// Every one, in the order of the window's choice.
    pub const ALL: &[Self] = &[Self::Lost, Self::Service, Self::Busiest, Self::Handling];

    /// Its name on the command line and in files' names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Service => "service",
            Self::Busiest => "busiest",
            Self::Handling => "handling",
        }
    }

    /// What it says of the period, by the clock of `zone`.
    ///
    /// # Errors
    /// What the store cannot read.
    pub fn page(self, store: &Reader<'_>, period: Period, zone: &TimeZone) -> Result<Page> {
        let clock = zone.clone();
        Ok(match self {
            Self::Lost => {
                let figures = store.lost(period, clock, SHORT_ABANDON)?;
                lost::page(period, &figures, zone)
            }
            Self::Service => {
                let figures = store.service(period, clock, SHORT_ABANDON, SERVICE_WITHIN)?;
                service::page(period, &figures, zone, Aim::USUAL)
            }
            Self::Busiest => {
                let figures = store.busiest(period, clock, SHORT_ABANDON)?;
                busiest::page(period, &figures, zone)
            }
            Self::Handling => handling::page(period, &store.handling(period, clock)?, zone),
        })
    }

    /// Its figures as comma-separated values.
    ///
    /// # Errors
    /// What the store cannot read and the file cannot hold.
    pub fn csv(
        self,
        store: &Reader<'_>,
        period: Period,
        zone: TimeZone,
        output: impl Write,
    ) -> std::result::Result<(), ExportError> {
        match self {
            Self::Lost => lost_as_csv(
                &[(period, store.lost(period, zone, SHORT_ABANDON)?)],
                output,
            ),
            Self::Service => {
                let figures = store.service(period, zone, SHORT_ABANDON, SERVICE_WITHIN)?;
                service_as_csv(&[(period, figures)], output)
            }
            Self::Busiest => busiest_as_csv(
                &[(period, store.busiest(period, zone, SHORT_ABANDON)?)],
                output,
            ),
            Self::Handling => handling_as_csv(&[(period, store.handling(period, zone)?)], output),
        }
    }
}

/// The ends of a period as they are shown: `2026-11-22 00:00`.
pub(crate) fn shown(period: Period, zone: &TimeZone) -> [String; 2] {
    [period.from, period.to].map(|at| {
        let at = at.to_zoned(zone.clone());
        at.strftime("%Y-%m-%d %H:%M").to_string()
    })
}
