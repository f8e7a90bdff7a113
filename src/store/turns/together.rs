//! Batches that one of them may spoil.

use std::future::Future;

use super::TurnStoreError;

/// Does many things in one transaction.
pub(super) trait Together<Q: Sync, A: Send> {
    /// As many answers as questions, in their order; none where the database does not take them.
    fn together(&mut self, batch: &[Q]) -> impl Future<Output = Result<Vec<A>, TurnStoreError>> + Send;
}

/// All of a batch together. Where the database refuses it for the sake of one in it, each is tried alone.
pub(super) async fn each<Q: Sync, A: Send, L: Together<Q, A> + Send>(
    lane: &mut L,
    batch: &[Q],
) -> Vec<Result<A, TurnStoreError>> {
    match lane.together(batch).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(TurnStoreError::Database(error)) if batch.len() > 1 && error.as_database_error().is_some() => {
            let mut results = Vec::with_capacity(batch.len());
            for one in batch {
                let answer = lane.together(std::slice::from_ref(one)).await;
                results.push(answer.and_then(|mut answers| answers.pop().ok_or(TurnStoreError::Closing)));
            }
            results
        }
        Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
    }
}
