//! The menus of a node: the one that new sessions begin with, those that live sessions began with,
//! and the watch over the files.

mod source;
mod watch;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::care::Unsaid;
use crate::menu::{LoadOptions, Menu, MenuVersion, Sources};
use crate::store::turns::{TurnStoreError, Turns};
use crate::text::{Display, Phrases};

use super::health::MenuStatus;
use super::turns::MenuShelf;

pub use source::{MenuError, MenuSource};

/// Menus of the past that are kept compiled; a session lasts minutes, and nobody edits faster.
const MOST_OLD: usize = 8;

/// Lines of a refusal that `/readyz` shows; the log has all.
const SHOWN_LINES: usize = 12;

/// How the menus are made.
#[derive(Clone, Debug)]
pub struct MenuOptions {
    /// Where the files are.
    pub source: MenuSource,
    /// Languages that are served unreviewed.
    pub serve_unreviewed: Vec<String>,
    /// Constants over those of the files.
    pub constants: std::collections::BTreeMap<String, String>,
    /// How the open channels show text; a menu must fit each.
    pub displays: Vec<Display>,
}

/// What reading the files again came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reload {
    /// They are what is served, or what was refused before.
    Same,
    /// New sessions begin with them.
    Served,
    /// They have a mistake; the version before goes on.
    Refused,
    /// The database did not keep them; to be tried again.
    NotKept,
}

/// The menus of this node. Clones share everything.
#[derive(Clone)]
pub struct Menus(Arc<Inner>);

struct Inner {
    options: MenuOptions,
    store: Turns,
    current: ArcSwap<Menu>,
    refused: ArcSwapOption<String>,
    /// The version that was read last, also where it was refused; one reload at a time holds it.
    read: tokio::sync::Mutex<MenuVersion>,
    old: Mutex<Vec<Arc<Menu>>>,
    /// One kept version at a time is compiled, whoever asks for it.
    compiling: tokio::sync::Mutex<()>,
}

impl Menus {
    /// Reads, checks and keeps the menu that the node starts with.
    pub async fn load(options: MenuOptions, store: Turns) -> Result<Self, MenuError> {
        let sources = read(&options).await?;
        let menu = compile(&options, sources.clone()).await?;
        store.keep_menu(menu.version, &pack(&sources)).await?;
        Ok(Self(Arc::new(Inner {
            read: tokio::sync::Mutex::new(menu.version),
            current: ArcSwap::from_pointee(menu),
            refused: ArcSwapOption::empty(),
            old: Mutex::new(Vec::new()),
            compiling: tokio::sync::Mutex::new(()),
            options,
            store,
        })))
    }

    /// What `/readyz` says of them.
    pub fn status(&self) -> MenuStatus {
        MenuStatus {
            version: format!("{:016x}", self.0.current.load().version.0),
            refused: self.0.refused.load().as_deref().cloned(),
        }
    }

    /// Reads the files again and serves them, if they are new and without a mistake.
    pub async fn reload(&self) -> Reload {
        let mut last = self.0.read.lock().await;
        let sources = match read(&self.0.options).await {
            Ok(sources) => sources,
            Err(error) => {
                *last = self.current_version();
                return self.refuse(&error);
            }
        };
        let version = sources.version();
        if version == self.current_version() {
            *last = version;
            if self.0.refused.swap(None).is_some() {
                tracing::info!("the refused edit of the menus was taken back");
            }
            return Reload::Same;
        }
        if version == *last {
            return Reload::Same;
        }
        let menu = match compile(&self.0.options, sources.clone()).await {
            Ok(menu) => menu,
            Err(error) => {
                *last = version;
                return self.refuse(&error);
            }
        };
        // Kept first: another node may be handed a session that began with it.
        if let Err(error) = self.0.store.keep_menu(version, &pack(&sources)).await {
            tracing::error!(%error, "an edit of the menus waits: the database did not keep it");
            return Reload::NotKept;
        }
        *last = version;
        let before = self.0.current.swap(Arc::new(menu));
        self.remember(before);
        self.0.refused.store(None);
        tracing::info!(version = format!("{:016x}", version.0), "new sessions begin with the edited menus");
        metrics::counter!("mamacare_menu_reloads_total", "result" => "served").increment(1);
        Reload::Served
    }

