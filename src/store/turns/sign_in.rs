//! PINs that were found right: whether they still count, and that wrong ones are forgotten, for many in one
//! transaction. That she came in is written with her turn.

use sqlx::{Connection, PgConnection};

use super::super::batch::{Lane, Line, in_time};
use super::super::sign_ins::{self, RightPin};
use super::TurnStoreError;
use super::together::{Together, each};

/// Takes in those who come at once.
pub(super) struct Doorkeeper {
    /// As that of [`Counter`](super::tries::Counter): the turn's own commit comes after.
    pub(super) line: Line,
}

impl Lane<RightPin, Result<bool, TurnStoreError>> for Doorkeeper {
    async fn work(&mut self, pins: Vec<RightPin>) -> Vec<Result<bool, TurnStoreError>> {
        each(self, &pins).await
    }
}

impl Together<RightPin, bool> for Doorkeeper {
    async fn together(&mut self, pins: &[RightPin]) -> Result<Vec<bool>, TurnStoreError> {
        in_time(async {
            let mut connection = self.line.take().await?;
            let counting = take_in(&mut connection, pins).await?;
            self.line.keep(connection);
            Ok(counting)
        })
        .await
    }
}

async fn take_in(connection: &mut PgConnection, pins: &[RightPin]) -> Result<Vec<bool>, sqlx::Error> {
    let mut work = connection.begin().await?;
    let pins: Vec<&RightPin> = pins.iter().collect();
    let counting = sign_ins::hold(&mut work, &pins).await?;
    let right: Vec<&RightPin> =
        pins.into_iter().zip(&counting).filter(|(_, counts)| **counts).map(|(pin, _)| pin).collect();
    sign_ins::clear(&mut work, &right).await?;
    work.commit().await?;
    Ok(counting)
}
