//! Comparing all chains of two nodes in few bytes: chains of long ago fold into one number per month.
//!
//! A tablet names its own chains. A hub and the office would have to name everybody's, for ever: five years of forty
//! tablets are 150,000 chains, 3.9 MB. Instead each node keeps one sum per (device, month) over the chains it holds; the
//! caller names one fold per month, the node answers only where its own differs, and the caller goes down to devices
//! and then to chains only there. When nothing differs that is ten bytes per month of history.
//!
//! A hub holds only some of the office's chains, so their folds differ and stay so. [`Compared`] remembers which pairs
//! of folds were found to lack nothing; the caller then expects the node's fold instead of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::SendFrom;
use super::response::HeldChain;
use crate::ids::{DeviceId, FrameHash, FramePrefix, SessionId, sha256};
use crate::limits::{FOLD_DEVICES_MAX, FOLD_MONTHS_MAX, FOLDED_CHAINS_MAX};
use crate::wire::{Reader, WireError, put_count, put_varint};

/// Seconds of a month: thirty days, so that no calendar is needed.
const MONTH_SECONDS: u64 = 30 * 86_400;

/// Months of thirty days since 1970, by the clock of the device that began the session. It only sorts chains: a wrong
/// clock puts a chain into a strange month, the same one at every node.
pub type Month = u32;

/// The month of a session that began at a time in Unix seconds.
#[must_use]
pub fn month_of(started_at: u64) -> Month {
    Month::try_from(started_at / MONTH_SECONDS).unwrap_or(Month::MAX)
}

/// Eight bytes that stand for a set of chains; all zero for no chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ChainFold(pub [u8; 8]);

/// The chains of one device in one month as one number: the sum modulo 2^256 of
/// SHA-256("mpp.chain.1" ‖ session ‖ frames ‖ head), with their count. A chain that grows is taken out and put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChainSum {
    /// Big end first.
    pub sum: [u8; 32],
    /// How many chains.
    pub chains: u64,
}

impl ChainSum {
    /// Puts a chain in: the session with this many frames, the last of which has this hash.
    pub fn add(&mut self, session: &SessionId, frames: u64, head: &FrameHash) {
        let mut carry = 0;
        for (to, from) in self.sum.iter_mut().zip(item(session, frames, head)).rev() {
            let total = u16::from(*to) + u16::from(from) + carry;
            *to = total.to_be_bytes()[1];
            carry = total >> 8;
        }
        self.chains += 1;
    }

    /// Takes out a chain that was put in.
    pub fn remove(&mut self, session: &SessionId, frames: u64, head: &FrameHash) {
        let mut borrow = false;
        for (to, from) in self.sum.iter_mut().zip(item(session, frames, head)).rev() {
            let (less, below) = to.overflowing_sub(from);
            let (less, under) = less.overflowing_sub(u8::from(borrow));
            (*to, borrow) = (less, below || under);
        }
        self.chains = self.chains.saturating_sub(1);
    }

    /// The fold: the first eight bytes of SHA-256("mpp.chains.1" ‖ sum ‖ count).
    #[must_use]
    pub fn fold(&self) -> ChainFold {
        if self.chains == 0 {
            return ChainFold::default();
        }
        short(&sha256(&[b"mpp.chains.1", &self.sum, &self.chains.to_be_bytes()]))
    }
}

fn item(session: &SessionId, frames: u64, head: &FrameHash) -> [u8; 32] {
    sha256(&[b"mpp.chain.1", &session.0, &frames.to_be_bytes(), &head.0])
}

fn short(hash: &[u8; 32]) -> ChainFold {
    let mut fold = ChainFold::default();
    for (to, from) in fold.0.iter_mut().zip(hash) {
        *to = *from;
    }
    fold
}

/// The devices of a month with their folds.
pub type Devices = BTreeMap<DeviceId, ChainFold>;

/// The fold of a month: the first eight bytes of SHA-256("mpp.month.1" ‖ (device ‖ fold)*), devices in order.
#[must_use]
pub fn month_fold(devices: &Devices) -> ChainFold {
    let mut bytes = b"mpp.month.1".to_vec();
    for (device, fold) in devices.iter().filter(|(_, fold)| **fold != ChainFold::default()) {
        bytes.extend_from_slice(&device.0);
        bytes.extend_from_slice(&fold.0);
    }
    if bytes.len() == b"mpp.month.1".len() { ChainFold::default() } else { short(&sha256(&[&bytes])) }
}

/// Every fold that a node holds.
pub type Folds = BTreeMap<Month, Devices>;

/// What the caller asks. First months alone, then devices of those that differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoldsAsked {
    /// The folds that the caller expects of months.
    pub months: Vec<(Month, ChainFold)>,
    /// The folds that it expects of devices in a month.
    pub devices: Vec<(Month, DeviceId, ChainFold)>,
}

