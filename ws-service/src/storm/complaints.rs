//! What went wrong, in words: the first few of each round, since a dead server says the same a
//! thousand times. The numbers are in the tallies.

const MOST: usize = 12;

#[derive(Debug, Default)]
pub(super) struct Complaints {
    first: Vec<String>,
    more: u64,
}

impl Complaints {
    pub(super) fn add(&mut self, complaint: String) {
        if self.first.len() < MOST {
            self.first.push(complaint);
        } else {
            self.more += 1;
        }
    }

    /// Everything since it was last taken.
    pub(super) fn take(&mut self) -> Vec<String> {
        let mut lines = std::mem::take(&mut self.first);
        match std::mem::take(&mut self.more) {
            0 => {}
            more => lines.push(format!("and {more} more of this kind")),
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_in_a_few_lines() {
        let mut complaints = Complaints::default();
        for number in 0..1_000 {
            complaints.add(format!("{number}"));
        }
        let lines = complaints.take();
        assert_eq!(lines.len(), MOST + 1);
        assert_eq!(lines[MOST], "and 988 more of this kind");
        assert!(complaints.take().is_empty());
    }
}
