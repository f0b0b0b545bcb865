//! A queue ticket: one tap, before anything personal is typed.

use super::{ActionError, Context, MadeSave, SaveMaker, id, text};
use crate::ids::{DocumentId, Kind};
use crate::rules::{ticket, tracking};

/// A ticket with its tracking code.
#[derive(Debug, Clone, PartialEq)]
pub struct IssuedTicket {
    /// The save that makes the visit.
    pub made: MadeSave,
    /// `A-017`.
    pub ticket: String,
    /// `XXXXX-XXXXX`.
    pub tracking: String,
}

/// Makes the visit for the `number`-th ticket of the tablet with this letter.
///
/// # Errors
/// [`ActionError`].
pub fn issue_ticket(
    context: &Context,
    day: &DocumentId,
    letter: &str,
    number: u32,
    random: [u8; 8],
) -> Result<IssuedTicket, ActionError> {
    let ticket = ticket::format(letter, number);
    let tracking = tracking::from_random(random);
    let mut maker = SaveMaker::new(context);
    maker.create(Kind::Visit, &vec![id("day", day), text("ticket", &ticket), text("tracking", &tracking)])?;
    Ok(IssuedTicket { made: maker.finish()?, ticket, tracking })
}
