// SPDX-License-Identifier: GPL-2.0

//! The mappings of a device, by name.
//!
//! An operation takes a mapping out of the registry, works on it without a lock, and puts it back.
//! Meanwhile the name is busy: other operations on it are refused, and so is a new mapping of that
//! name.

use super::{
    account::{
        Account,
        Charge, //
    },
    info::Info,
    mapping::{
        AnyMapping,
        Made,
        Owner, //
    },
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
    // Fields are dropped in this order: the mapping is counted until it is unmapped.
    mapping: KBox<dyn AnyMapping<'bound> + 'bound>,
    _counted: Counted,
}

struct Entry<'bound> {
    name: Name,
    /// The size in bytes, known before the mapping exists.
    size: usize,
    /// [`None`] until the mapping exists.
    info: Option<Info>,
    owner: Owner,
    /// [`None`] while an operation uses the mapping.
    holding: Option<Holding<'bound>>,
    // Dropped after the memory is freed.
    _charge: Charge,
}

/// Mappings by name.
#[pin_data]
pub(crate) struct Registry<'bound> {
    account: Arc<Account>,
    #[pin]
    entries: Mutex<KVec<KBox<Entry<'bound>>>>,
}

const NO_NAME: Refused = Refused::because(ENOENT, "there is no such name");
const TAKEN: Refused = Refused::because(EEXIST, "the name is taken");
const BUSY: Refused = Refused::because(EBUSY, "another operation on it has not ended");
const TOO_MANY: Refused = Refused::because(ENOSPC, "all 256 names are in use");
const NO_MEMORY: Refused = Refused::because(ENOMEM, "out of memory");

impl<'bound> Registry<'bound> {
    /// Creates an empty registry, whose mappings are charged to `account`.
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
        let place = Place {
            registry: self,
            name,
        };
        let (Made { mapping, info }, counted) = make()?;

        core::mem::forget(place);
        self.with_entry(name, |entry| entry.info = Some(info));
        self.put_back(
            name,
            Holding {
                mapping,
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
                owner: Owner::Device,
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
        f: impl FnOnce(&mut (dyn AnyMapping<'bound> + 'bound), usize) -> Result<R, Refused>,
    ) -> Result<R, Refused> {
        let (mut holding, size) = self.take(name)?;
        let result = f(&mut *holding.mapping, size);

        self.put_back(name, holding);
        result
    }

    /// Unmaps the mapping of that name, and then removes the name; returns its size.
    pub(super) fn undo(&self, name: Name) -> Result<usize, Refused> {
        let (holding, size) = self.take(name)?;

        if holding.mapping.owner() == Owner::InFlight {
            self.put_back(name, holding);
            return Err(Owner::InFlight.refused());
        }
        drop(holding);
        self.remove(name);
        Ok(size)
    }

    /// Takes the mapping of that name out of its entry.
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
            entry.owner = holding.mapping.owner();
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

impl fmt::Display for Registry<'_> {
    /// Formats a line for each mapping, without waiting for busy ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.lock();

        for entry in entries.iter() {
            let Some(info) = entry.info else {
                continue;
            };
            let owner = match entry.holding {
                Some(_) => entry.owner.name(),
                None => "busy",
            };

            f.write_fmt(fmt!(
                "{} {} {} {} {}\n",
                entry.name,
                info.kind.name(),
                info.dir.name(),
                owner,
                info
            ))?;
        }
        Ok(())
    }
}

/// A name without a mapping, removed on drop.
struct Place<'t, 'bound> {
    registry: &'t Registry<'bound>,
    name: Name,
}

impl Drop for Place<'_, '_> {
    fn drop(&mut self) {
        self.registry.remove(self.name);
    }
}

#[kunit_tests(safe_dma_registry)]
mod tests {
    use super::{
        super::{
            account::MAX_BYTES,
            info::PAGES,
            mapping::{
                mock::Mock,
                MappingState, //
            },
            request::{
                Dir,
                Kind, //
            },
            stats::Stats, //
        },
        *, //
    };
    use kernel::page::PAGE_SIZE;

