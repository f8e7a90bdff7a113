//! Carrying: a group of messages from the claim to the mark, over another provider where the first
//! did not take them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use metrics::{counter, histogram};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use crate::messages::{
    Attempt, Blame, Fate, Kind, Lane, Medium, Next, Outgoing, State, Verdict, after_attempt, compose, redact,
};
use crate::store::outbox::Mark;

use super::line::{Line, LinePlan};
use super::{Shared, lock};

/// A provider that has no place for one more within this time is passed over.
const PATIENCE: Duration = Duration::from_secs(2);
/// A provider that is throttled and does not say for how long.
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// Beyond what a carrier allows itself.
const GRACE: Duration = Duration::from_secs(5);

/// The longest that a try with one provider takes, from waiting for a place to the end of all patience.
pub(super) fn longest_try(plan: &LinePlan) -> Duration {
    PATIENCE + plan.patience + GRACE
}

/// A message on its way.
pub(super) struct Job {
    pub(super) outgoing: Outgoing,
    /// The text in its proper spelling: another provider may show it in another way.
    pub(super) proper: String,
    pub(super) medium: Medium,
    pub(super) lane: Lane,
    pub(super) attempts: u16,
    pub(super) doubts: u16,
    /// Names its claim.
    pub(super) lease_until: DateTime<Utc>,
}

/// Hands a group to the line at `place`, each that was not taken to the next lines of its route,
/// and marks them. The slots are given back when the marks are written: what is on its way is then
/// never more than what they bound.
pub(super) async fn carry(
    shared: Arc<Shared>,
    place: usize,
    group: Vec<Job>,
    slots: Option<OwnedSemaphorePermit>,
) {
    let outgoing: Vec<Outgoing> = group.iter().map(|job| job.outgoing.clone()).collect();
    let fates = hand_over(&shared, place, &outgoing).await;
    let mut rest = group.into_iter().zip(fates);
    let first = rest.next();
    // Each may yet go another way, and none waits for that of another.
    let mut others = JoinSet::new();
    for (job, fate) in rest {
        let shared = Arc::clone(&shared);
        others.spawn(async move { settle(&shared, place, job, fate).await });
    }
    if let Some((job, fate)) = first {
        settle(&shared, place, job, fate).await;
    }
    while others.join_next().await.is_some() {}
    drop(slots);
}

async fn settle(shared: &Shared, place: usize, job: Job, fate: Fate) {
    let mark = finish(shared, place, job, fate).await;
    keep(shared, mark).await;
}

/// Writes a mark. A message whose mark is refused stays in the worker's account: nobody may take it
/// for one that never left.
pub(super) async fn keep(shared: &Shared, mark: Mark) {
    let id = mark.id;
    if shared.marker.mark(mark).await {
        lock(&shared.flights).remove(&id);
    }
}

/// Sends, and lets the line learn from what became of it.
async fn hand_over(shared: &Shared, place: usize, outgoing: &[Outgoing]) -> Vec<Fate> {
    let Some(line) = shared.lines.get(place) else { return Vec::new() };
    let begun = Instant::now();
    let sending = line.plan.carrier.send(outgoing);
    let mut fates = tokio::time::timeout(line.plan.patience + GRACE, sending).await.unwrap_or_default();
    // Of what it says nothing about, nothing is known.
    fates.resize(outgoing.len(), Fate::doubtful("no answer in time"));
    histogram!("mamacare_message_send_seconds", "provider" => line.plan.name.clone()).record(begun.elapsed());
    for fate in &fates {
        line.learn(shared.elapsed(), verdict(fate), fate.words());
    }
    fates
}

/// What a fate says about the provider as a whole.
fn verdict(fate: &Fate) -> Verdict {
    match fate {
        Fate::Taken { .. } => Verdict::Works,
        Fate::Doubtful { .. } => Verdict::Fails,
        Fate::Refused { blame, wait, .. } => match blame {
            Blame::Recipient | Blame::OptedOut | Blame::Message | Blame::Route | Blame::Odd => Verdict::Works,
            Blame::Throttled => Verdict::Pause(wait.unwrap_or(SHORT_PAUSE)),
            Blame::Passing => wait.map_or(Verdict::Fails, Verdict::Pause),
            Blame::Account => Verdict::Refuses,
        },
    }
}

/// Tries the other lines of the route, as long as it is certain that the message has not left.
async fn finish(shared: &Shared, first: usize, mut job: Job, mut fate: Fate) -> Mark {
    let mut place = first;
    let mut told: Vec<String> = Vec::new();
    let route = shared.routes.of(job.medium, job.outgoing.kind, job.lane);
    let others = route.iter().copied().filter(|other| *other != first);
    for other in others {
        if !goes_on(&fate, job.outgoing.kind.is_urgent()) {
            break;
        }
        let Some(line) = shared.lines.get(other) else { continue };
        if !line.state(shared.elapsed()).keeps(true) {
            continue;
        }
        let Some(_slot) = line.wait_for_one(PATIENCE).await else { continue };
        let Some(outgoing) = shown_by(line, &job) else { continue };
        told.push(format!("{}: {}", name(shared, place), fate.words()));
        lock(&line.pace).take(shared.elapsed(), outgoing.segments);
        job.outgoing = outgoing;
        fate = hand_over(shared, other, std::slice::from_ref(&job.outgoing)).await.pop().unwrap_or(fate);
        place = other;
    }
    told.push(fate.words().to_owned());
    mark(shared, place, &job, &fate, &told.join("; "))
}

