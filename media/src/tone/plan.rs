//! How telephone networks sound, by country.
//!
//! Frequencies and cadences follow what administrations have told the ITU ("Various tones used in national networks",
//! supplement to ITU-T E.180) as far as telephone exchanges' own tables pass it on; where those do not know a country,
//! it has a neighbour's. A country that is not in the table sounds as E.180 recommends.

use std::f32::consts::TAU;

/// What a network tells by a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The other side rings.
    Ringback,
    /// The other side is busy.
    Busy,
    /// The call did not get through.
    Congestion,
    /// The number is not to be reached: the special information tone, three rising notes.
    Information,
    /// A second call waits.
    CallWaiting,
}

/// The tones of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TonePlan(&'static Plan);

/// What sounds at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pitch {
    /// One or two frequencies, in Hz; 0: none.
    Sum(f32, f32),
    /// The first frequency, whose loudness follows the second one.
    Beating(f32, f32),
}

/// Some sounds and pauses after each other, again and again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cadence {
    /// What sounds in turn.
    pub pitches: &'static [Pitch],
    /// How long it sounds and rests in turn, in ms.
    pub ms: &'static [u16],
}

#[derive(Debug, PartialEq)]
struct Plan {
    /// Two letters each (ISO 3166).
    countries: &'static str,
    ringback: Cadence,
    busy: Cadence,
    congestion: Cadence,
    waiting: Cadence,
}

impl Eq for Plan {}

const fn tones(pitches: &'static [Pitch], ms: &'static [u16]) -> Cadence {
    Cadence { pitches, ms }
}

const HZ_400: &[Pitch] = &[Pitch::Sum(400.0, 0.0)];
const HZ_414: &[Pitch] = &[Pitch::Sum(414.0, 0.0)];
const HZ_420: &[Pitch] = &[Pitch::Sum(420.0, 0.0)];
const HZ_425: &[Pitch] = &[Pitch::Sum(425.0, 0.0)];
const HZ_440: &[Pitch] = &[Pitch::Sum(440.0, 0.0)];
const HZ_450: &[Pitch] = &[Pitch::Sum(450.0, 0.0)];
const HZ_1400: &[Pitch] = &[Pitch::Sum(1_400.0, 0.0)];
const HZ_400_450: &[Pitch] = &[Pitch::Sum(400.0, 450.0)];
const HZ_413_438: &[Pitch] = &[Pitch::Sum(413.0, 438.0)];
const HZ_425_480: &[Pitch] = &[Pitch::Sum(425.0, 480.0)];
const HZ_440_480: &[Pitch] = &[Pitch::Sum(440.0, 480.0)];
const HZ_480_620: &[Pitch] = &[Pitch::Sum(480.0, 620.0)];
const HZ_350_440: &[Pitch] = &[Pitch::Sum(350.0, 440.0)];
const HZ_400_425: &[Pitch] = &[Pitch::Sum(400.0, 425.0)];
const HZ_400_BY_16: &[Pitch] = &[Pitch::Beating(400.0, 16.0)];
const HZ_400_BY_25: &[Pitch] = &[Pitch::Beating(400.0, 25.0)];
const HZ_400_BY_33: &[Pitch] = &[Pitch::Beating(400.0, 33.0)];
const HZ_425_BY_24: &[Pitch] = &[Pitch::Beating(425.0, 24.0)];
const HZ_425_BY_50: &[Pitch] = &[Pitch::Beating(425.0, 50.0)];

/// The same everywhere (ITU-T E.180 §7).
const INFORMATION: Cadence = tones(
    &[
        Pitch::Sum(950.0, 0.0),
        Pitch::Sum(1_400.0, 0.0),
        Pitch::Sum(1_800.0, 0.0),
    ],
    &[330, 0, 330, 0, 330, 1_000],
);

const fn plan(
    countries: &'static str,
    ringback: Cadence,
    busy: Cadence,
    congestion: Cadence,
    waiting: Cadence,
) -> Plan {
    Plan {
        countries,
        ringback,
        busy,
        congestion,
        waiting,
    }
}

/// 425 Hz; ringing, busy, congestion and call waiting in ms.
const fn plain(
    countries: &'static str,
    ringback: &'static [u16],
    busy: &'static [u16],
    congestion: &'static [u16],
    waiting: &'static [u16],
) -> Plan {
    plan(
        countries,
        tones(HZ_425, ringback),
        tones(HZ_425, busy),
        tones(HZ_425, congestion),
        tones(HZ_425, waiting),
    )
}

