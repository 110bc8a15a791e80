//! What an app has of this plugin: its databases, and its store.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use event_core::App;

use crate::database::{Database, DatabaseOptions, Open, canonical};
use crate::delivery::Deliveries;
use crate::error::{Error, Result};
use crate::settings::{Settings, StoreSettings};
use crate::store::{Keeper, Store, schema};

/// What this plugin adds to an [`App`].
pub trait SqliteExt {
    /// The database of this name.
    ///
    /// # Errors
    /// [`Error::UnknownDatabase`], which lists those that there are. If nobody has asked this plugin before, whatever
    /// keeps a configured database from being opened.
    fn database(&self, name: &str) -> Result<Database>;

    /// Opens another database, for instance in a `startup` implementation. [`Databases`] adds one before the start.
    ///
    /// # Errors
    /// [`Error::Open`], which says why the file can't be opened; [`Error::DatabaseExists`] and [`Error::SameFile`] for
    /// a name or a file that is taken.
    fn add_database(&self, name: impl Into<String>, options: DatabaseOptions) -> Result<Database>;

    /// The store that keeps this app's events.
    ///
    /// # Errors
    /// [`Error::NoStore`] when it is switched off. If nobody has asked this plugin before, whatever keeps a configured
    /// database from being opened.
    fn store(&self) -> Result<Store>;
}

impl SqliteExt for App {
    fn database(&self, name: &str) -> Result<Database> {
        let open = Sqlite::of(self)?.database(name)?;
        Ok(Database::new(self.clone(), open))
    }

    fn add_database(&self, name: impl Into<String>, options: DatabaseOptions) -> Result<Database> {
        let open = Sqlite::of(self)?.add(name.into(), options)?;
        Ok(Database::new(self.clone(), open))
    }

    fn store(&self) -> Result<Store> {
        let sqlite = Sqlite::of(self)?;
        let keeper = sqlite.keeper().ok_or(Error::NoStore)?;
        Ok(Store::new(Database::new(self.clone(), keeper.open().clone()), keeper.clone()))
    }
}

/// Databases that an app is given before it starts, beside those that are configured.
///
/// ```
/// use event_core::prelude::*;
/// use event_sqlite::{DatabaseOptions, Databases};
///
/// let databases = Databases::new().with("app", DatabaseOptions::new("app.db"));
/// let builder = App::builder().insert(databases);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "put it into the app: `App::builder().insert(databases)`"]
pub struct Databases(Vec<(String, DatabaseOptions)>);

impl Databases {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// These, and one more. A name that comes twice is an error when the app starts.
    pub fn with(mut self, name: impl Into<String>, options: DatabaseOptions) -> Self {
        self.0.push((name.into(), options));
        self
    }
}

/// An app's part of this plugin, in the app's state. It holds no [`App`], which would keep itself alive by it.
pub(crate) struct Sqlite {
    databases: Mutex<BTreeMap<String, Arc<Open>>>,
    keeper: Option<Arc<Keeper>>,
    pub(crate) deliveries: Deliveries,
    known: OnceLock<HashSet<&'static str>>,
    shutdown: Duration,
}

/// Made by whoever asks first. That needn't be the `startup` implementation: another plugin's may track events before.
#[derive(Default)]
struct Slot(OnceLock<Result<Arc<Sqlite>>>);

/// How many writes may wait for a database that isn't the store's.
const QUEUE: usize = 65_536;

impl Sqlite {
    pub(crate) fn of(app: &App) -> Result<Arc<Self>> {
        if let Ok(slot) = app.state::<Slot>() {
            return slot.0.get_or_init(|| Self::new(app)).clone();
        }
        match app.insert(Slot::default()) {
            // If another thread was faster, it is its slot.
            Ok(()) | Err(event_core::Error::StateExists { .. }) => Self::of(app),
            Err(error) => Err(Error::Settings(Arc::new(error))),
        }
    }

