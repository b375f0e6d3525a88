// SPDX-License-Identifier: GPL-2.0

//! The mappings of a device, by name.
//!
//! An operation takes a mapping out of the table, works on it without a lock, and puts it back.
//! Meanwhile the name is busy: other operations on it are refused, and so is a new mapping of that
//! name.

use super::{
    account::{
        Account,
        Charge, //
    },
    held::{
        Held,
        Made,
        Turn, //
    },
    info::Info,
    request::{
        Name,
        Refused, //
    },
    stats::Counted, //
};
use kernel::{
    fmt,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

/// The maximum number of names.
pub(crate) const MAX_NAMES: usize = 256;

/// A mapping, counted until it is dropped.
struct Holding<'bound> {
    // Dropped in this order.
    held: KBox<dyn Held<'bound> + 'bound>,
    _counted: Counted,
}

struct Entry<'bound> {
    name: Name,
    /// In bytes; known before the mapping exists.
    size: usize,
    /// None before that.
    info: Option<Info>,
    turn: Turn,
    /// None while an operation uses it.
    holding: Option<Holding<'bound>>,
    // Dropped after the memory is freed.
    _charge: Charge,
}

/// Mappings by name.
#[pin_data]
pub(crate) struct Table<'bound> {
    account: Arc<Account>,
    #[pin]
    entries: Mutex<KVec<KBox<Entry<'bound>>>>,
}

const NO_NAME: Refused = Refused::because(ENOENT, "there is no such name");
const TAKEN: Refused = Refused::because(EEXIST, "the name is taken");
const BUSY: Refused = Refused::because(EBUSY, "another operation on it has not ended");
const TOO_MANY: Refused = Refused::because(ENOSPC, "there are 256 names, and no more can be");
const NO_MEMORY: Refused = Refused::because(ENOMEM, "there is no memory");

impl<'bound> Table<'bound> {
    /// Creates an empty table, whose mappings are charged to `account`.
    pub(super) fn new(account: Arc<Account>) -> impl PinInit<Self> + use<'bound> {
        pin_init!(Self {
            account,
            entries <- new_mutex!(KVec::new()),
        })
    }

    /// Creates a mapping of `size` bytes with `make`, and gives it a name.
    pub(super) fn add(
        &self,
        name: Name,
        size: usize,
        make: impl FnOnce() -> Result<(Made<'bound>, Counted), Refused>,
    ) -> Result<Info, Refused> {
        self.reserve(name, size)?;
        // Removes the entry if `make` fails.
        let place = Place { table: self, name };
        let (Made { held, info }, counted) = make()?;

        core::mem::forget(place);
        self.with_entry(name, |entry| entry.info = Some(info));
        self.put_back(
            name,
            Holding {
                held,
                _counted: counted,
            },
        );
        Ok(info)
    }

    /// Adds a busy entry.
    fn reserve(&self, name: Name, size: usize) -> Result<(), Refused> {
        let mut entries = self.entries.lock();

        if entries.iter().any(|entry| entry.name == name) {
            return Err(TAKEN);
        }
        if entries.len() >= MAX_NAMES {
            return Err(TOO_MANY);
        }
        let entry = KBox::new(
            Entry {
                name,
                size,
                info: None,
                turn: Turn::Device,
                holding: None,
                _charge: Account::charge(&self.account, size)?,
            },
            GFP_KERNEL,
        )
        .map_err(|_| NO_MEMORY)?;
        entries.push(entry, GFP_KERNEL).map_err(|_| NO_MEMORY)
    }

    /// Calls `f` with the mapping of that name and its size, without a lock; the name is busy
    /// meanwhile.
    pub(super) fn with<R>(
        &self,
        name: Name,
        f: impl FnOnce(&mut (dyn Held<'bound> + 'bound), usize) -> Result<R, Refused>,
    ) -> Result<R, Refused> {
        let (mut holding, size) = self.take(name)?;
        let result = f(&mut *holding.held, size);

        self.put_back(name, holding);
        result
    }

    /// Unmaps the mapping of that name, and then removes the name; returns its size.
    pub(super) fn undo(&self, name: Name) -> Result<usize, Refused> {
        let (holding, size) = self.take(name)?;

        if holding.held.turn() == Turn::InFlight {
            self.put_back(name, holding);
            return Err(Turn::InFlight.refused());
        }
        drop(holding);
        self.remove(name);
        Ok(size)
    }

    /// Takes the mapping of that name.
    fn take(&self, name: Name) -> Result<(Holding<'bound>, usize), Refused> {
        let mut entries = self.entries.lock();
        let entry = entries
            .iter_mut()
            .find(|entry| entry.name == name)
            .ok_or(NO_NAME)?;

        Ok((entry.holding.take().ok_or(BUSY)?, entry.size))
    }

    /// Puts back a mapping that was taken.
    fn put_back(&self, name: Name, holding: Holding<'bound>) {
        self.with_entry(name, |entry| {
            entry.turn = holding.held.turn();
            entry.holding = Some(holding);
        });
    }

    /// Calls `f` with the entry of that name, which exists: the caller has added or taken it.
    fn with_entry(&self, name: Name, f: impl FnOnce(&mut Entry<'bound>)) {
        let mut entries = self.entries.lock();

        if let Some(entry) = entries.iter_mut().find(|entry| entry.name == name) {
            f(entry);
        }
    }

    /// Removes a name without a mapping.
    fn remove(&self, name: Name) {
        let mut entries = self.entries.lock();

        if let Some(index) = entries.iter().position(|entry| entry.name == name) {
            // The index is valid.
            let _ = entries.remove(index);
        }
    }
}

impl fmt::Display for Table<'_> {
    /// A line for each mapping. Does not wait for busy ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.lock();

        for entry in entries.iter() {
            let Some(info) = entry.info else {
                continue;
            };
            let turn = match entry.holding {
                Some(_) => entry.turn.name(),
                None => "busy",
            };

            f.write_fmt(fmt!(
                "{} {} {} {} {}\n",
                entry.name,
                info.kind.name(),
                info.dir.name(),
                turn,
                info
            ))?;
        }
        Ok(())
    }
}

