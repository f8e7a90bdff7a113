//! The watch over the menu files.

use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::{MenuSource, Menus};

/// An editor writes several times; the files are read when it has been quiet for so long.
const QUIET: Duration = Duration::from_millis(200);

/// Files are looked at this often also without an event: some file systems send none, and a folder
/// that was put in another's place is no longer watched.
const LOOK: Duration = Duration::from_secs(5);

impl Menus {
    /// Reads the files again when they change, for as long as this is polled; `None` where there are
    /// no files to watch.
    pub fn watch(&self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let MenuSource::Folder(folder) = self.0.options.source.clone() else { return None };
        let menus = self.clone();
        let (told, mut changes) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // One note is enough; a full channel has it already.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = told.try_send(());
            }
        });
        let watcher = watcher.and_then(|mut watcher: RecommendedWatcher| {
            watcher.watch(&folder, RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "menu files are looked at every {} s only", LOOK.as_secs());
        }
        Some(async move {
            // Held while the task lives: dropped, it sends no more events.
            let _watcher = watcher;
            loop {
                match tokio::time::timeout(LOOK, changes.recv()).await {
                    Ok(Some(())) => {
                        while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {}
                    }
                    // Nobody tells: look as often as the clock says.
                    Ok(None) => tokio::time::sleep(LOOK).await,
                    Err(_) => {}
                }
                menus.reload().await;
            }
        })
    }
}
