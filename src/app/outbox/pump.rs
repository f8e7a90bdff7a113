//! The pump of one provider: claims as much as can start at once, and sends it off.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::care::Msisdn;
use crate::messages::{Address, CircuitState, Kind, Lane, Medium, Outgoing, State, compose, redact};
use crate::store::outbox::{self, Claim, Claimed, Claims, Mark};

use super::carry::{Job, carry, keep};
use super::line::Line;
use super::{Shared, lock};

/// Most messages of one claim.
const AT_ONCE: usize = 256;
/// After a failure of the database.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs until the worker is to stop.
pub(super) async fn run(shared: Arc<Shared>, place: usize) {
    let Some(line) = shared.lines.get(place) else { return };
    let mut woken = shared.wake.subscribe();
    while !shared.is_stopping() {
        let most = match room(&shared, line) {
            Ok(most) => most,
            Err(Wait::Time(time)) => {
                shared.rest(time.clamp(Duration::from_millis(1), shared.timing.poll)).await;
                continue;
            }
            Err(Wait::Room) => {
                tokio::select! { () = line.has_room() => {}, () = shared.rest(shared.timing.poll) => {} }
                continue;
            }
        };
        woken.borrow_and_update();
        match take(&shared, place, most).await {
            Ok(claims) if claims.looked == 0 => {
                let mut stop = shared.stop.subscribe();
                tokio::select! {
                    _ = woken.changed() => {}
                    _ = stop.wait_for(|stop| *stop) => {}
                    () = tokio::time::sleep(shared.timing.poll) => {}
                }
            }
            Ok(claims) => {
                dispatch(&shared, place, claims.messages);
                shared.rest(shared.timing.breath).await;
            }
            Err(error) => {
                tracing::warn!(provider = line.plan.name, %error, "messages could not be claimed; trying again");
                shared.rest(PAUSE).await;
            }
        }
    }
}

enum Wait {
    Time(Duration),
    Room,
}

/// How many may start now.
fn room(shared: &Shared, line: &Line) -> Result<usize, Wait> {
    let now = shared.elapsed();
    let free = match line.state(now) {
        CircuitState::Open { until } | CircuitState::Paused { until } => {
            return Err(Wait::Time(until.saturating_sub(now)));
        }
        // One, to see whether it works again.
        CircuitState::Probing if line.busy() > 0 => return Err(Wait::Time(Duration::from_millis(50))),
        CircuitState::Probing => 1,
        CircuitState::Closed => line.free().min(AT_ONCE),
    };
    if free == 0 {
        return Err(Wait::Room);
    }
    let pace = lock(&line.pace);
    let mut may = pace.available(now, free);
    let mut wait = pace.wait(now);
    drop(pace);
    if let Some((_, pace)) = shared.senders.get(&line.plan.sender) {
        let pace = lock(pace);
        may = pace.available(now, may);
        wait = wait.max(pace.wait(now));
    }
    if may == 0 { Err(Wait::Time(wait)) } else { Ok(may) }
}

/// Claims this provider's share: what has it as the first provider that works.
async fn take(shared: &Shared, place: usize, most: usize) -> Result<Claims, sqlx::Error> {
    let (now, elapsed) = (shared.clock.now(), shared.elapsed());
    let rules = &shared.rules;
    let spent = *lock(&shared.spent);
    let is_open = rules.hours.is_open(now);
    let states: Vec<CircuitState> = shared.lines.iter().map(|line| line.state(elapsed)).collect();
    let keeps = |other: usize, kind: Kind| {
        let idle = || shared.lines.get(other).is_some_and(|line| line.busy() == 0);
        match states.get(other) {
            // Its own pump tries it.
            _ if other == place => true,
            // Its pump takes one at once, to see whether it works; only then do others take the rest.
            Some(CircuitState::Probing) => idle(),
            Some(state) => state.keeps(kind.is_urgent()),
            None => false,
        }
    };
    let wanted = |kind: Kind| (is_open || !kind.is_planned()) && rules.budget.allows(kind, spent);
    let share: Vec<(Medium, Lane, i16)> = shared.routes.share(place, keeps, wanted);
    let until = |lease| now + TimeDelta::from_std(lease).unwrap_or(TimeDelta::minutes(2));
    let claim = Claim {
        owner: shared.owner,
        now,
        lease_until: until(shared.timing.lease),
        pin_lease_until: until(shared.timing.pin_lease),
        share: &share,
        most,
        daily_limit: rules.daily_limit,
        day_began: rules.hours.day_began(now),
        next_morning: rules.hours.next_morning(now),
    };
    let _no_rescue_of_ours = shared.claiming.read().await;
    let claims = outbox::claim(&shared.pool, &claim).await?;
    lock(&shared.flights).extend(claims.messages.iter().map(|message| message.id));
    Ok(claims)
}

