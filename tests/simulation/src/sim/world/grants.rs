//! Who may read what, and until when: days, single scopes, leases.

use mpp_sync::check::{EVERYONE, day_scope};
use mpp_sync::ids::DocumentId;
use mpp_sync::trust::{Grant, Granted, public_key_of};

use super::{DAYS, World, scopes_of};

/// A lease that does not end: clocks jump by more than a year.
const ENDLESS: u64 = u64::MAX >> 1;

impl World {
    /// Mostly one that does not end; else one that ends within the schedule, or when the office's clock jumps.
    pub(in crate::sim) fn some_lease(&mut self) -> u64 {
        match self.rng.below(10) {
            0 => u64::try_from(self.at).unwrap_or(0) + self.rng.below(9_000) as u64,
            1 => u64::try_from(self.at).unwrap_or(0) + 86_400 * 30,
            _ => ENDLESS,
        }
    }

    /// The office's signed word that a device is on a day.
    pub(in crate::sim) fn granted(
        &self,
        tablet: usize,
        day: DocumentId,
        scopes: Vec<String>,
        lease: u64,
    ) -> Grant {
        let tablet = &self.tablets[tablet];
        // A later grant counts, whatever the office's clock did meanwhile.
        let before = tablet.grants.iter().map(|grant| grant.granted.issued_at + 1).max().unwrap_or(0);
        let granted = Granted {
            public_key: public_key_of(&tablet.key),
            device_name: tablet.name.clone(),
            day,
            label: tablet.label.clone(),
            officer: "rina".to_owned(),
            scopes,
            issued_at: u64::try_from(self.at).unwrap_or(0).max(before),
            lease_until: lease,
        };
        granted.sign(self.nodes[0].identity.key.signing())
    }

    /// The tablet's grants are these from now on; it shows them to some nodes at once, to the others when it meets them.
    fn give(&mut self, tablet: usize, grants: &[Grant]) {
        let device = self.tablets[tablet].device;
        let mut scopes: Vec<String> = grants.iter().flat_map(|grant| grant.granted.scopes.clone()).collect();
        scopes.sort();
        scopes.dedup();
        for other in self.tablets.iter_mut().filter(|other| other.device == device) {
            other.scopes.clone_from(&scopes);
            other.grants = grants.to_vec();
        }
        for node in 0..self.nodes.len() {
            if node == 0 || self.rng.chance(60) {
                self.admit(node, tablet);
            }
        }
    }

    /// A device is put on the other day too: what it wrote there too early is accepted now.
    pub(in crate::sim) fn day_is_granted(&mut self) {
        let Some(tablet) = self.some_tablet() else { return };
        match self.rng.below(4) {
            0 => {
                // It works for a day that nobody put it on.
                self.tablets[tablet].day = DAYS[self.rng.below(2)].0;
                self.tell(|| format!("tablet #{tablet} works for another day"));
                self.start(tablet);
            }
            1 => {
                self.count("late grants");
                self.tell(|| format!("tablet #{tablet} is put on both days"));
                self.put_on_both_days(tablet);
            }
            2 => self.a_scope_is_given_or_taken(tablet),
            _ => self.a_lease_changes(tablet),
        }
    }

    pub(in crate::sim) fn put_on_both_days(&mut self, tablet: usize) {
        let grants = DAYS.map(|(day, _)| self.granted(tablet, day, scopes_of(&[day]), ENDLESS));
        self.give(tablet, &grants);
    }

    /// One village less, or one more; of a day also the day itself.
    fn a_scope_is_given_or_taken(&mut self, tablet: usize) {
        let mut grants = self.tablets[tablet].grants.clone();
        let at = self.rng.below(grants.len());
        let Granted { day, lease_until, mut scopes, .. } = grants[at].granted.clone();
        let all: Vec<String> = scopes_of(&[day]).into_iter().filter(|scope| scope != EVERYONE).collect();
        let Some(scope) = self.rng.pick(&all).cloned() else { return };
        if scopes.contains(&scope) {
            self.count("scopes taken");
            scopes.retain(|other| *other != scope);
        } else {
            self.count("scopes given");
            scopes.push(scope.clone());
        }
        self.tell(|| format!("of tablet #{tablet} on {} the scope {scope} is changed", day_scope(&day)));
        grants[at] = self.granted(tablet, day, scopes, lease_until);
        self.give(tablet, &grants);
    }

    /// It is lent for longer, or its lease ends now: reading ends with it, evidence is taken all the same.
    fn a_lease_changes(&mut self, tablet: usize) {
        let mut grants = self.tablets[tablet].grants.clone();
        let at = self.rng.below(grants.len());
        let Granted { day, scopes, lease_until, .. } = grants[at].granted.clone();
        let now = u64::try_from(self.at).unwrap_or(0);
        let lease = if lease_until > now { now } else { ENDLESS };
        self.count(if lease == now { "leases that end" } else { "leases made longer" });
        self.tell(|| format!("the lease of tablet #{tablet} ends at {lease}"));
        grants[at] = self.granted(tablet, day, scopes, lease);
        self.give(tablet, &grants);
    }
}