/// As E.180 recommends.
static RECOMMENDED: Plan = plain(
    "",
    &[1_000, 4_000],
    &[500, 500],
    &[250, 250],
    &[150, 100, 150, 4_600],
);

static PLANS: &[Plan] = &[
    // The North American numbering plan.
    plan(
        "US CA PR VI GU AS MP BS BB BM DO JM TT AG AI DM GD KN KY LC MS TC VC VG",
        tones(HZ_440_480, &[2_000, 4_000]),
        tones(HZ_480_620, &[500, 500]),
        tones(HZ_480_620, &[250, 250]),
        tones(HZ_440, &[300, 9_700]),
    ),
    // Those whose networks were once one.
    plain(
        "RU BY UA KZ UZ KG TJ TM AM AZ GE MD",
        &[1_000, 4_000],
        &[350, 350],
        &[175, 175],
        &[200, 5_000],
    ),
    plan(
        "GB GG IM JE GI",
        tones(HZ_400_450, &[400, 200, 400, 2_000]),
        tones(HZ_400, &[375, 375]),
        tones(HZ_400, &[400, 350, 225, 525]),
        tones(HZ_400, &[100, 4_000]),
    ),
    plan(
        "IE",
        tones(HZ_400_450, &[400, 200, 400, 2_000]),
        tones(HZ_425, &[500, 500]),
        tones(HZ_425, &[250, 250]),
        tones(HZ_425, &[180, 200, 200, 4_500]),
    ),
    plain(
        "DE",
        &[1_000, 4_000],
        &[480, 480],
        &[240, 240],
        &[200, 200, 200, 5_000],
    ),
    plan(
        "FR MC GP GF MQ RE YT PM",
        tones(HZ_440, &[1_500, 3_500]),
        tones(HZ_440, &[500, 500]),
        tones(HZ_440, &[250, 250]),
        tones(HZ_440, &[300, 10_000]),
    ),
    plain(
        "ES",
        &[1_500, 3_000],
        &[200, 200],
        &[200, 200, 200, 200, 200, 600],
        &[175, 175, 175, 3_500],
    ),
    plain(
        "IT SM VA",
        &[1_000, 4_000],
        &[500, 500],
        &[200, 200],
        &[400, 100, 250, 100, 150, 14_000],
    ),
    plan(
        "AT",
        tones(HZ_420, &[1_000, 5_000]),
        tones(HZ_420, &[400, 400]),
        tones(HZ_420, &[200, 200]),
        tones(HZ_420, &[40, 1_960]),
    ),
    plain(
        "CH LI",
        &[1_000, 4_000],
        &[500, 500],
        &[200, 200],
        &[200, 200, 200, 4_000],
    ),
    plan(
        "BE LU",
        tones(HZ_425, &[1_000, 3_000]),
        tones(HZ_425, &[500, 500]),
        tones(HZ_425, &[167, 167]),
        tones(HZ_1400, &[175, 175, 175, 3_500]),
    ),
    plain(
        "NL",
        &[1_000, 4_000],
        &[500, 500],
        &[250, 250],
        &[500, 9_500],
    ),
    plain(
        "HU",
        &[1_250, 3_750],
        &[300, 300],
        &[300, 300],
        &[40, 1_960],
    ),
    plain(
        "PL",
        &[1_000, 4_000],
        &[500, 500],
        &[500, 500],
        &[150, 150, 150, 4_000],
    ),
    plain(
        "CZ SK",
        &[1_000, 4_000],
        &[330, 330],
        &[165, 165],
        &[330, 9_000],
    ),
    plain(
        "BG",
        &[1_000, 4_000],
        &[500, 500],
        &[250, 250],
        &[150, 150, 150, 4_000],
    ),
    plan(
        "RO",
        tones(HZ_450, &[1_850, 4_150]),
        tones(HZ_450, &[167, 167]),
        tones(HZ_450, &[250, 250]),
        tones(HZ_450, &[150, 150, 150, 4_000]),
    ),
    plain(
        "GR CY",
        &[1_000, 4_000],
        &[300, 300],
        &[200, 200],
        &[150, 150, 150, 8_000],
    ),
    plan(
        "TR",
        tones(HZ_450, &[2_000, 4_000]),
        tones(HZ_450, &[500, 500]),
        tones(HZ_450, &[200, 200, 200, 200, 200, 200, 600, 200]),
        tones(HZ_450, &[200, 600, 200, 8_000]),
    ),
    plain(
        "PT",
        &[1_000, 5_000],
        &[500, 500],
        &[200, 200],
        &[200, 200, 200, 5_000],
    ),
    plain(
        "SE",
        &[1_000, 5_000],
        &[250, 250],
        &[250, 750],
        &[200, 500, 200, 9_100],
    ),
    plain(
        "NO",
        &[1_000, 4_000],
        &[500, 500],
        &[200, 200],
        &[200, 600, 200, 10_000],
    ),
    plain(
        "DK FO GL",
        &[1_000, 4_000],
        &[500, 500],
        &[200, 200],
        &[200, 600, 200, 3_000],
    ),
    plain(
        "FI",
        &[1_000, 4_000],
        &[300, 300],
        &[200, 200],
        &[150, 150, 150, 8_000],
    ),
    plain(
        "EE",
        &[1_000, 4_000],
        &[300, 300],
        &[200, 200],
        &[150, 150, 150, 8_000],
    ),
    plain(
        "LT LV",
        &[1_000, 4_000],
        &[350, 350],
        &[200, 200],
        &[150, 150, 150, 4_000],
    ),
    plan(
        "IL PS",
        tones(HZ_414, &[1_000, 3_000]),
        tones(HZ_414, &[500, 500]),
        tones(HZ_414, &[250, 250]),
        tones(HZ_414, &[100, 100, 100, 100, 600, 3_000]),
    ),
    plan(
        "IN NP BT BD",
        tones(HZ_400_BY_25, &[400, 200, 400, 2_000]),
        tones(HZ_400, &[750, 750]),
        tones(HZ_400, &[250, 250]),
        tones(HZ_400, &[200, 100, 200, 7_500]),
    ),
    plan(
        "PK",
        tones(HZ_400, &[1_000, 2_000]),
        tones(HZ_400, &[750, 750]),
        tones(HZ_400, &[250, 250]),
        tones(HZ_400, &[200, 100, 200, 7_500]),
    ),
    plan(
        "AE",
        tones(HZ_400_425, &[400, 200, 400, 2_000]),
        tones(HZ_400, &[375, 375]),
        tones(HZ_425, &[400, 350, 225, 525]),
        tones(HZ_420, &[40, 1_960]),
    ),
    plain(
        "SA",
        &[1_200, 4_600],
        &[500, 500],
        &[250, 250],
        &[150, 200, 150, 10_000],
    ),
    plan(
        "EG",
        tones(HZ_425_BY_50, &[2_000, 1_000]),
        tones(HZ_450, &[1_000, 4_000]),
        tones(HZ_450, &[500, 500]),
        tones(HZ_450, &[150, 100, 150, 4_600]),
    ),
    plan(
        "CN",
        tones(HZ_450, &[1_000, 4_000]),
        tones(HZ_450, &[350, 350]),
        tones(HZ_450, &[700, 700]),
        tones(HZ_450, &[400, 4_000]),
    ),
    plan(
        "JP",
        tones(HZ_400_BY_16, &[1_000, 2_000]),
        tones(HZ_400, &[500, 500]),
        tones(HZ_400, &[500, 500]),
        tones(HZ_400_BY_16, &[500, 8_000]),
    ),
    plan(
        "KR",
        tones(HZ_440_480, &[1_000, 2_000]),
        tones(HZ_480_620, &[500, 500]),
        tones(HZ_480_620, &[300, 200]),
        tones(HZ_350_440, &[250, 250, 250, 3_250]),
    ),
    plan(
        "TW",
        tones(HZ_440_480, &[1_000, 2_000]),
        tones(HZ_480_620, &[500, 500]),
        tones(HZ_480_620, &[250, 250]),
        tones(HZ_350_440, &[250, 250, 250, 3_250]),
    ),
    plan(
        "HK",
        tones(HZ_440_480, &[400, 200, 400, 3_000]),
        tones(HZ_480_620, &[500, 500]),
        tones(HZ_480_620, &[250, 250]),
        tones(HZ_440, &[500, 500, 500, 8_000]),
    ),
    plan(
        "SG",
        tones(HZ_425_BY_24, &[400, 200, 400, 2_000]),
        tones(HZ_425, &[750, 750]),
        tones(HZ_425, &[250, 250]),
        tones(HZ_425_BY_24, &[300, 200, 300, 3_200]),
    ),
    plain(
        "MY BN",
        &[400, 200, 400, 2_000],
        &[500, 500],
        &[500, 500],
        &[150, 100, 150, 4_600],
    ),
    plan(
        "PH",
        tones(HZ_425_480, &[1_000, 4_000]),
        tones(HZ_480_620, &[500, 500]),
        tones(HZ_480_620, &[250, 250]),
        tones(HZ_440, &[300, 10_000]),
    ),
    plan(
        "AU",
        tones(HZ_413_438, &[400, 200, 400, 2_000]),
        tones(HZ_425, &[375, 375]),
        tones(HZ_425, &[375, 375]),
        tones(HZ_425, &[200, 200, 200, 4_400]),
    ),
    plan(
        "NZ",
        tones(HZ_400_450, &[400, 200, 400, 2_000]),
        tones(HZ_400, &[500, 500]),
        tones(HZ_400, &[250, 250]),
        tones(HZ_400, &[200, 3_000]),
    ),
    plan(
        "ZA NA",
        tones(HZ_400_BY_33, &[400, 200, 400, 2_000]),
        tones(HZ_400, &[500, 500]),
        tones(HZ_400, &[250, 250]),
        tones(HZ_400_BY_33, &[250, 250, 250, 5_000]),
    ),
    plain(
        "BR",
        &[1_000, 4_000],
        &[250, 250],
        &[250, 250, 750, 250],
        &[50, 1_000],
    ),
    plain(
        "MX",
        &[1_000, 4_000],
        &[250, 250],
        &[250, 250],
        &[200, 600, 200, 10_000],
    ),
    plain(
        "AR",
        &[1_000, 4_500],
        &[300, 300],
        &[200, 300],
        &[200, 9_000],
    ),
    plan(
        "CL",
        tones(HZ_400, &[1_000, 3_000]),
        tones(HZ_400, &[500, 500]),
        tones(HZ_400, &[200, 200]),
        tones(HZ_400, &[250, 8_750]),
    ),
    plan(
        "VE",
        tones(HZ_425, &[1_000, 4_000]),
        tones(HZ_425, &[500, 500]),
        tones(HZ_425, &[250, 250]),
        tones(HZ_400_450, &[300, 6_000]),
    ),
    plan(
        "TH",
        tones(HZ_420, &[1_000, 5_000]),
        tones(HZ_400, &[500, 500]),
        tones(HZ_400, &[300, 300]),
        tones(HZ_400, &[400, 10_000]),
    ),
    plain(
        "ID",
        &[1_000, 4_000],
        &[500, 500],
        &[250, 250],
        &[150, 150, 150, 10_000],
    ),
    plain("MO", &[1_000, 4_000], &[500, 500], &[250, 250], &[200, 600]),
];