    fn registry() -> Result<Pin<KBox<Registry<'static>>>> {
        table_of(&Account::new()?)
    }

    fn table_of(account: &Arc<Account>) -> Result<Pin<KBox<Registry<'static>>>> {
        KBox::pin_init(Registry::new(account.clone()), GFP_KERNEL)
    }

    fn name(text: &[u8]) -> Result<Name> {
        Name::new(text).ok_or(EINVAL)
    }

    fn made() -> Result<Made<'static>, Refused> {
        Ok(Made {
            mapping: KBox::new(MappingState::Device(Mock::new()), GFP_KERNEL)
                .map_err(|_| NO_MEMORY)?,
            info: Info {
                kind: Kind::Single,
                dir: Dir::Bidirectional,
                dma: 0,
                size: Mock::SIZE,
                bounced: false,
                pages: [0; PAGES],
                count: 1,
            },
        })
    }

    fn add(registry: &Registry<'static>, stats: &Arc<Stats>, name: Name, size: usize) -> Result {
        registry
            .add(name, size, || Ok((made()?, Counted::new(stats, false))))
            .map(drop)
            .map_err(|refused| refused.error)
    }

    fn error<T>(result: Result<T, Refused>) -> Option<Error> {
        result.err().map(|refused| refused.error)
    }

    #[test]
    fn a_name_is_there_once() -> Result {
        let (registry, stats) = (registry()?, Stats::new()?);
        let (a, b) = (name(b"a")?, name(b"b")?);

        add(&registry, &stats, a, 1)?;
        assert!(add(&registry, &stats, a, 1) == Err(EEXIST));
        assert!(error(registry.undo(b)) == Some(ENOENT));
        assert!(registry.undo(a).is_ok());
        assert!(error(registry.undo(a)) == Some(ENOENT));
        add(&registry, &stats, a, 1)
    }

    #[test]
    fn a_busy_name_is_refused() -> Result {
        let (registry, stats) = (registry()?, Stats::new()?);
        let a = name(b"a")?;

        add(&registry, &stats, a, 7)?;
        let busy = registry.with(a, |_, size| {
            assert!(size == 7);
            assert!(error(registry.with(a, |_, _| Ok(()))) == Some(EBUSY));
            assert!(error(registry.undo(a)) == Some(EBUSY));
            assert!(add(&registry, &stats, a, 1) == Err(EEXIST));
            Ok(())
        });
        assert!(busy.is_ok() && registry.undo(a).is_ok());
        Ok(())
    }

    #[test]
    fn a_name_without_a_mapping_is_forgotten() -> Result {
        let (registry, stats) = (registry()?, Stats::new()?);
        let a = name(b"a")?;

        let failed = registry.add(a, 1, || {
            assert!(error(registry.with(a, |_, _| Ok(()))) == Some(EBUSY));
            Err(NO_MEMORY)
        });
        assert!(error(failed) == Some(ENOMEM));
        add(&registry, &stats, a, 1)
    }

    #[test]
    fn not_too_many_names() -> Result {
        let (registry, stats) = (registry()?, Stats::new()?);

        for number in 0..MAX_NAMES {
            // CAST: Less than 256.
            let text = [b'a' + (number / 16) as u8, b'a' + (number % 16) as u8];
            add(&registry, &stats, name(&text)?, 1)?;
        }
        assert!(add(&registry, &stats, name(b"more")?, 1) == Err(ENOSPC));
        assert!(registry.undo(name(b"aa")?).is_ok());
        add(&registry, &stats, name(b"more")?, 1)
    }

    /// Counts whole pages, and includes other charges of the account.
    #[test]
    fn not_too_many_bytes() -> Result {
        let (account, stats) = (Account::new()?, Stats::new()?);
        let registry = table_of(&account)?;
        let (a, b) = (name(b"a")?, name(b"b")?);

        add(&registry, &stats, a, MAX_BYTES - PAGE_SIZE)?;
        assert!(add(&registry, &stats, b, PAGE_SIZE + 1) == Err(ENOSPC));
        let charge = Account::charge(&account, 1).map_err(|refused| refused.error)?;
        assert!(add(&registry, &stats, b, 1) == Err(ENOSPC));
        drop(charge);
        let failed = registry.add(b, PAGE_SIZE, || Err(NO_MEMORY));
        assert!(error(failed) == Some(ENOMEM));
        add(&registry, &stats, b, PAGE_SIZE)?;
        assert!(registry.undo(a).is_ok());
        add(&registry, &stats, a, MAX_BYTES - PAGE_SIZE)
    }
}
