//! Gathering: what arrives while a query is under way goes into the next one. No waiting: a lone
//! request goes at once.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

struct Request<Q, A> {
    question: Q,
    answer: oneshot::Sender<A>,
}

/// A queue whose workers take all that has gathered, up to a bound, in one go.
#[derive(Debug)]
pub(super) struct Batcher<Q, A> {
    queue: mpsc::Sender<Request<Q, A>>,
}

impl<Q, A> Clone for Batcher<Q, A> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

/// Works on one batch after the other.
pub(super) trait Lane<Q, A>: Send + 'static {
    /// As many answers as questions, in their order.
    fn work(&mut self, questions: Vec<Q>) -> impl Future<Output = Vec<A>> + Send;
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Starts the lanes; each takes at most `most` questions at once. They end when the last clone
    /// of this is dropped and the queue is empty.
    pub(super) fn start<L: Lane<Q, A>>(lanes: impl IntoIterator<Item = L>, most: usize) -> Self {
        let (queue, requests) = mpsc::channel(most * 16);
        let requests = Arc::new(Mutex::new(requests));
        for mut lane in lanes {
            let requests = Arc::clone(&requests);
            tokio::spawn(async move {
                let mut gathered = Vec::with_capacity(most);
                loop {
                    // Only one lane gathers at a time, so that a batch is as full as can be.
                    let count = requests.lock().await.recv_many(&mut gathered, most).await;
                    if count == 0 {
                        return;
                    }
                    let (questions, answers): (Vec<Q>, Vec<_>) = gathered
                        .drain(..)
                        .map(|request: Request<Q, A>| (request.question, request.answer))
                        .unzip();
                    for (to, answer) in answers.into_iter().zip(lane.work(questions).await) {
                        // Who asked may have given up: the deadline of its turn has passed.
                        let _ = to.send(answer);
                    }
                }
            });
        }
        Self { queue }
    }

    /// Asks, and waits for the answer; `None` where the workers have stopped.
    pub(super) async fn ask(&self, question: Q) -> Option<A> {
        let (answer, received) = oneshot::channel();
        self.queue.send(Request { question, answer }).await.ok()?;
        received.await.ok()
    }
}
