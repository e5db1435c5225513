//! A folio that enters the page cache, as either kind of tracepoint shows it.

use aya_ebpf::{EbpfContext, programs::TracePointContext};

use crate::{
    file::read,
    globals::global,
    kernel::{kernel_pointer, load},
};

/// Something that enters the page cache.
pub trait Entering {
    /// Which pages of what.
    fn added(&self) -> Added;

    /// Address of the inode that owns the page cache; 0: it is not known.
    fn host(&self) -> u64;
}

/// Pages `[first, end)` that entered the page cache of an inode.
pub struct Added {
    /// Inode that owns the page cache.
    pub inode: u64,
    /// Its device, in the kernel's encoding.
    pub device: u32,
    /// First page.
    pub first: u64,
    /// One past the last page.
    pub end: u64,
}

/// A classic `mm_filemap_add_to_page_cache` event (events/filemap/mm_filemap_add_to_page_cache/format).
impl Entering for TracePointContext {
    #[inline(always)]
    fn added(&self) -> Added {
        let event = self.as_ptr().cast_const().cast::<u8>();
        // The verifier lets an event be read at constant places alone.
        const ORDER: usize = 36;
        let tells_order = global!(OFFSETS.event_order) as usize == ORDER;
        // SAFETY: the event is 40 bytes long and has these members at these places.
        unsafe {
            let first = core::ptr::read_volatile(event.add(24).cast::<u64>());
            let order = if tells_order { core::ptr::read_volatile(event.add(ORDER)) } else { 0 };
            Added {
                inode: core::ptr::read_volatile(event.add(16).cast::<u64>()),
                device: core::ptr::read_volatile(event.add(32).cast::<u32>()),
                first,
                end: first + (1 << (order & 31)),
            }
        }
    }

    /// The event does not tell.
    #[inline(always)]
    fn host(&self) -> u64 {
        0
    }
}

kernel_pointer! {
    /// A `folio`: pages of a file in the page cache.
    Folio
}

impl Entering for Folio {
    #[inline(always)]
    fn added(&self) -> Added {
        let mapping: *const u8 = load(self.0, global!(OFFSETS.folio_mapping));
        let host: *const u8 = load(mapping, global!(OFFSETS.mapping_host));
        let file_system: *const u8 = load(host, global!(OFFSETS.inode_sb));
        let first: u64 = load(self.0, global!(OFFSETS.folio_index));
        Added {
            inode: load(host, global!(OFFSETS.inode_ino)),
            device: load(file_system, global!(OFFSETS.sb_dev)),
            first,
            end: first + (1 << self.order()),
        }
    }

    /// Through a helper: so it is a number, which can be kept.
    #[inline(always)]
    fn host(&self) -> u64 {
        let mapping: *const u8 = load(self.0, global!(OFFSETS.folio_mapping));
        read(mapping as u64, global!(OFFSETS.mapping_host)).unwrap_or(0)
    }
}

impl Folio {
    /// log2 of its pages. Before there were folios, pages of files on a disk were added one by one.
    #[inline(always)]
    fn order(self) -> u32 {
        let place = global!(OFFSETS.folio_order);
        let flags: u64 = load(self.0, global!(OFFSETS.folio_flags));
        if place == 0 || flags & (1 << (global!(CONFIG.page_head_bit) & 63)) == 0 {
            return 0;
        }
        u32::from(load::<u8>(self.0, place)) & 31
    }
}