/// Whether another provider is asked: it has not left, and another may do better. What can wait
/// waits for a provider that is only busy.
fn goes_on(fate: &Fate, urgent: bool) -> bool {
    match fate {
        Fate::Refused { blame, .. } => match blame {
            Blame::Route | Blame::Account => true,
            Blame::Throttled | Blame::Passing => urgent,
            Blame::Recipient | Blame::OptedOut | Blame::Message | Blame::Odd => false,
        },
        Fate::Taken { .. } | Fate::Doubtful { .. } => false,
    }
}

/// The message as another line shows it.
fn shown_by(line: &Line, job: &Job) -> Option<Outgoing> {
    if job.medium == Medium::Email {
        return Some(job.outgoing.clone());
    }
    let composed = compose(&job.proper, line.plan.display).ok()?;
    Some(Outgoing {
        text: composed.text,
        encoding: composed.encoding,
        segments: composed.segments,
        ..job.outgoing.clone()
    })
}

fn name(shared: &Shared, place: usize) -> &str {
    shared.lines.get(place).map_or("?", |line| line.plan.name.as_str())
}

fn mark(shared: &Shared, place: usize, job: &Job, fate: &Fate, words: &str) -> Mark {
    let now = shared.clock.now();
    let outgoing = &job.outgoing;
    let attempt = Attempt {
        kind: outgoing.kind,
        attempts: job.attempts,
        doubts: job.doubts,
        expires_at: outgoing.valid_until,
        now,
        chance: shared.chance(),
    };
    let next = after_attempt(&attempt, fate);
    let (state, again_at, counted, doubted) = match next {
        Next::Sent => (State::Sent, None, false, false),
        Next::Again { at, counted, doubted } => (State::Queued, Some(at), counted, doubted),
        Next::Failed => (State::Failed, None, true, false),
        Next::Expired => (State::Expired, None, true, false),
        Next::Unknown => (State::Unknown, None, true, false),
    };
    let line = shared.lines.get(place);
    count(shared, place, outgoing, fate, state, doubted);
    let id = match fate {
        Fate::Taken { id, .. } => id.as_deref(),
        Fate::Refused { .. } | Fate::Doubtful { .. } => None,
    };
    Mark {
        id: outgoing.id,
        lease_until: job.lease_until,
        at: now,
        state,
        again_at,
        counted,
        doubted,
        left: matches!(fate, Fate::Taken { .. } | Fate::Doubtful { .. }),
        keeps_body: state.keeps_body(outgoing.kind),
        // A PIN that is made anew goes to the same number.
        keeps_recipient: state.keeps_body(outgoing.kind)
            || state == State::Unknown && outgoing.kind == Kind::Pin,
        stops: matches!(fate, Fate::Refused { blame: Blame::OptedOut, .. }),
        provider: line.map(|line| line.plan.name.clone()),
        provider_id: id
            .filter(|id| !id.chars().any(char::is_control))
            .zip(line)
            .map(|(id, line)| line.plan.ids.of_answer(id)),
        words: redact(words),
        segments: outgoing.segments,
        cost: matches!(fate, Fate::Taken { .. })
            .then(|| line.map(|line| line.plan.price.times(outgoing.segments)))
            .flatten(),
    }
}

fn count(shared: &Shared, place: usize, outgoing: &Outgoing, fate: &Fate, state: State, doubted: bool) {
    let (provider, kind) = (name(shared, place).to_owned(), outgoing.kind.name());
    let result = match fate {
        Fate::Taken { .. } => "taken",
        Fate::Doubtful { .. } => "doubtful",
        Fate::Refused { blame, .. } => blame.name(),
    };
    counter!("mamacare_message_attempts_total", "provider" => provider, "kind" => kind, "result" => result)
        .increment(1);
    if doubted {
        counter!("mamacare_messages_repeated_total", "kind" => kind).increment(1);
    }
    if matches!(state, State::Failed | State::Expired | State::Unknown) {
        counter!("mamacare_messages_ended_total", "kind" => kind, "state" => state.name()).increment(1);
        tracing::info!(message = outgoing.id, kind, state = state.name(), "a message did not go");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_provider_is_asked_only_where_the_message_has_not_left() {
        for (blame, planned, urgent) in [
            (Blame::Route, true, true),
            (Blame::Account, true, true),
            (Blame::Throttled, false, true),
            (Blame::Passing, false, true),
            (Blame::Recipient, false, false),
            (Blame::OptedOut, false, false),
            (Blame::Message, false, false),
            (Blame::Odd, false, false),
        ] {
            let fate = Fate::refused(blame, "no");
            assert_eq!((goes_on(&fate, false), goes_on(&fate, true)), (planned, urgent), "{blame:?}");
        }
        assert!(!goes_on(&Fate::doubtful("cut"), true) && !goes_on(&Fate::taken(None, "ok"), true));
    }

    #[test]
    fn a_refusal_of_one_message_says_nothing_about_the_provider() {
        assert_eq!(verdict(&Fate::refused(Blame::Recipient, "no")), Verdict::Works);
        assert_eq!(verdict(&Fate::refused(Blame::Passing, "no")), Verdict::Fails);
        assert_eq!(verdict(&Fate::refused(Blame::Account, "no")), Verdict::Refuses);
        assert_eq!(verdict(&Fate::doubtful("cut")), Verdict::Fails);
        let wait = Some(Duration::from_secs(9));
        let busy = |blame| Fate::Refused { blame, words: String::new(), wait };
        for blame in [Blame::Throttled, Blame::Passing] {
            assert_eq!(verdict(&busy(blame)), Verdict::Pause(Duration::from_secs(9)));
        }
    }
}
