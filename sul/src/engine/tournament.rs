//! Who is first: a tournament among all keys, whose results are kept.
//!
//! The keys lie in groups of eight, by node. Each group has a winner, the node of its least key; the
//! winners of two groups meet, the winners of two such matches meet, and so on up to the first of
//! all. A key that changes concerns only the matches that its node has won or now wins, and most
//! nodes have won none. Where nobody else is armed, as where few are, a match is won without a look
//! at any key.
//!
//! ```text
//!   winners[1]                      the first of all
//!   winners[2]      winners[3]
//!   [4]     [5]     [6]     [7]     the winner of each group; here there are four
//!   keys 0  8       16      24
//! ```
//!
//! **Invariant:** a winner is the armed node with the least key below, or [`NOBODY`] where none is
//! armed. So the matches that a node has won are the lowest of those on its way up, without a gap.
//!
//! Deliberately absent: allocation anywhere but in [`Tournament::admit`] and
//! [`Tournament::reserve`], which run when timers are made, and any search.

use alloc::vec;
use alloc::vec::Vec;
use core::hint::select_unpredictable;

use super::key::Key;

/// Keys in a group: two cache lines.
const GROUP: usize = 8;

/// The node that wins where nobody is armed. It never is.
pub(crate) const NOBODY: u32 = 0;

#[derive(Clone)]
#[repr(align(128))]
struct Group([Key; GROUP]);

pub(crate) struct Tournament {
    groups: Vec<Group>,
    /// A complete binary tree without links: above `2 i` and `2 i + 1` is `i`. The winner of group
    /// `g` is at `leaves + g`.
    winners: Vec<u32>,
    /// A power of two, no less than there are groups.
    leaves: usize,
    /// Where the first of all is: so far up that all admitted nodes are below, and no farther.
    root: usize,
    /// How many groups there could be below the root.
    below_root: usize,
    #[cfg(test)]
    pub(crate) matches: u64,
}

/// A node and its key. The key is not armed if the node is [`NOBODY`].
#[derive(Clone, Copy)]
pub(crate) struct Player {
    pub(crate) node: u32,
    pub(crate) key: Key,
}

impl Tournament {
    pub(crate) const fn new() -> Self {
        Self {
            groups: Vec::new(),
            winners: Vec::new(),
            leaves: 0,
            root: 0,
            below_root: 1,
            #[cfg(test)]
            matches: 0,
        }
    }

    /// Makes room for all nodes below `nodes`, which is not touched before they are admitted.
    pub(crate) fn reserve(&mut self, nodes: usize) {
        let groups = nodes.div_ceil(GROUP);
        self.groups.reserve_exact(groups.saturating_sub(self.groups.len()));
        // [`NOBODY`] is in the first.
        self.make_groups(1);
        if groups > self.leaves {
            self.leaves = groups.next_power_of_two();
            self.root = self.leaves / self.below_root;
            self.winners = vec![NOBODY; 2 * self.leaves];
            self.play_all();
        }
    }

    /// Lets `node` take part. Makes room if there is none, twice as much so that growing one by one
    /// stays cheap.
    pub(crate) fn admit(&mut self, node: u32) {
        let group = node as usize / GROUP;
        if group >= self.leaves {
            self.reserve(GROUP * (2 * group).max(1));
        }
        self.make_groups(group + 1);
        while group >= self.below_root {
            self.winners[self.root / 2] = self.winners[self.root];
            self.root /= 2;
            self.below_root *= 2;
        }
    }

    fn make_groups(&mut self, count: usize) {
        let count = count.max(self.groups.len());
        self.groups.resize(count, Group([Key::NEVER; GROUP]));
    }

    #[inline]
    pub(crate) fn first(&self) -> Player {
        let node = self.winners.get(self.root).copied();
        node.map_or(Player { node: NOBODY, key: Key::NEVER }, |node| self.player(node))
    }

    #[inline]
    pub(crate) fn key(&self, node: u32) -> Key {
        self.groups[node as usize / GROUP].0[node as usize % GROUP]
    }