/// What the node answers: nothing about what is as expected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoldsDiffer {
    /// All devices of the months asked for whose fold is another.
    pub months: Vec<(Month, Devices)>,
    /// All chains of the devices asked for whose fold is another.
    pub devices: Vec<(Month, DeviceId, Vec<HeldChain>)>,
}

impl FoldsAsked {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.months.is_empty() && self.devices.is_empty()
    }

    /// The months that the node has to look at.
    #[must_use]
    pub fn all_months(&self) -> BTreeSet<Month> {
        let of_devices = self.devices.iter().map(|(month, _, _)| *month);
        self.months.iter().map(|(month, _)| *month).chain(of_devices).collect()
    }

    /// The node's side, of folds: the months that differ, and the devices whose chains the node has to fill in.
    #[must_use]
    pub fn compare(&self, held: &Folds) -> FoldsDiffer {
        let none = Devices::new();
        let of = |month: &Month| held.get(month).unwrap_or(&none);
        let months = self.months.iter().filter(|(month, expected)| month_fold(of(month)) != *expected);
        let months = months.map(|(month, _)| (*month, of(month).clone())).collect();
        let fold = |month: &Month, device: &DeviceId| of(month).get(device).copied().unwrap_or_default();
        let devices =
            self.devices.iter().filter(|(month, device, expected)| fold(month, device) != *expected);
        let devices = devices.map(|(month, device, _)| (*month, *device, Vec::new())).collect();
        FoldsDiffer { months, devices }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_count(&mut out, self.months.len());
        for (month, fold) in &self.months {
            put_varint(&mut out, u64::from(*month));
            out.extend_from_slice(&fold.0);
        }
        put_count(&mut out, self.devices.len());
        for (month, device, fold) in &self.devices {
            put_varint(&mut out, u64::from(*month));
            out.extend_from_slice(&device.0);
            out.extend_from_slice(&fold.0);
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let count = reader.count(FOLD_MONTHS_MAX, "months")?;
        let months = (0..count).map(|_| Ok((month(&mut reader)?, ChainFold(reader.array()?))));
        let months = months.collect::<Result<_, WireError>>()?;
        let count = reader.count(FOLD_DEVICES_MAX, "devices")?;
        let device = |reader: &mut Reader<'_>| {
            Ok((month(reader)?, DeviceId(reader.array()?), ChainFold(reader.array()?)))
        };
        let devices = (0..count).map(|_| device(&mut reader)).collect::<Result<_, WireError>>()?;
        Ok(Self { months, devices })
    }
}

impl FoldsDiffer {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_count(&mut out, self.months.len());
        for (month, devices) in &self.months {
            put_varint(&mut out, u64::from(*month));
            put_count(&mut out, devices.len());
            for (device, fold) in devices {
                out.extend_from_slice(&device.0);
                out.extend_from_slice(&fold.0);
            }
        }
        put_count(&mut out, self.devices.len());
        for (month, device, chains) in &self.devices {
            put_varint(&mut out, u64::from(*month));
            out.extend_from_slice(&device.0);
            put_count(&mut out, chains.len());
            for chain in chains {
                out.extend_from_slice(&chain.session.0);
                put_varint(&mut out, chain.frames);
                out.extend_from_slice(&chain.head.0);
            }
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let mut differ = Self::default();
        for _ in 0..reader.count(FOLD_MONTHS_MAX, "months")? {
            let month = month(&mut reader)?;
            let count = reader.count(FOLD_DEVICES_MAX, "devices")?;
            let folds = (0..count).map(|_| Ok((DeviceId(reader.array()?), ChainFold(reader.array()?))));
            differ.months.push((month, folds.collect::<Result<_, WireError>>()?));
        }
        for _ in 0..reader.count(FOLD_DEVICES_MAX, "devices")? {
            let (month, device) = (month(&mut reader)?, DeviceId(reader.array()?));
            let count = reader.count(FOLDED_CHAINS_MAX, "chains")?;
            let chain = |reader: &mut Reader<'_>| {
                let session = SessionId(reader.array()?);
                Ok(HeldChain { session, frames: reader.varint()?, head: FramePrefix(reader.array()?) })
            };
            let chains = (0..count).map(|_| chain(&mut reader)).collect::<Result<_, WireError>>()?;
            differ.devices.push((month, device, chains));
        }
        Ok(differ)
    }
}

fn month(reader: &mut Reader<'_>) -> Result<Month, WireError> {
    Month::try_from(reader.varint()?).map_err(|_| WireError::Malformed("month"))
}

/// Which pairs of folds (the caller's, the node's) were found to lack nothing: what a caller keeps for one node's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    months: BTreeMap<Month, (ChainFold, ChainFold)>,
    devices: BTreeMap<(Month, DeviceId), (ChainFold, ChainFold)>,
}

/// A chain that the caller holds, looked up for the comparison with what a node listed of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnChain {
    /// The session.
    pub session: SessionId,
    /// How many frames the caller holds.
    pub frames: u64,
    /// The caller's frame at the place of the node's last one, if both have it.
    pub at_their_head: Option<FramePrefix>,
}