/// Opens what was claimed and starts its sending.
fn dispatch(shared: &Arc<Shared>, place: usize, claimed: Vec<Claimed>) {
    let Some(line) = shared.lines.get(place) else { return };
    let mut jobs = Vec::with_capacity(claimed.len());
    for message in claimed {
        match open(shared, line, &message) {
            Ok(job) => jobs.push(job),
            Err(reason) => give_up(shared, &message, &reason),
        }
    }
    let segments: usize = jobs.iter().map(|job| job.outgoing.segments).sum();
    let now = shared.elapsed();
    lock(&line.pace).take(now, segments);
    if let Some((_, pace)) = shared.senders.get(&line.plan.sender) {
        lock(pace).take(now, segments);
    }
    for group in together(jobs, line.plan.carrier.together()) {
        // The claim was for no more than there was room for, and nobody else takes much of it.
        let slots = line.take(group.len());
        let shared = Arc::clone(shared);
        tokio::spawn(async move { carry(shared, place, group, slots).await });
    }
}

/// The numbers of a group, and its messages.
type Group = (HashSet<Option<Msisdn>>, Vec<Job>);

/// Groups of one text, each of different recipients and at most `most`.
fn together(jobs: Vec<Job>, most: usize) -> Vec<Vec<Job>> {
    if most <= 1 {
        return jobs.into_iter().map(|job| vec![job]).collect();
    }
    let mut groups: BTreeMap<String, Vec<Group>> = BTreeMap::new();
    for job in jobs {
        let number = match &job.outgoing.to {
            Address::Phone(number) => Some(*number),
            Address::Mailbox(_) => None,
        };
        let of_text = groups.entry(job.outgoing.text.clone()).or_default();
        match of_text.iter_mut().find(|(numbers, group)| group.len() < most && !numbers.contains(&number)) {
            Some((numbers, group)) => {
                numbers.insert(number);
                group.push(job);
            }
            None => of_text.push((HashSet::from([number]), vec![job])),
        }
    }
    groups.into_values().flatten().map(|(_, group)| group).collect()
}

/// A claimed message as it goes out through that line.
fn open(shared: &Shared, line: &Line, message: &Claimed) -> Result<Job, String> {
    let kind = message.kind().ok_or("this version knows no such kind of message")?;
    let opened = message.open(&shared.vault).map_err(|error| error.to_string())?;
    let now = shared.clock.now();
    let (to, text, encoding, segments) = match message.medium() {
        Medium::Email => (Address::Mailbox(opened.to), opened.text.clone(), crate::text::Encoding::Ucs2, 1),
        Medium::Sms => {
            let number = opened.to.parse::<Msisdn>().map_err(|error| error.to_string())?;
            let composed = compose(&opened.text, line.plan.display).map_err(|error| error.to_string())?;
            (Address::Phone(number), composed.text, composed.encoding, composed.segments)
        }
    };
    let outgoing = Outgoing {
        id: message.id,
        kind,
        to,
        language: message.language.clone(),
        text,
        encoding,
        segments,
        valid_until: message.expires_at,
        validity: (message.expires_at - now).to_std().unwrap_or_default(),
    };
    let count = |count: i16| u16::try_from(count).unwrap_or_default();
    Ok(Job {
        outgoing,
        proper: opened.text,
        medium: message.medium(),
        lane: message.lane(),
        attempts: count(message.attempts),
        doubts: count(message.doubts),
        lease_until: message.lease_until,
    })
}

/// A message that cannot go: it does not open, or is none.
fn give_up(shared: &Arc<Shared>, message: &Claimed, reason: &str) {
    tracing::error!(message = message.id, reason, "a message cannot be sent");
    let mark = Mark {
        id: message.id,
        lease_until: message.lease_until,
        at: shared.clock.now(),
        state: State::Failed,
        again_at: None,
        counted: true,
        doubted: false,
        left: false,
        keeps_body: message.kind().is_some_and(|kind| State::Failed.keeps_body(kind)),
        keeps_recipient: true,
        stops: false,
        provider: None,
        provider_id: None,
        words: redact(reason),
        segments: 1,
        cost: None,
    };
    let shared = Arc::clone(shared);
    tokio::spawn(async move { keep(&shared, mark).await });
}
