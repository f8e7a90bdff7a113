//! The menus that were served, by version.

use crate::menu::MenuVersion;

use super::{TurnStoreError, Turns};

impl Turns {
    /// Keeps the packed files of a menu; a version that is kept already stays as it is.
    pub async fn keep_menu(&self, version: MenuVersion, files: &[u8]) -> Result<(), TurnStoreError> {
        sqlx::query(
            "INSERT INTO menu_version (version, files, loaded_at) VALUES ($1, $2, now()) ON CONFLICT (version) DO NOTHING",
        )
        .bind(version.0.cast_signed())
        .bind(files)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The packed files of a menu that was served by any node.
    pub async fn kept_menu(&self, version: MenuVersion) -> Result<Option<Vec<u8>>, TurnStoreError> {
        let files = sqlx::query_scalar("SELECT files FROM menu_version WHERE version = $1")
            .bind(version.0.cast_signed())
            .fetch_optional(&self.pool)
            .await?;
        Ok(files)
    }
}
