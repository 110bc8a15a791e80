//! The state of this plugin in an app: its databases, and its store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use event_core::App;
use event_core::plugin::error_line;
use rusqlite::Connection;

use crate::database::{Database, DatabaseOptions, Deadline, Identity, Mode, Open, wider};
use crate::delivery::Deliveries;
use crate::error::{Error, Result};
use crate::log::log;
use crate::settings::Settings;
use crate::store::schema::{self, Place};
use crate::store::{self, Appender, SqliteStore, StoreSettings};

/// What this plugin adds to an [`App`].
pub trait SqliteExt {
    /// The database of this name.
    ///
    /// # Errors
    /// [`Error::UnknownDatabase`], which lists those that there are. At this plugin's first use, also the errors of
    /// opening the configured databases.
    fn database(&self, name: &str) -> Result<Database>;

    /// Opens another database, for instance in a `startup` implementation. [`Databases`] adds one before the start.
    ///
    /// # Errors
    /// [`Error::Open`], which says why the file can't be opened; [`Error::DatabaseExists`] and [`Error::SameFile`] for
    /// a name or a file that is taken.
    fn add_database(&self, name: impl Into<String>, options: DatabaseOptions) -> Result<Database>;

    /// The store that keeps this app's events in SQLite: its status, and its database. [`JournalExt::store`](crate::JournalExt::store)
    /// reads the events back.
    ///
    /// # Errors
    /// [`Error::NoStore`] when it is switched off; [`Error::AnotherJournal`] when another plugin's journal is chosen, and this
    /// store isn't configured; [`Error::KeepsNoEvents`] when the app doesn't call [`keep_event`](crate::keep_event) and its settings
    /// name no store. At this plugin's first use, also the errors of opening the configured databases.
    fn sqlite_store(&self) -> Result<SqliteStore>;
}

impl SqliteExt for App {
    fn database(&self, name: &str) -> Result<Database> {
        let sqlite = Sqlite::of(self)?;
        Ok(sqlite.handle(self, sqlite.database(name)?))
    }

    fn add_database(&self, name: impl Into<String>, options: DatabaseOptions) -> Result<Database> {
        let sqlite = Sqlite::of(self)?;
        Ok(sqlite.handle(self, sqlite.add(name.into(), options)?))
    }