    /// By node, those of nodes that were never admitted too.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.groups.iter().flat_map(|group| group.0)
    }

    /// Arms `node` with `key`, or moves it there; returns the key it had.
    #[inline]
    pub(crate) fn set(&mut self, node: u32, key: Key) -> Key {
        let old = self.relabel(node, key);
        let leaf = self.leaf(node);
        let winner = self.winners[leaf];
        if key < old {
            if winner == NOBODY {
                self.enter(leaf, Player { node, key });
            } else if winner == node || key < self.key(winner) {
                self.rise(leaf, Player { node, key });
            }
        } else if winner == node {
            self.replay_aside(node);
        }
        old
    }

    /// Gives `node` a key that is not armed; returns the one it had.
    #[inline]
    pub(crate) fn withdraw(&mut self, node: u32, key: Key) -> Key {
        let old = self.relabel(node, key);
        if self.winners[self.leaf(node)] == node {
            self.leave(node);
        }
        old
    }

    /// Disarms `node`, which must be the first.
    #[inline]
    pub(crate) fn take_first(&mut self, node: u32) {
        self.relabel(node, Key::NEVER);
        self.replay(node);
    }

    /// Gives `node` another key and plays no match; returns the one it had. From outside, only where
    /// neither is armed.
    #[inline]
    pub(crate) fn relabel(&mut self, node: u32, key: Key) -> Key {
        core::mem::replace(&mut self.groups[node as usize / GROUP].0[node as usize % GROUP], key)
    }

    /// Replaces each key by `change` of it, which must leave the armed armed and the others as they
    /// are.
    pub(crate) fn change(&mut self, change: impl Fn(Key) -> Key) {
        let in_use = self.groups_in_use();
        for key in self.groups[..in_use].iter_mut().flat_map(|group| &mut group.0) {
            *key = change(*key);
        }
        self.play_all();
    }

    #[inline]
    fn player(&self, node: u32) -> Player {
        Player { node, key: self.key(node) }
    }

    /// Where the winner of the group of `node` is.
    #[inline]
    fn leaf(&self, node: u32) -> usize {
        self.leaves + node as usize / GROUP
    }

    /// How many groups have admitted nodes, or could soon have.
    fn groups_in_use(&self) -> usize {
        self.groups.len().min(self.below_root)
    }

    /// Lets `player`, the first armed of its group, win all that it now wins. As far up as nobody else
    /// is armed, no key is looked at.
    #[inline(never)]
    fn enter(&mut self, mut place: usize, player: Player) {
        self.winners[place] = player.node;
        while place != self.root {
            let winner = self.winners[place / 2];
            if winner != NOBODY {
                if player.key < self.key(winner) {
                    self.rise(place, player);
                }
                break;
            }
            place /= 2;
            self.count_match();
            self.winners[place] = player.node;
        }
    }

    /// Lets `player`, whose key has become less, win all that it now wins, from its leaf up.
    #[inline(never)]
    fn rise(&mut self, mut place: usize, player: Player) {
        self.winners[place] = player.node;
        while place != self.root {
            place /= 2;
            self.count_match();
            let winner = self.winners[place];
            if winner != player.node {
                if self.key(winner) < player.key {
                    break;
                }
                self.winners[place] = player.node;
            }
        }
    }

    /// Plays the matches again that `loser` has won, its group's at least; its key has become greater.
    #[inline]
    fn replay(&mut self, loser: u32) {
        let climber = self.replay_group(loser);
        self.replay_above(loser, climber);
    }

    /// [`replay`](Self::replay), out of line: most changes of a key need none.
    #[inline(never)]
    fn replay_aside(&mut self, loser: u32) {
        self.replay(loser);
    }

    /// [`replay`](Self::replay) for a `loser` that is not armed any more. Where the other side has
    /// nobody armed, whoever is left wins, and no key is looked at.
    #[inline(never)]
    fn leave(&mut self, loser: u32) {
        let (mut place, player) = self.replay_group(loser);
        while place != self.root && self.winners[place ^ 1] == NOBODY {
            place /= 2;
            self.count_match();
            self.winners[place] = player.node;
        }
        if self.winners[place / 2] == loser {
            self.replay_above(loser, (place, player));
        }
    }

    /// Plays the match of the group of `loser`; returns where it is and who wins.
    #[inline]
    fn replay_group(&mut self, loser: u32) -> (usize, Player) {
        let place = self.leaf(loser);
        let winner = self.winner_of_group(loser as usize / GROUP);
        self.winners[place] = winner.node;
        self.count_match();
        (place, winner)
    }

    /// Plays the matches again that `loser` has won above, where `climber` has come to.
    #[inline]
    fn replay_above(&mut self, loser: u32, mut climber: (usize, Player)) {
        if climber.0 != self.root {
            while self.replay_some(loser, &mut climber) {}
        }
    }

    /// Plays the next matches that `loser` has won, with whoever won the last one and at the place
    /// where that was; true if there may be more.
    ///
    /// A few at a time and out of line, so that the compiler keeps to selecting the winner of each:
    /// in a loop of unknown length it prefers to branch.
    #[inline(never)]
    fn replay_some(&mut self, loser: u32, climber: &mut (usize, Player)) -> bool {
        let (mut place, mut player) = *climber;
        for _ in 0..8 {
            let rival = self.player(self.winners[place ^ 1]);
            place /= 2;
            if self.winners[place] != loser {
                return false;
            }
            player = player.against(rival);
            self.winners[place] = player.node;
            self.count_match();
            if place == self.root {
                return false;
            }
        }
        *climber = (place, player);
        true
    }

    /// Plays all matches.
    fn play_all(&mut self) {
        for group in 0..self.groups_in_use() {
            self.count_match();
            self.winners[self.leaves + group] = self.winner_of_group(group).node;
        }
        let mut round = self.leaves..self.leaves + self.groups_in_use();
        while round.start != self.root {
            round = round.start / 2..round.end.div_ceil(2);
            for place in round.clone() {
                self.count_match();
                let [left, right] = [2 * place, 2 * place + 1].map(|place| self.winners[place]);
                self.winners[place] = self.player(left).against(self.player(right)).node;
            }
        }
    }

    #[inline]
    fn winner_of_group(&self, group: usize) -> Player {
        let member =
            |index: usize| Player { node: narrow(index), key: self.groups[group].0[index] };
        let [a, b, c, d] = [0, 2, 4, 6].map(|index| member(index).against(member(index + 1)));
        let Player { node, key } = a.against(b).against(c.against(d));
        let node = narrow(GROUP * group) + node;
        Player { node: select_unpredictable(key.is_armed(), node, NOBODY), key }
    }

    #[inline]
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "tests count"))]
    fn count_match(&mut self) {
        #[cfg(test)]
        {
            self.matches += 1;
        }
    }
}

impl Player {
    /// A match. Who wins is a matter of chance, so the processor should select and not guess: a wrong
    /// guess costs more than several matches.
    #[inline]
    fn against(self, rival: Self) -> Self {
        let rival_wins = rival.key < self.key;
        Self {
            node: select_unpredictable(rival_wins, rival.node, self.node),
            key: select_unpredictable(rival_wins, rival.key, self.key),
        }
    }
}

/// A node, from where its key is.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "nodes are below 2^31")]
fn narrow(node: usize) -> u32 {
    node as u32
}
