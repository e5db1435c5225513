//! What an epoll instance watches: a walk through its tree of files. On rare paths only.

use crate::{
    file::{self, read, read_words},
    globals::global,
    kernel::opaque,
};

/// Nodes of a tree that wait to be looked at: more than any tree of the kernel is deep.
const DEPTH: usize = 64;

/// Words of an item that are read at once: all that is looked at, but for the events (`struct epitem`).
const ITEM_WORDS: usize = 10;

/// Where a walk is. It lives in a map: too large for the stack.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Walk {
    /// Nodes that wait to be looked at.
    stack: [u64; DEPTH],
    /// How many.
    depth: u64,
    /// Where the item that is looked at lies.
    address: u64,
    /// What it holds.
    item: [u64; ITEM_WORDS],
    /// Not 0: a node found no room on the stack.
    is_cut: u64,
}

impl Walk {
    /// Begins a walk through what the instance behind `descriptor` of the current thread watches. `None`: it is no instance.
    #[inline(always)]
    pub fn begin(&mut self, descriptor: u64) -> Option<()> {
        let file = file::behind(descriptor)?;
        let instance: u64 = read(file, global!(OFFSETS.file_private))?;
        // The descriptor may have been closed and given to another file.
        if read::<u64>(instance, global!(OFFSETS.eventpoll_file))? != file {
            return None;
        }
        let root: u64 = read(instance, global!(OFFSETS.eventpoll_root))?;
        self.is_cut = 0;
        self.depth = 0;
        self.push(root);
        Some(())
    }

    /// Goes on to the next item; `None`: there is none left.
    #[inline(always)]
    pub fn next(&mut self) -> Option<()> {
        let depth = self.depth.checked_sub(1)?;
        self.depth = depth;
        // Or what is compared with the bound would be the depth before: kernels up to 6.12 do not see that it bounds this one.
        let &node = self.stack.get(opaque(depth as usize))?;
        self.address = node - u64::from(global!(OFFSETS.epitem_node));
        read_words(&mut self.item, self.address)?;
        self.push(self.word(global!(OFFSETS.epitem_node) + global!(OFFSETS.node_left)));
        self.push(self.word(global!(OFFSETS.epitem_node) + global!(OFFSETS.node_right)));
        Some(())
    }

    /// Whether items were left out, or wait to be looked at.
    #[inline(always)]
    pub fn is_cut(&self) -> bool {
        self.depth > 0 || self.is_cut != 0
    }

    /// Address of the open file that the item watches.
    #[inline(always)]
    pub fn file(&self) -> u64 {
        self.word(global!(OFFSETS.epitem_file))
    }

    /// Its descriptor.
    #[inline(always)]
    pub fn descriptor(&self) -> Option<u32> {
        read(self.address, global!(OFFSETS.epitem_fd))
    }

    /// Whether it is queued as ready.
    #[inline(always)]
    pub fn is_queued(&self) -> bool {
        let ready = global!(OFFSETS.epitem_ready);
        self.word(ready) != self.address + u64::from(ready)
    }

    /// The events that are waited for.
    #[inline(always)]
    pub fn wanted(&self) -> Option<u32> {
        read(self.address, global!(OFFSETS.epitem_events))
    }

    /// The word at `offset` of the item.
    #[inline(always)]
    fn word(&self, offset: u32) -> u64 {
        self.item.get((offset / 8) as usize).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn push(&mut self, node: u64) {
        if node == 0 {
            return;
        }
        let depth = self.depth;
        match self.stack.get_mut(depth as usize) {
            Some(place) => {
                *place = node;
                self.depth = depth + 1;
            }
            None => self.is_cut = 1,
        }
    }
}
