//! How a client is reached: numbers, e-mails, addresses.

use serde::Serialize;

use super::{Country, PhoneNumber, PhoneNumberError};

/// The mean radius of the earth, kilometres (IUGG).
const EARTH_KM: f64 = 6_371.0;

/// One of a client's numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientPhone {
    /// The number.
    pub number: PhoneNumber,
    /// What it is: "mobile", "accounts department"; may be empty.
    pub label: String,
    /// The client's internal number behind it, in digits; may be empty.
    pub extension: String,
}

impl ClientPhone {
    /// The number, with no label and no extension.
    pub fn new(number: PhoneNumber) -> Self {
        Self {
            number,
            label: String::new(),
            extension: String::new(),
        }
    }

    /// Reads a number as people type it, with an extension behind it: `+7 727 1234567 ext. 12`.
    pub fn parse(text: &str, country: Option<Country>) -> Result<Self, PhoneNumberError> {
        let read = PhoneNumber::read(text, country)?;
        Ok(Self {
            extension: read.extension.unwrap_or_default(),
            ..Self::new(read.number)
        })
    }

    /// As [`ClientPhone::parse`] reads it again: `+77271234567 ext. 12`.
    pub fn plain(&self) -> String {
        self.with_extension(self.number.e164())
    }

    /// As people read it: `+7 727 123 4567 ext. 12`.
    pub fn shown(&self) -> String {
        self.with_extension(self.number.international())
    }

    fn with_extension(&self, number: String) -> String {
        match &*self.extension {
            "" => number,
            extension => format!("{number} ext. {extension}"),
        }
    }
}

/// One of a client's e-mail addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ClientEmail {
    /// The address.
    pub address: String,
    /// What it is: "accounts department"; may be empty.
    pub label: String,
}

/// One of a client's addresses. A part that was never given is empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Address {
    /// What it is: "warehouse"; may be empty.
    pub label: String,
    /// Street and house.
    pub street: String,
    /// City, as given.
    pub city: String,
    /// Country: a name, or an ISO 3166 code such as `KZ`.
    pub country: String,
    /// Where it is on the earth.
    pub position: Option<Position>,
}

impl Address {
    /// Whether nothing is known of it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A place on the earth, in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Position {
    /// North of the equator; south of it below zero.
    pub latitude: f64,
    /// East of Greenwich; west of it below zero.
    pub longitude: f64,
}

impl Position {
    /// What may be written.
    pub const ALLOWED: &str = "latitude and longitude in degrees such as \"43.2389, 76.8897\"";

    /// The place at these degrees; none where the earth has no such place.
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let fits = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        fits.then_some(Self {
            latitude,
            longitude,
        })
    }

    /// Reads `43.2389, 76.8897`.
    pub fn parse(text: &str) -> Option<Self> {
        let (latitude, longitude) = text.split_once(',')?;
        Self::new(
            latitude.trim().parse().ok()?,
            longitude.trim().parse().ok()?,
        )
    }

    /// As [`Position::parse`] reads it again.
    pub fn plain(&self) -> String {
        format!("{}, {}", self.latitude, self.longitude)
    }

    /// How far it is to the other place, as the crow flies, by the haversine formula.
    pub fn distance_km(&self, other: &Self) -> f64 {
        let half_sine = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let along = half_sine(other.longitude - self.longitude)
            * self.latitude.to_radians().cos()
            * other.latitude.to_radians().cos();
        let angle = half_sine(other.latitude - self.latitude) + along;
        2.0 * EARTH_KM * angle.sqrt().min(1.0).asin()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_number_keeps_the_extension_behind_it() {
        let kz = Some("KZ".parse().unwrap());
        for (text, plain) in [
            ("+7 727 123 4567 ext. 12", "+77271234567 ext. 12"),
            ("8 (727) 123-45-67 доб. 5", "+77271234567 ext. 5"),
            ("+77271234567;ext=900", "+77271234567 ext. 900"),
            ("+77271234567x7", "+77271234567 ext. 7"),
            ("+77271234567", "+77271234567"),
            ("tel:+7-727-123-45-67", "+77271234567"),
        ] {
            let phone = ClientPhone::parse(text, kz).unwrap();
            assert_eq!(phone.plain(), plain, "{text}");
            assert_eq!(ClientPhone::parse(&phone.plain(), kz).unwrap(), phone);
        }
        assert!(ClientPhone::parse("bob", kz).is_err());
    }

    #[test]
    fn distances_are_those_of_the_earth() {
        let place = |text: &str| Position::parse(text).unwrap();
        let (almaty, astana) = (place("43.2389, 76.8897"), place("51.1694,71.4491"));
        let far = almaty.distance_km(&astana);
        assert!((965.0..985.0).contains(&far), "{far}");
        assert_eq!(almaty.distance_km(&almaty), 0.0);
        // Neighbours on both sides of the date line.
        assert!(place("0, 179.9").distance_km(&place("0, -179.9")) < 25.0);
        assert_eq!(Position::parse(&almaty.plain()), Some(almaty));
        for text in ["", "43", "91, 0", "0, 181", "NaN, 0", "x, y"] {
            assert_eq!(Position::parse(text), None, "{text}");
        }
    }
}