/// What a node lacks of the chains of one device in one month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacking {
    /// What to send.
    pub send: Vec<SendFrom>,
    /// Sessions of which the node holds something else: sending does not help, a person has to look.
    pub forked: Vec<SessionId>,
}

enum Missing {
    Nothing,
    From(u64),
    Forked,
}

/// The node may hold more of a chain than who relays it: the tablet went on with the node itself.
fn missing(chain: &OwnChain, held: Option<&HeldChain>) -> Missing {
    let Some(held) = held.filter(|held| held.frames > 0) else { return Missing::From(0) };
    if held.frames > chain.frames {
        return Missing::Nothing;
    }
    if chain.at_their_head != Some(held.head) {
        return Missing::Forked;
    }
    if held.frames < chain.frames { Missing::From(held.frames) } else { Missing::Nothing }
}

/// One comparison, from the caller's side.
#[derive(Debug)]
pub struct Comparison<'a> {
    own: &'a Folds,
    compared: &'a mut Compared,
    theirs: Folds,
    open: BTreeSet<(Month, DeviceId)>,
}

impl<'a> Comparison<'a> {
    /// Of the caller's own folds, leaving out what the caller names chain by chain anyway.
    pub fn begin(own: &'a Folds, compared: &'a mut Compared) -> Self {
        Self { own, compared, theirs: Folds::new(), open: BTreeSet::new() }
    }

    /// What to ask first: one fold per month, the newest months if there are more than one record may name.
    #[must_use]
    pub fn ask(&self) -> FoldsAsked {
        let expected = |month: &Month, devices: &Devices| {
            let own = month_fold(devices);
            let before = self.compared.months.get(month).filter(|(mine, _)| *mine == own);
            (*month, before.map_or(own, |(_, theirs)| *theirs))
        };
        let months =
            self.own.iter().rev().take(FOLD_MONTHS_MAX).map(|(month, devices)| expected(month, devices));
        FoldsAsked { months: months.collect(), devices: Vec::new() }
    }

    /// Takes an answer in; returns what to ask next, nothing when the chains of every difference are known.
    #[must_use]
    pub fn descend(&mut self, differ: &FoldsDiffer) -> FoldsAsked {
        for (month, devices) in &differ.months {
            let Some(own) = self.own.get(month) else { continue };
            for (device, mine) in own {
                let their = devices.get(device).copied().unwrap_or_default();
                if their != *mine && self.compared.devices.get(&(*month, *device)) != Some(&(*mine, their)) {
                    self.open.insert((*month, *device));
                }
            }
            self.theirs.insert(*month, devices.clone());
        }
        for (month, device, _) in &differ.devices {
            self.open.remove(&(*month, *device));
        }
        // Whatever the node did not list in this answer is asked for again, in the next.
        let open = self.open.iter().take(FOLD_DEVICES_MAX);
        let devices = open.map(|(month, device)| (*month, *device, self.own_fold(*month, *device)));
        FoldsAsked { months: Vec::new(), devices: devices.collect() }
    }

    fn own_fold(&self, month: Month, device: DeviceId) -> ChainFold {
        self.own.get(&month).and_then(|devices| devices.get(&device)).copied().unwrap_or_default()
    }

    /// What the node lacks of the caller's chains of one device and month, given the chains that it listed. When it
    /// lacks nothing, that is remembered: the pair of folds is not looked at again.
    pub fn lacking(
        &mut self,
        month: Month,
        device: DeviceId,
        own: &[OwnChain],
        listed: &[HeldChain],
    ) -> Lacking {
        let held: BTreeMap<SessionId, &HeldChain> = listed.iter().map(|held| (held.session, held)).collect();
        let mut lacking = Lacking::default();
        for chain in own {
            match missing(chain, held.get(&chain.session).copied()) {
                Missing::Nothing => {}
                Missing::From(from) => lacking.send.push(SendFrom { session: chain.session, from }),
                Missing::Forked => lacking.forked.push(chain.session),
            }
        }
        if lacking.send.is_empty() {
            let their = self.theirs.get(&month).and_then(|devices| devices.get(&device)).copied();
            let pair = (self.own_fold(month, device), their.unwrap_or_default());
            self.compared.devices.insert((month, device), pair);
        }
        lacking
    }

    /// Ends the comparison: months in which nothing is lacking are remembered as a whole.
    pub fn end(self) {
        for (month, devices) in &self.theirs {
            let Some(own) = self.own.get(month) else { continue };
            let settled = own.iter().all(|(device, mine)| {
                let their = devices.get(device).copied().unwrap_or_default();
                their == *mine || self.compared.devices.get(&(*month, *device)) == Some(&(*mine, their))
            });
            if settled {
                self.compared.months.insert(*month, (month_fold(own), month_fold(devices)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
