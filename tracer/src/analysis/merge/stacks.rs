//! Stacks of several recordings: each numbers its own, so all are numbered anew.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    row::{Row, add_fields, merged},
    rows::{ThreadKey, thread_key},
};
use crate::model::{Pid, Recording, Stack, StackThread};

/// The stacks of all of them, to which the slow calls of each now refer; only known where each has some.
pub fn stacks(recordings: &mut [Recording]) -> Option<Option<Vec<Stack>>> {
    let lists: Vec<_> = recordings.iter_mut().map(|recording| recording.stacks.take()).collect();
    let keys: Vec<BTreeMap<u32, _>> =
        lists.iter().map(|list| list.iter().flatten().map(|stack| (stack.id, stack.key())).collect()).collect();
    let stacks = match lists.into_iter().collect::<Option<Vec<_>>>() {
        Some(lists) => {
            let mut stacks = merged(lists)?;
            (0..).zip(&mut stacks).for_each(|(id, stack)| stack.id = id);
            Some(stacks)
        }
        None => None,
    };
    let ids: BTreeMap<_, u32> = stacks.iter().flatten().map(|stack| (stack.key(), stack.id)).collect();
    for (recording, keys) in recordings.iter_mut().zip(keys) {
        for call in &mut recording.slow_calls {
            call.stack = call.stack.and_then(|id| ids.get(keys.get(&id)?).copied());
        }
    }
    Some(stacks)
}

impl Row for Stack {
    type Key = (Option<String>, Pid, String, Vec<String>, Vec<String>);
    type Rank = (Reverse<u64>, Reverse<u64>);

    fn key(&self) -> Self::Key {
        (self.hostname.clone(), self.pid, self.syscall.clone(), self.kernel.clone(), self.user.clone())
    }

    fn rank(&self) -> Self::Rank {
        (Reverse(self.disk_wait_ns), Reverse(self.slow_calls))
    }

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; disk_waits, disk_wait_ns, slow_calls);
        self.threads = merged([std::mem::take(&mut self.threads), other.threads])?;
        Some(())
    }
}

impl Row for StackThread {
    type Key = ThreadKey;
    type Rank = Reverse<u64>;

    fn key(&self) -> Self::Key {
        thread_key(&self.thread)
    }

    fn rank(&self) -> Self::Rank {
        Reverse(self.disk_wait_ns)
    }

    fn add(&mut self, other: Self) -> Option<()> {
        add_fields!(self, other; disk_waits, disk_wait_ns);
        Some(())
    }
}
