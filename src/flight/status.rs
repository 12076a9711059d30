//! What a SIP status means, for the person whose call it ended.

use crate::tr;

/// Half a sentence: what follows *the call was refused:*.
pub fn meaning(status: u16) -> String {
    match status {
        300..=399 => tr!("the number is reached somewhere else now"),
        401 | 407 => tr!("the user name or the password was not accepted"),
        402 => tr!("the provider wants to be paid first"),
        403 => tr!("the provider does not allow this call"),
        404 | 604 => tr!("there is no such number"),
        408 => tr!("nobody answered in time"),
        410 => tr!("the number is no longer in service"),
        406 | 415 | 488 | 606 => tr!("the two phones have no codec or encryption in common"),
        420 | 421 => tr!("the other side wants something this phone cannot do"),
        480 => tr!("the phone called is switched off or not registered"),
        481 => tr!("the other side no longer knew of the call"),
        482 | 483 => tr!("the call went round in a circle"),
        484 => tr!("the number is incomplete"),
        485 => tr!("the number could mean several people"),
        486 | 600 => tr!("the other side is busy"),
        487 => tr!("the call was taken back before anybody answered"),
        491 => tr!("both sides changed the call at the same moment"),
        493 => tr!("the other side could not decrypt the request"),
        502 | 504 => tr!("the server could not reach the next one"),
        503 => tr!("the server is overloaded or under repair"),
        513 => tr!("the request was too large for the server"),
        603 => tr!("the other side declined"),
        607 | 608 => tr!("the call was taken for an unwanted one"),
        501 | 505 => tr!("the server cannot do what was asked"),
        500..600 => tr!("the server had a fault of its own"),
        600.. => tr!("nobody there wants or can take the call"),
        _ => tr!("the server did not accept the request"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_means_something_and_the_common_ones_differ() {
        assert!((300..700).all(|status| !meaning(status).is_empty()));
        let common = [401, 403, 404, 408, 480, 484, 486, 487, 488, 500, 503, 603];
        let mut meanings: Vec<String> = common.map(meaning).to_vec();
        meanings.sort();
        meanings.dedup();
        assert_eq!(meanings.len(), common.len());
    }
}
