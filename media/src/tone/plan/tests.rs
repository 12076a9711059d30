use super::*;

#[test]
fn every_country_has_one_plan_and_those_without_sound_as_recommended() {
    let mut countries: Vec<_> = TonePlan::countries().collect();
    let count = countries.len();
    countries.sort_unstable();
    countries.dedup();
    assert_eq!(countries.len(), count, "a country stands in two plans");
    let is_code = |text: &&str| text.len() == 2 && text.bytes().all(|c| c.is_ascii_uppercase());
    assert!(count >= 40 && countries.iter().all(is_code));
    for country in [
        "US", "CA", "GB", "DE", "FR", "IT", "ES", "RU", "UA", "KZ", "IN", "NP", "HU", "AE", "SA",
        "EG",
    ] {
        assert!(countries.contains(&country), "{country}");
        assert_eq!(TonePlan::of(&country.to_lowercase()), TonePlan::of(country));
    }
    assert_eq!(TonePlan::of("XX"), TonePlan::default());
    assert_ne!(TonePlan::of("DE"), TonePlan::default());
}

#[test]
fn every_cadence_sounds_and_rests() {
    let all = [
        Signal::Ringback,
        Signal::Busy,
        Signal::Congestion,
        Signal::Information,
        Signal::CallWaiting,
    ];
    for plan in PLANS.iter().chain([&RECOMMENDED]) {
        for signal in all {
            let cadence = TonePlan(plan).cadence(signal);
            assert!(
                cadence.ms.len().is_multiple_of(2),
                "{} {signal:?}",
                plan.countries
            );
            let (turns, pitches) = (cadence.ms.len() / 2, cadence.pitches.len());
            assert!(turns.is_multiple_of(pitches));
            let (on, off): (Vec<u16>, Vec<u16>) = cadence
                .ms
                .chunks(2)
                .map(|times| (times[0], times[1]))
                .unzip();
            assert!(on.iter().all(|ms| (40..=2_000).contains(ms)));
            assert!(off.iter().any(|ms| (100..=15_000).contains(ms)));
        }
    }
}