    fn sqlite_store(&self) -> Result<SqliteStore> {
        let sqlite = Sqlite::of(self)?;
        let appender = sqlite.appender()?.ok_or_else(|| sqlite.no_store())?;
        Ok(SqliteStore::new(sqlite.handle(self, appender.open().clone()), appender))
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

/// The state of this plugin in an app. It holds no [`App`], which would be a cycle.
pub(crate) struct Sqlite {
    databases: Mutex<BTreeMap<String, Arc<Open>>>,
    store: Option<WantedStore>,
    /// The plugin whose journal is chosen, if the store is off because of that.
    another: Option<String>,
    /// Whether the app keeps its events or its settings name the store. Otherwise there is one only if `keep_event` is called
    /// by other code, and the app gets no file for events before.
    has_store: bool,
    /// Set at the first use of the store: an app that only adds databases gets no file for events.
    appender: OnceLock<Result<Arc<Appender>>>,
    deliveries: Arc<Deliveries>,
    shutdown: Duration,
}

/// The store, before it is opened.
struct WantedStore {
    settings: StoreSettings,
    database: String,
    options: DatabaseOptions,
}

/// How many writes may wait for a database that isn't the store's.
const QUEUE: usize = 65_536;

impl Sqlite {
    /// Made at its first use. That needn't be in the `startup` implementation: another plugin's may track events before.
    pub(crate) fn of(app: &App) -> Result<Arc<Self>> {
        app.state_or_try_init(|| Self::new(app))
    }

    fn new(app: &App) -> Result<Self> {
        let settings: Settings =
            app.plugin_config(env!("CARGO_PKG_NAME")).map_err(|error| Error::Settings(Arc::new(error)))?;
        let mut wanted = BTreeMap::new();
        let given = app.state::<Databases>().map(|given| given.0.clone()).unwrap_or_default();
        for (name, options) in settings.databases.into_iter().chain(given) {
            if wanted.insert(name.clone(), options.clone()).is_some() {
                return Err(Error::DatabaseExists { name, path: options.path });
            }
        }
        let is_configured = settings.store.is_some() || wanted.contains_key(OWN_STORE);
        let chosen = event_journal::chosen_journal(app).map_err(|error| Error::Settings(Arc::new(error)))?;
        let another = chosen.filter(|chosen| chosen != env!("CARGO_PKG_NAME") && !is_configured);
        let has_store = is_configured || (another.is_none() && store::keeps_events(app));
        let store = settings.store.unwrap_or_default();
        let is_on = store.enabled && another.is_none();
        let store = is_on.then(|| WantedStore::of(store, &mut wanted)).transpose()?;
        let mut databases = BTreeMap::new();
        for (name, options) in wanted {
            refuse_open_file(&databases, &options.path, &Identity::at(&options.path))?;
            insert(&mut databases, Open::new(name, options, QUEUE, |_| Ok(()), |_| Ok(()))?)?;
        }
        Ok(Self {
            databases: Mutex::new(databases),
            store,
            another,
            has_store,
            appender: OnceLock::new(),
            deliveries: Arc::new(Deliveries::new(app)),
            shutdown: Duration::from_millis(settings.shutdown_ms),
        })
    }

    /// The store's appender, if the app keeps its events.
    pub(crate) fn appender(&self) -> Result<Option<Arc<Appender>>> {
        if self.has_store || self.appender.get().is_some() { self.appender_to_keep() } else { Ok(None) }
    }

    /// The same for an event that is to be kept.
    pub(crate) fn appender_to_keep(&self) -> Result<Option<Arc<Appender>>> {
        let Some(store) = &self.store else { return Ok(None) };
        self.appender.get_or_init(|| self.open_store(store)).clone().map(Some)
    }

    pub(crate) fn no_store(&self) -> Error {
        match &self.another {
            Some(chosen) => Error::AnotherJournal { chosen: chosen.clone() },
            None if self.store.is_some() => Error::KeepsNoEvents,
            None => Error::NoStore,
        }
    }

    fn open_store(&self, WantedStore { settings, database, options }: &WantedStore) -> Result<Arc<Appender>> {
        let place = Place::of(settings);
        let mut has_view = false;
        let prepare = |connection: &Connection| {
            has_view = schema::prepare(connection, &options.path, place, settings.view)?;
            Ok(())
        };
        let check = |connection: &Connection| schema::check(connection, &options.path, place);
        if let Some(other) = self.databases().get(database) {
            return Err(Error::DatabaseExists { name: database.clone(), path: other.core.path.clone() });
        }
        refuse_open_file(&self.databases(), &options.path, &Identity::at(&options.path))?;
        let open = Open::new(database.clone(), options.clone(), settings.queue.get(), check, prepare)?;
        insert(&mut self.databases(), open.clone())?;
        report_wider(&options.path, options.mode);
        Ok(Arc::new(Appender::new(open, settings, place, has_view)))
    }

    fn handle(&self, app: &App, open: Arc<Open>) -> Database {
        Database::new(app.clone(), open, self.deliveries.clone())
    }

    fn database(&self, name: &str) -> Result<Arc<Open>> {
        if self.store.as_ref().is_some_and(|store| store.database == name)
            && let Some(appender) = self.appender()?
        {
            return Ok(appender.open().clone());
        }
        let databases = self.databases();
        databases.get(name).cloned().ok_or_else(|| {
            let store = self.store.as_ref().filter(|_| self.has_store).map(|store| &store.database);
            let known: BTreeSet<_> = databases.keys().chain(store).cloned().collect();
            Error::UnknownDatabase { name: name.to_owned(), known: known.into_iter().collect() }
        })
    }

    fn add(&self, name: String, options: DatabaseOptions) -> Result<Arc<Open>> {
        let mut databases = self.databases();
        let store = self.store.iter().find(|store| self.has_store && store.database == name);
        let store = store.map(|store| &store.options.path);
        if let Some(path) = databases.get(&name).map(|open| &open.core.path).or(store) {
            return Err(Error::DatabaseExists { name, path: path.clone() });
        }
        refuse_open_file(&databases, &options.path, &Identity::at(&options.path))?;
        let open = Open::new(name, options, QUEUE, |_| Ok(()), |_| Ok(()))?;
        insert(&mut databases, open.clone())?;
        Ok(open)
    }

    /// Writes everything that waits, in all databases. Gives the first error; each further one is a line.
    pub(crate) async fn close(&self) -> Result<()> {
        let deadline = Deadline::after(self.shutdown);
        let databases: Vec<_> = self.databases().values().cloned().collect();
        // They have the same time, so each begins to close before one is waited for.
        let closing: Vec<_> = databases.iter().map(|open| open.close(deadline)).collect();
        let mut closed = Ok(());
        for closing in closing {
            match (closing.await, &closed) {
                (Err(error), Err(_)) => log(format_args!("{}", error_line(&error))),
                (Err(error), Ok(())) => closed = Err(error),
                (Ok(()), _) => {}
            }
        }
        closed
    }

    fn databases(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Open>>> {
        self.databases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the store's own database.
const OWN_STORE: &str = "store";

impl WantedStore {
    /// Takes the store's database out of those that are wanted, or adds one.
    fn of(settings: StoreSettings, wanted: &mut BTreeMap<String, DatabaseOptions>) -> Result<Self> {
        let database = settings.database.as_deref().unwrap_or(OWN_STORE).to_owned();
        if let (Some(mode), true) = (settings.mode, wanted.contains_key(&database)) {
            return Err(Error::Contradiction(format!(
                "`plugins.event-sqlite.store.mode` is \"{mode}\", and the store is in the database `{database}`, which \
                 has a mode of its own; write it there: `plugins.event-sqlite.databases.{database}.mode`"
            )));
        }
        match (wanted.remove(&database), &settings.path) {
            (Some(options), None) => Ok(Self { settings, database, options }),
            (None, path) if settings.database.is_none() => {
                let mut options = DatabaseOptions::new(path.as_deref().unwrap_or(Path::new("store.db")));
                options.mode = settings.mode.unwrap_or_default();
                Ok(Self { settings, database, options })
            }
            (None, _) => {
                Err(Error::UnknownDatabase { name: database, known: wanted.keys().cloned().collect() })
            }
            (Some(_), Some(path)) => Err(Error::Contradiction(format!(
                "`plugins.event-sqlite.store.path` puts the store into {}, and it is to be in the database \
                 `{database}`, too; leave out one of the two",
                path.display()
            ))),
        }
    }
}

/// Reports a file of the store with wider permissions than a new one gets. It isn't changed, since Datasette may need them.
fn report_wider(path: &Path, mode: Mode) {
    if let Some((file, wider)) = wider(path, mode) {
        log(format_args!(
            "{}: others can read or change it (mode {wider}), and a new file gets the mode {mode}; `chmod {mode}` it, or \
             set the database's `mode` if this is on purpose",
            file.display()
        ));
    }
}

fn insert(databases: &mut BTreeMap<String, Arc<Open>>, open: Arc<Open>) -> Result<()> {
    // Once more: a file that was missing has an identity now.
    refuse_open_file(databases, &open.core.path, &open.core.identity)?;
    databases.insert(open.core.name.clone(), open);
    Ok(())
}

/// A file has one writer. SQLite's locks fail where one process opens a file by two names.
fn refuse_open_file(databases: &BTreeMap<String, Arc<Open>>, path: &Path, identity: &Identity) -> Result<()> {
    match databases.values().find(|other| other.core.identity.is_that_of(identity)) {
        Some(other) => Err(Error::SameFile { path: path.to_owned(), open_as: other.core.name.clone() }),
        None => Ok(()),
    }
}