    fn refuse(&self, error: &MenuError) -> Reload {
        let text = error.to_string();
        let shown = text.lines().take(SHOWN_LINES).collect::<Vec<_>>().join("\n");
        let known = self.0.refused.load();
        if known.as_deref() != Some(&shown) {
            tracing::error!("an edit of the menus is refused, the version before goes on: {text}");
            metrics::counter!("mamacare_menu_reloads_total", "result" => "refused").increment(1);
            self.0.refused.store(Some(Arc::new(shown)));
        }
        Reload::Refused
    }

    fn current_version(&self) -> MenuVersion {
        self.0.current.load().version
    }

    fn remember(&self, menu: Arc<Menu>) {
        let mut old = self.0.old.lock().unwrap_or_else(PoisonError::into_inner);
        old.retain(|known| known.version != menu.version);
        if old.len() >= MOST_OLD {
            old.remove(0);
        }
        old.push(menu);
    }

    fn remembered(&self, version: MenuVersion) -> Option<Arc<Menu>> {
        let old = self.0.old.lock().unwrap_or_else(PoisonError::into_inner);
        old.iter().find(|menu| menu.version == version).cloned()
    }

    /// A version that some node has kept, compiled again.
    async fn kept(&self, version: MenuVersion) -> Result<Option<Arc<Menu>>, MenuError> {
        let _one_at_a_time = self.0.compiling.lock().await;
        if let Some(menu) = self.remembered(version) {
            return Ok(Some(menu));
        }
        let Some(packed) = self.0.store.kept_menu(version).await? else { return Ok(None) };
        let menu = Arc::new(compile(&self.0.options, unpack(&packed)?).await?);
        self.remember(Arc::clone(&menu));
        Ok(Some(menu))
    }
}

impl MenuShelf for Menus {
    fn current(&self) -> Arc<Menu> {
        self.0.current.load_full()
    }

    async fn version(&self, version: MenuVersion) -> Option<Arc<Menu>> {
        let current = self.0.current.load();
        if current.version == version {
            return Some(Arc::clone(&current));
        }
        drop(current);
        if let Some(menu) = self.remembered(version) {
            return Some(menu);
        }
        self.kept(version).await.unwrap_or_else(|error| {
            tracing::error!(%error, version = format!("{:016x}", version.0), "a kept menu cannot be used");
            None
        })
    }
}

/// Reads the files, off the threads that answer phones.
async fn read(options: &MenuOptions) -> Result<Sources, MenuError> {
    let source = options.source.clone();
    Ok(tokio::task::spawn_blocking(move || source.read()).await.map_err(|_| MenuError::Interrupted)??)
}

/// Checks the files for every display, and gives the menu.
async fn compile(options: &MenuOptions, sources: Sources) -> Result<Menu, MenuError> {
    let options = options.clone();
    let compiled = tokio::task::spawn_blocking(move || {
        let displays = if options.displays.is_empty() { vec![Display::default()] } else { options.displays };
        let unsaid = Unsaid::shipped()?;
        let mut menu = None;
        for display in displays {
            let load = LoadOptions {
                serve_unreviewed: options.serve_unreviewed.clone(),
                constants: options.constants.clone(),
                display,
                unsaid: Phrases::new(unsaid.always.iter().map(String::as_str)),
                unsaid_unless_open: Phrases::new(unsaid.unless_open.iter().map(String::as_str)),
            };
            menu = Some(crate::menu::load(&sources, &crate::ussd::catalog::CATALOG, &load)?);
        }
        menu.ok_or(MenuError::Interrupted)
    });
    compiled.await.map_err(|_| MenuError::Interrupted)?
}

/// The files as the database keeps them.
fn pack(sources: &Sources) -> Vec<u8> {
    let pairs: Vec<(&str, &str)> = sources.pairs().collect();
    // Texts and lengths: there is nothing in it that postcard refuses.
    postcard::to_stdvec(&pairs).unwrap_or_default()
}

fn unpack(packed: &[u8]) -> Result<Sources, MenuError> {
    let pairs: Vec<(String, String)> = postcard::from_bytes(packed).map_err(|_| MenuError::Unreadable)?;
    Ok(Sources::from_pairs(pairs))
}

impl From<TurnStoreError> for MenuError {
    fn from(error: TurnStoreError) -> Self {
        Self::Store(error)
    }
}