impl Default for TonePlan {
    fn default() -> Self {
        Self(&RECOMMENDED)
    }
}

impl TonePlan {
    /// The tones of a country, by its two letters (ISO 3166), in either case.
    pub fn of(country: &str) -> Self {
        let has = |plan: &&'static Plan| {
            let mut countries = plan.countries.split(' ');
            countries.any(|known| known.eq_ignore_ascii_case(country))
        };
        PLANS.iter().find(has).map_or_else(Self::default, Self)
    }

    /// The countries whose tones are known to differ from what is recommended, or to be just that.
    pub fn countries() -> impl Iterator<Item = &'static str> {
        PLANS.iter().flat_map(|plan| plan.countries.split(' '))
    }

    /// How the signal sounds.
    pub(super) fn cadence(self, signal: Signal) -> Cadence {
        match signal {
            Signal::Ringback => self.0.ringback,
            Signal::Busy => self.0.busy,
            Signal::Congestion => self.0.congestion,
            Signal::Information => INFORMATION,
            Signal::CallWaiting => self.0.waiting,
        }
    }
}

impl Cadence {
    /// The length of a period, in ms.
    pub(super) fn period(&self) -> f32 {
        self.ms.iter().map(|ms| f32::from(*ms)).sum()
    }

    /// What sounds at this time of a period: since when and until when, in ms, and at which pitch.
    pub(super) fn sounding(&self, at: f32) -> Option<(f32, f32, Pitch)> {
        let mut begin = 0.0;
        for (turn, times) in self.ms.chunks(2).enumerate() {
            let long = f32::from(times[0]);
            if (begin..begin + long).contains(&at) {
                let pitch = self.pitches.get(turn % self.pitches.len().max(1))?;
                return Some((begin, long, *pitch));
            }
            begin += times.iter().map(|ms| f32::from(*ms)).sum::<f32>();
        }
        None
    }
}

impl Pitch {
    /// The sound after so many seconds, with a peak of 1.
    pub(super) fn sample(self, seconds: f32) -> f32 {
        let sine = |hz: f32| (TAU * (hz * seconds).fract()).sin();
        match self {
            Self::Sum(hz, 0.0) => sine(hz),
            Self::Sum(one, other) => (sine(one) + sine(other)) / 2.0,
            Self::Beating(hz, beat) => sine(hz) * (1.0 + sine(beat)) / 2.0,
        }
    }
}

#[cfg(test)]
mod tests;