/// A name without a mapping, removed on drop.
struct Place<'t, 'bound> {
    table: &'t Table<'bound>,
    name: Name,
}

impl Drop for Place<'_, '_> {
    fn drop(&mut self) {
        self.table.remove(self.name);
    }
}

#[kunit_tests(safe_dma_names)]
mod tests {
    use super::{
        super::{
            account::MAX_BYTES,
            held::{
                fake::Fake,
                Life, //
            },
            info::PAGES,
            request::{
                Dir,
                Kind, //
            },
            stats::Stats, //
        },
        *, //
    };
    use kernel::page::PAGE_SIZE;

    fn table() -> Result<Pin<KBox<Table<'static>>>> {
        table_of(&Account::new()?)
    }

    fn table_of(account: &Arc<Account>) -> Result<Pin<KBox<Table<'static>>>> {
        KBox::pin_init(Table::new(account.clone()), GFP_KERNEL)
    }

    fn name(text: &[u8]) -> Result<Name> {
        Name::new(text).ok_or(EINVAL)
    }

    fn made() -> Result<Made<'static>, Refused> {
        Ok(Made {
            held: KBox::new(Life::Device(Fake::new()), GFP_KERNEL).map_err(|_| NO_MEMORY)?,
            info: Info {
                kind: Kind::Single,
                dir: Dir::Bidirectional,
                dma: 0,
                size: Fake::SIZE,
                bounced: false,
                pages: [0; PAGES],
                count: 1,
            },
        })
    }

    fn add(table: &Table<'static>, stats: &Arc<Stats>, name: Name, size: usize) -> Result {
        table
            .add(name, size, || Ok((made()?, Counted::new(stats, false))))
            .map(drop)
            .map_err(|refused| refused.error)
    }

    fn error<T>(result: Result<T, Refused>) -> Option<Error> {
        result.err().map(|refused| refused.error)
    }

    #[test]
    fn a_name_is_there_once() -> Result {
        let (table, stats) = (table()?, Stats::new()?);
        let (a, b) = (name(b"a")?, name(b"b")?);

        add(&table, &stats, a, 1)?;
        assert!(add(&table, &stats, a, 1) == Err(EEXIST));
        assert!(error(table.undo(b)) == Some(ENOENT));
        assert!(table.undo(a).is_ok());
        assert!(error(table.undo(a)) == Some(ENOENT));
        add(&table, &stats, a, 1)
    }

    #[test]
    fn a_busy_name_is_refused() -> Result {
        let (table, stats) = (table()?, Stats::new()?);
        let a = name(b"a")?;

        add(&table, &stats, a, 7)?;
        let busy = table.with(a, |_, size| {
            assert!(size == 7);
            assert!(error(table.with(a, |_, _| Ok(()))) == Some(EBUSY));
            assert!(error(table.undo(a)) == Some(EBUSY));
            assert!(add(&table, &stats, a, 1) == Err(EEXIST));
            Ok(())
        });
        assert!(busy.is_ok() && table.undo(a).is_ok());
        Ok(())
    }

    #[test]
    fn a_name_without_a_mapping_is_forgotten() -> Result {
        let (table, stats) = (table()?, Stats::new()?);
        let a = name(b"a")?;

        let failed = table.add(a, 1, || {
            assert!(error(table.with(a, |_, _| Ok(()))) == Some(EBUSY));
            Err(NO_MEMORY)
        });
        assert!(error(failed) == Some(ENOMEM));
        add(&table, &stats, a, 1)
    }

    #[test]
    fn not_too_many_names() -> Result {
        let (table, stats) = (table()?, Stats::new()?);

        for number in 0..MAX_NAMES {
            // CAST: Less than 256.
            let text = [b'a' + (number / 16) as u8, b'a' + (number % 16) as u8];
            add(&table, &stats, name(&text)?, 1)?;
        }
        assert!(add(&table, &stats, name(b"more")?, 1) == Err(ENOSPC));
        assert!(table.undo(name(b"aa")?).is_ok());
        add(&table, &stats, name(b"more")?, 1)
    }

    /// In whole pages, with other charges of the account.
    #[test]
    fn not_too_many_bytes() -> Result {
        let (account, stats) = (Account::new()?, Stats::new()?);
        let table = table_of(&account)?;
        let (a, b) = (name(b"a")?, name(b"b")?);

        add(&table, &stats, a, MAX_BYTES - PAGE_SIZE)?;
        assert!(add(&table, &stats, b, PAGE_SIZE + 1) == Err(ENOSPC));
        let charge = Account::charge(&account, 1).map_err(|refused| refused.error)?;
        assert!(add(&table, &stats, b, 1) == Err(ENOSPC));
        drop(charge);
        let failed = table.add(b, PAGE_SIZE, || Err(NO_MEMORY));
        assert!(error(failed) == Some(ENOMEM));
        add(&table, &stats, b, PAGE_SIZE)?;
        assert!(table.undo(a).is_ok());
        add(&table, &stats, a, MAX_BYTES - PAGE_SIZE)
    }
}