    fn new(app: &App) -> Result<Arc<Self>> {
        let settings: Settings =
            app.plugin_config(env!("CARGO_PKG_NAME")).map_err(|error| Error::Settings(Arc::new(error)))?;
        let mut wanted = BTreeMap::new();
        let configured = settings.databases.into_iter().map(|(name, it)| (name, it.into()));
        let given = app.state::<Databases>().map(|given| given.0.clone()).unwrap_or_default();
        for (name, options) in configured.chain(given) {
            let options: DatabaseOptions = options;
            if wanted.insert(name.clone(), options.clone()).is_some() {
                return Err(Error::DatabaseExists { name, path: options.path });
            }
        }
        let store = settings.store.enabled.then_some(&settings.store);
        let its_database = store.map(|store| choose_database(store, &mut wanted)).transpose()?;

        let mut databases = BTreeMap::new();
        let mut keeper = None;
        for (name, options) in wanted {
            let open = match store.filter(|_| its_database.as_ref() == Some(&name)) {
                None => Open::new(name, options, QUEUE, |_| Ok(()))?,
                Some(store) => {
                    let path = options.path.clone();
                    let place = schema::Place::of(store);
                    let open = Open::new(name, options, store.queue.get(), |connection| {
                        schema::prepare(connection, &path, place, store.view)
                    })?;
                    keeper = Some(Arc::new(Keeper::new(open.clone(), store, place)));
                    open
                }
            };
            insert(&mut databases, open)?;
        }
        Ok(Arc::new(Self {
            databases: Mutex::new(databases),
            keeper,
            deliveries: Deliveries::default(),
            known: OnceLock::new(),
            shutdown: Duration::from_millis(settings.shutdown_ms),
        }))
    }

    pub(crate) fn keeper(&self) -> Option<&Arc<Keeper>> {
        self.keeper.as_ref()
    }

    /// Whether the app knows an event of this name.
    pub(crate) fn knows(&self, app: &App, event: &str) -> bool {
        let names = || app.describe().events.iter().map(|event| event.name).collect();
        self.known.get_or_init(names).contains(event)
    }

    fn database(&self, name: &str) -> Result<Arc<Open>> {
        let databases = self.databases();
        databases.get(name).cloned().ok_or_else(|| Error::UnknownDatabase {
            name: name.to_owned(),
            known: databases.keys().cloned().collect(),
        })
    }

    fn add(&self, name: String, options: DatabaseOptions) -> Result<Arc<Open>> {
        let mut databases = self.databases();
        if let Some(open) = databases.get(&name) {
            return Err(Error::DatabaseExists { name, path: open.core.path.clone() });
        }
        let open = Open::new(name, options, QUEUE, |_| Ok(()))?;
        insert(&mut databases, open.clone())?;
        Ok(open)
    }

    /// Writes everything that waits, in all databases.
    pub(crate) async fn close(&self) -> Result<()> {
        let end = Instant::now() + self.shutdown;
        let databases: Vec<_> = self.databases().values().cloned().collect();
        let mut closed = Ok(());
        for open in databases {
            let left = end.saturating_duration_since(Instant::now());
            closed = closed.and(open.close(left).await);
        }
        closed
    }

    fn databases(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Open>>> {
        self.databases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the store's database, which is wanted if it wasn't.
fn choose_database(store: &StoreSettings, wanted: &mut BTreeMap<String, DatabaseOptions>) -> Result<String> {
    const OWN: &str = "store";
    let has_place = store.database.is_some() || wanted.contains_key(OWN);
    if let (true, Some(path)) = (has_place, &store.path) {
        let database = store.database.as_deref().unwrap_or(OWN);
        return Err(Error::Contradiction(format!(
            "`plugins.event-sqlite.store.path` puts the store into {}, and it is to be in the database `{database}`, too; \
             leave out one of the two",
            path.display()
        )));
    }
    let Some(name) = &store.database else {
        let path = store.path.clone().unwrap_or_else(|| "store.db".into());
        wanted.entry(OWN.to_owned()).or_insert_with(|| DatabaseOptions::new(path));
        return Ok(OWN.to_owned());
    };
    if wanted.contains_key(name) {
        return Ok(name.clone());
    }
    Err(Error::UnknownDatabase { name: name.clone(), known: wanted.keys().cloned().collect() })
}

fn insert(databases: &mut BTreeMap<String, Arc<Open>>, open: Arc<Open>) -> Result<()> {
    let path = canonical(&open.core.path);
    if let Some(other) = databases.values().find(|other| canonical(&other.core.path) == path) {
        return Err(Error::SameFile { path: open.core.path.clone(), open_as: other.core.name.clone() });
    }
    databases.insert(open.core.name.clone(), open);
    Ok(())
}
