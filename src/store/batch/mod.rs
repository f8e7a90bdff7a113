//! Gathering: what arrives while a batch is under way, or within a pace of its begin, goes into the next
//! one. A lone request goes at once.

mod line;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

pub use line::Line;

struct Request<Q, A> {
    question: Q,
    answer: oneshot::Sender<A>,
}

/// A batch that has taken so long is held up, by a row that another transaction has locked or by the
/// network: those behind it no longer wait for it.
const HELD_UP: Duration = Duration::from_millis(15);

/// A queue whose workers take all that has gathered, up to a bound, in one go.
#[derive(Debug)]
pub struct Batcher<Q, A> {
    queue: mpsc::Sender<Request<Q, A>>,
}

impl<Q, A> Clone for Batcher<Q, A> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

/// How requests are gathered.
#[derive(Clone, Copy, Debug)]
pub struct Gather {
    /// Most requests of a batch.
    pub most: usize,
    /// Batches that are under way at once; for one that is held up another begins.
    pub at_once: usize,
    /// Batches begin no closer together than this. Each costs the database about as much as several of its
    /// requests do, so that under load fewer and fuller ones make every request faster; nobody notices the
    /// wait.
    pub pace: Duration,
}

impl Gather {
    /// One batch after the other, so that each is as full as can be.
    pub const fn in_turn(most: usize) -> Self {
        Self { most, at_once: 1, pace: Duration::from_millis(1) }
    }
}

/// What the lanes take from, one at a time.
struct Gathering<Q, A> {
    requests: mpsc::Receiver<Request<Q, A>>,
    /// The next batch begins no sooner.
    next: Instant,
}

impl<Q, A> Gathering<Q, A> {
    /// Takes some requests; none are left and none will come where it gives 0.
    async fn fill(&mut self, gathered: &mut Vec<Request<Q, A>>, gather: Gather) -> usize {
        tokio::time::sleep_until(self.next).await;
        let count = self.requests.recv_many(gathered, gather.most).await;
        self.next = Instant::now() + gather.pace;
        count
    }
}

/// No batch takes longer: whoever asked has been answered by then that the service is busy.
const PATIENCE: Duration = Duration::from_secs(2);

/// A lane does not wait for ever for a machine that was lost without a word.
pub async fn in_time<T, E: From<sqlx::Error>>(batch: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "a batch took too long");
    tokio::time::timeout(PATIENCE, batch).await.map_err(|elapsed| sqlx::Error::Io(late(elapsed)))?
}

/// Works on one batch after the other.
pub trait Lane<Q, A>: Send + 'static {
    /// As many answers as questions, in their order.
    fn work(&mut self, questions: Vec<Q>) -> impl Future<Output = Vec<A>> + Send;
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Starts the lanes, which should be more than may be under way at once. They end when the last clone
    /// of this is dropped and the queue is empty.
    pub fn start<L: Lane<Q, A>>(lanes: impl IntoIterator<Item = L>, gather: Gather) -> Self {
        let (queue, requests) = mpsc::channel(gather.most * 16);
        let gathering = Arc::new(Mutex::new(Gathering { requests, next: Instant::now() }));
        let under_way = Arc::new(Semaphore::new(gather.at_once));
        for mut lane in lanes {
            let (gathering, under_way) = (Arc::clone(&gathering), Arc::clone(&under_way));
            tokio::spawn(async move {
                let mut gathered = Vec::with_capacity(gather.most);
                // Nobody closes it.
                while let Ok(turn) = under_way.acquire().await {
                    if gathering.lock().await.fill(&mut gathered, gather).await == 0 {
                        return;
                    }
                    let (questions, answers): (Vec<Q>, Vec<_>) = gathered
                        .drain(..)
                        .map(|request: Request<Q, A>| (request.question, request.answer))
                        .unzip();
                    let mut work = std::pin::pin!(lane.work(questions));
                    let in_time = tokio::time::timeout(HELD_UP, &mut work).await;
                    drop(turn);
                    let worked = match in_time {
                        Ok(worked) => worked,
                        Err(_) => work.await,
                    };
                    for (to, answer) in answers.into_iter().zip(worked) {
                        // Who asked may have given up: the deadline of its turn has passed.
                        let _ = to.send(answer);
                    }
                }
            });
        }
        Self { queue }
    }

    /// Asks, and waits for the answer; `None` where the workers have stopped.
    pub async fn ask(&self, question: Q) -> Option<A> {
        let (answer, received) = oneshot::channel();
        self.queue.send(Request { question, answer }).await.ok()?;
        received.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    /// Answers with the size of the batch; a batch with a zero in it waits for a permit.
    struct Counting {
        begun: Arc<Semaphore>,
        released: Arc<Semaphore>,
    }

    impl Lane<u32, usize> for Counting {
        async fn work(&mut self, questions: Vec<u32>) -> Vec<usize> {
            self.begun.add_permits(1);
            if questions.contains(&0) {
                self.released.acquire().await.unwrap().forget();
            }
            vec![questions.len(); questions.len()]
        }
    }

    fn batcher(lanes: usize) -> (Batcher<u32, usize>, Arc<Semaphore>, Arc<Semaphore>) {
        let (begun, released) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let lane = |_| Counting { begun: Arc::clone(&begun), released: Arc::clone(&released) };
        (Batcher::start((0..lanes).map(lane), Gather::in_turn(8)), begun, released)
    }

    #[tokio::test]
    async fn what_comes_while_a_batch_is_under_way_goes_together() {
        let (batcher, begun, released) = batcher(1);
        let asking = batcher.clone();
        let first = tokio::spawn(async move { asking.ask(0).await });
        begun.acquire().await.unwrap().forget();
        // Polled in this order: the three stand in the queue before the first batch is let go.
        let (one, other, third, ()) =
            tokio::join!(batcher.ask(1), batcher.ask(2), batcher.ask(3), async { released.add_permits(1) });
        assert_eq!(first.await.unwrap(), Some(1));
        assert_eq!([one, other, third], [Some(3); 3]);
    }

    #[tokio::test]
    async fn a_batch_that_is_held_up_holds_up_no_other() {
        let (batcher, begun, released) = batcher(2);
        let asking = batcher.clone();
        let first = tokio::spawn(async move { asking.ask(0).await });
        begun.acquire().await.unwrap().forget();
        assert_eq!(batcher.ask(1).await, Some(1));
        assert!(!first.is_finished());
        released.add_permits(1);
        assert_eq!(first.await.unwrap(), Some(1));
    }
}
