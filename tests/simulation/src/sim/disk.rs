//! A disk that forgets what was not flushed, and whose power is cut at a chosen write.

use crate::rng::Rng;

/// The power is gone: nothing more is written until the node starts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerCut;

/// Rows in the order in which they were written. What stands before `durable` survives everything.
#[derive(Debug, Clone)]
pub struct Disk<R> {
    rows: Vec<R>,
    durable: usize,
    /// Writes and flushes until the power is cut; none while nobody means to.
    left: Option<u32>,
    dead: bool,
}

impl<R> Default for Disk<R> {
    fn default() -> Self {
        Self { rows: Vec::new(), durable: 0, left: None, dead: false }
    }
}

impl<R: Clone> Disk<R> {
    /// Writes a row into the cache of the operating system.
    ///
    /// # Errors
    /// [`PowerCut`].
    pub fn write(&mut self, row: R) -> Result<(), PowerCut> {
        self.step()?;
        self.rows.push(row);
        Ok(())
    }

    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// [`PowerCut`], and then it may have become durable or not.
    pub fn flush(&mut self) -> Result<(), PowerCut> {
        self.step()?;
        self.durable = self.rows.len();
        Ok(())
    }

    fn step(&mut self) -> Result<(), PowerCut> {
        if self.dead || self.left == Some(0) {
            self.dead = true;
            return Err(PowerCut);
        }
        self.left = self.left.map(|left| left - 1);
        Ok(())
    }

    /// The power will be cut at the `writes`-th write or flush from now on.
    pub fn cut_after(&mut self, writes: u32) {
        self.left = Some(writes);
    }

    /// Whether the power was cut.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// Power comes back: what was flushed is there, and of the rest as much as the cache had written by chance.
    pub fn power_on(&mut self, rng: &mut Rng) {
        let by_chance = rng.below(self.rows.len() - self.durable + 1);
        self.rows.truncate(self.durable + by_chance);
        self.durable = self.rows.len();
        self.left = None;
        self.dead = false;
    }

    /// Every row that was written.
    #[must_use]
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// How many rows are durable.
    #[must_use]
    pub fn durable(&self) -> usize {
        self.durable
    }

    /// Goes back to the first `rows` rows: a restored backup, a rolled-back storage.
    pub fn roll_back(&mut self, rows: usize) {
        self.rows.truncate(rows);
        self.durable = self.rows.len();
    }

    /// Something happened to the disk itself that no writer did: it is durable. Only between writes, when all is flushed.
    pub fn rot(&mut self, row: R) {
        let flushed = self.durable == self.rows.len();
        self.rows.push(row);
        if flushed {
            self.durable = self.rows.len();
        }
    }

    /// Puts another row in the place of one: a bit rotted.
    pub fn replace(&mut self, at: usize, row: R) {
        if let Some(old) = self.rows.get_mut(at) {
            *old = row;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_flushed_survives_and_the_rest_may() {
        let mut disk = Disk::default();
        disk.write(1).unwrap();
        disk.flush().unwrap();
        disk.write(2).unwrap();
        disk.cut_after(0);
        assert_eq!(disk.write(3), Err(PowerCut));
        assert_eq!(disk.flush(), Err(PowerCut));
        disk.power_on(&mut Rng::new(1));
        assert!(disk.rows() == [1] || disk.rows() == [1, 2]);
        assert_eq!(disk.flush(), Ok(()));
    }
}
