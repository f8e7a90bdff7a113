//! Claiming, marking, rescue.

use std::collections::HashSet;

use chrono::TimeDelta;
use mamacare::messages::{Kind, Lane, Medium, State};
use mamacare::store::outbox::{self, Keep, Mark, NewMessage, Planned};

use super::stage::{OTHER, Stage, WORKER, causes, number};

#[tokio::test]
async fn the_most_urgent_comes_first_and_the_same_cause_once() {
    let stage = Stage::new().await;
    stage.queue("reminder", Kind::Reminder, number(1)).await;
    stage.queue("answer", Kind::Answer, number(2)).await;
    stage.queue("pin", Kind::Pin, number(3)).await;
    stage.queue("pin", Kind::Pin, number(3)).await;
    let claimed = stage.claim(WORKER).await;
    assert_eq!(causes(&claimed), ["pin", "answer", "reminder"]);
    let opened = claimed[0].open(&stage.vault).unwrap();
    assert_eq!((opened.to.as_str(), opened.text.as_str()), ("+23276000003", "Text of pin"));
    assert!(stage.claim(OTHER).await.is_empty(), "what one has no other takes");
}

#[tokio::test]
async fn many_are_queued_at_once_and_each_cause_once() {
    let stage = Stage::new().await;
    stage.queue("known", Kind::Reminder, number(1)).await;
    let causes = ["a", "known", "b"];
    let texts = causes.map(|cause| format!("Text of {cause}"));
    let messages: Vec<Planned<'_>> = causes
        .iter()
        .zip(&texts)
        .map(|(cause, text)| Planned {
            message: NewMessage {
                cause,
                kind: Kind::Reminder,
                owner: None,
                to: number(2),
                phone: stage.vault.keyring().phone_index(number(2)),
                language: "kri",
                text,
                segments: 1,
                now: stage.now,
                expires_at: stage.now + TimeDelta::hours(1),
            },
            not_before: stage.now,
        })
        .collect();
    let mut work = stage.database.pool.begin().await.unwrap();
    assert_eq!(outbox::enqueue_planned(&mut work, stage.vault.keyring(), &messages).await.unwrap(), 2);
    assert_eq!(outbox::enqueue_planned(&mut work, stage.vault.keyring(), &messages).await.unwrap(), 0);
    work.commit().await.unwrap();
    let claimed = stage.claim(WORKER).await;
    let opened: Vec<String> =
        claimed.iter().map(|message| message.open(&stage.vault).unwrap().text).collect();
    assert_eq!(opened, ["Text of known", "Text of a", "Text of b"]);
}

#[tokio::test]
async fn a_share_leaves_what_is_another_s_and_what_is_not_due() {
    let mut stage = Stage::new().await;
    stage.queue("orange", Kind::Reminder, number(1)).await;
    stage.queue("africell", Kind::Reminder, "+23277000001".parse().unwrap()).await;
    let share = [(Medium::Sms, Lane(77), Kind::Reminder.priority())];
    let claims = outbox::claim(&stage.database.pool, &stage.claim_of(WORKER, &share)).await.unwrap();
    assert_eq!(causes(&claims.messages), ["africell"]);
    stage.now -= TimeDelta::minutes(1);
    assert!(stage.claim(WORKER).await.is_empty(), "it is not due yet");
}

#[tokio::test]
async fn workers_at_once_never_take_the_same() {
    let stage = Stage::new().await;
    for n in 0..120 {
        stage.queue(&format!("cause {n}"), Kind::Reminder, number(n)).await;
    }
    let share = Stage::share();
    let take = |owner| {
        let claim = outbox::Claim { most: 30, ..stage.claim_of(owner, &share) };
        let pool = stage.database.pool.clone();
        async move { outbox::claim(&pool, &claim).await.unwrap().messages }
    };
    let (a, b, c) = tokio::join!(take(WORKER), take(OTHER), take(WORKER));
    let all: Vec<i64> = [a, b, c].iter().flatten().map(|message| message.id).collect();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    assert!(all.len() >= 60, "and each finds enough: {}", all.len());
}

#[tokio::test]
async fn too_late_is_expired_and_unwanted_is_cancelled_and_both_are_wiped() {
    let stage = Stage::new().await;
    stage.queue_until("late", Kind::Pin, number(1), stage.now + TimeDelta::seconds(1)).await;
    stage.queue("stopped", Kind::Reminder, number(2)).await;
    stage.queue("asked for", Kind::Answer, number(2)).await;
    let phone = stage.vault.keyring().phone_index(number(2));
    sqlx::query("INSERT INTO phone (key, stopped_at) VALUES ($1, now())")
        .bind(phone)
        .execute(&stage.database.pool)
        .await
        .unwrap();
    let share = Stage::share();
    let later = outbox::Claim { now: stage.now + TimeDelta::seconds(1), ..stage.claim_of(WORKER, &share) };
    let claims = outbox::claim(&stage.database.pool, &later).await.unwrap();
    assert_eq!(causes(&claims.messages), ["asked for"]);
    assert_eq!(claims.looked, 3);
    assert_eq!(stage.state("late").await, State::Expired);
    assert_eq!(stage.state("stopped").await, State::Cancelled);
    assert_eq!(stage.history("stopped").await, ["cancelled: the number is stopped"]);
    assert_eq!(stage.count("state IN ('expired', 'cancelled') AND body IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_person_gets_so_many_planned_messages_a_day_and_the_rest_tomorrow() {
    let mut stage = Stage::new().await;
    for n in 0..4 {
        stage
            .queue_until(&format!("reminder {n}"), Kind::Reminder, number(1), stage.now + TimeDelta::days(2))
            .await;
    }
    stage.queue("tonight", Kind::Reminder, number(1)).await;
    stage.queue("pin", Kind::Pin, number(1)).await;
    stage.queue("hers", Kind::Reminder, number(2)).await;
    let share = Stage::share();
    let claim = |stage: &Stage| outbox::Claim { daily_limit: 2, ..stage.claim_of(WORKER, &share) };
    let claims = outbox::claim(&stage.database.pool, &claim(&stage)).await.unwrap();
    let took: HashSet<&str> = causes(&claims.messages).into_iter().collect();
    assert_eq!(took, HashSet::from(["pin", "hers", "reminder 0", "reminder 1"]));
    assert_eq!(stage.state("tonight").await, State::Expired, "tomorrow it is of no use");
    assert_eq!(stage.count("state = 'queued' AND not_before = '2026-11-25T08:00:00Z'").await, 2);
    stage.now += TimeDelta::hours(23);
    let next = outbox::Claim {
        day_began: "2026-11-25T00:00:00Z".parse().unwrap(),
        next_morning: "2026-11-26T08:00:00Z".parse().unwrap(),
        ..claim(&stage)
    };
    let claims = outbox::claim(&stage.database.pool, &next).await.unwrap();
    assert_eq!(causes(&claims.messages), ["reminder 2", "reminder 3"]);
}

#[tokio::test]
async fn workers_at_once_keep_the_limit_of_a_day() {
    let stage = Stage::new().await;
    for n in 0..40 {
        stage
            .queue_until(
                &format!("reminder {n}"),
                Kind::Reminder,
                number(n % 4),
                stage.now + TimeDelta::days(2),
            )
            .await;
    }
    let share = Stage::share();
    let take = |owner| {
        let claim = outbox::Claim { most: 7, daily_limit: 3, ..stage.claim_of(owner, &share) };
        let pool = stage.database.pool.clone();
        async move {
            let mut taken = 0;
            for _ in 0..12 {
                taken += outbox::claim(&pool, &claim).await.unwrap().messages.len();
            }
            taken
        }
    };
    let (a, b, c) = tokio::join!(take(WORKER), take(OTHER), take(WORKER));
    assert_eq!(a + b + c, 12, "three for each of four");
}

#[tokio::test]
async fn a_mark_wipes_counts_and_leaves_a_history() {
    let stage = Stage::new().await;
    stage.queue("one", Kind::Reminder, number(1)).await;
    stage.queue("two", Kind::Reminder, number(2)).await;
    let claimed = stage.claim(WORKER).await;
    let again = Mark {
        state: State::Queued,
        again_at: Some(stage.now + TimeDelta::minutes(1)),
        counted: true,
        left: false,
        keeps_body: true,
        keeps_recipient: true,
        provider_id: None,
        cost: None,
        words: "busy".to_owned(),
        ..stage.sent(claimed[1].id, "")
    };
    assert!(stage.mark(&[stage.sent(claimed[0].id, "id-1"), again]).await.is_empty());
    assert_eq!(stage.history("one").await, ["sending", "sent: accepted"]);
    assert_eq!(stage.history("two").await, ["sending", "queued: busy"]);
    assert_eq!(
        stage.count("state = 'sent' AND body IS NULL AND recipient IS NULL AND segments = 2").await,
        1
    );
    assert_eq!(
        stage.count("state = 'queued' AND attempts = 1 AND left_at IS NULL AND body IS NOT NULL").await,
        1
    );
    let spent = outbox::spent(&stage.database.pool, stage.now.date_naive()).await.unwrap();
    assert_eq!((spent.day.0, spent.month.0), (100, 100));
    stage.mark(&[stage.sent(claimed[0].id, "id-1")]).await;
    assert_eq!(stage.history("one").await.len(), 2, "a mark that is repeated changes nothing");
}

#[tokio::test]
async fn what_a_dead_worker_had_follows_the_policy_of_its_kind() {
    let stage = Stage::new().await;
    for kind in [Kind::Pin, Kind::Reminder, Kind::Broadcast] {
        stage.queue(kind.name(), kind, number(1)).await;
    }
    outbox::beat(&stage.database.pool, WORKER, stage.now).await.unwrap();
    assert_eq!(stage.claim(WORKER).await.len(), 3);
    let later = stage.now + TimeDelta::minutes(2);
    let rescue = |dead_since| outbox::rescue_dead(&stage.database.pool, OTHER, dead_since, later);
    assert!(rescue(stage.now - TimeDelta::minutes(1)).await.unwrap().is_empty(), "it lives");
    let rescued = rescue(stage.now).await.unwrap();
    assert_eq!(rescued.len(), 3);
    assert_eq!(stage.state("pin").await, State::Unknown);
    assert_eq!(stage.state("broadcast").await, State::Unknown);
    assert_eq!(stage.state("reminder").await, State::Queued);
    assert_eq!(stage.count("kind = 'reminder' AND doubts = 1 AND attempts = 1").await, 1);
    assert_eq!(stage.count("kind = 'pin' AND body IS NULL AND recipient IS NOT NULL").await, 1);
    assert!(rescue(stage.now).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_put_back_without_a_doubt() {
    let stage = Stage::new().await;
    stage.queue("lost", Kind::Pin, number(1)).await;
    stage.queue("known", Kind::Pin, number(2)).await;
    let claimed = stage.claim(WORKER).await;
    let known = claimed.iter().find(|message| message.cause == "known").unwrap().id;
    let of_another = outbox::rescue_own(&stage.database.pool, OTHER, &[], stage.now).await.unwrap();
    assert_eq!(of_another, 0);
    let back = outbox::rescue_own(&stage.database.pool, WORKER, &[known], stage.now).await.unwrap();
    assert_eq!(back, 1);
    assert_eq!((stage.state("lost").await, stage.state("known").await), (State::Queued, State::Sending));
    assert_eq!(stage.count("cause = 'lost' AND attempts = 0 AND doubts = 0").await, 1);
}

#[tokio::test]
async fn what_was_sent_while_the_database_was_away_is_not_sent_again() {
    let stage = Stage::new().await;
    stage.queue("slow", Kind::Reminder, number(1)).await;
    let claimed = stage.claim(WORKER).await;
    let later = stage.now + TimeDelta::minutes(2);
    outbox::rescue_dead(&stage.database.pool, OTHER, stage.now, later).await.unwrap();
    assert_eq!(stage.state("slow").await, State::Queued);
    assert!(stage.mark(&[stage.sent(claimed[0].id, "id")]).await.is_empty(), "the late mark counts");
    assert_eq!(stage.state("slow").await, State::Sent);
    assert!(stage.claim(OTHER).await.is_empty());
}

#[tokio::test]
async fn a_mark_of_a_message_that_another_has_by_now_changes_nothing() {
    let mut stage = Stage::new().await;
    stage.queue("slow", Kind::Reminder, number(1)).await;
    let claimed = stage.claim(WORKER).await;
    stage.now += TimeDelta::minutes(2);
    outbox::rescue_dead(&stage.database.pool, OTHER, stage.now, stage.now).await.unwrap();
    assert_eq!(stage.claim(OTHER).await.len(), 1);
    assert_eq!(stage.mark(&[stage.sent(claimed[0].id, "id")]).await, [claimed[0].id]);
    assert_eq!(stage.state("slow").await, State::Sending);
}

#[tokio::test]
async fn tidying_expires_wipes_and_deletes() {
    let stage = Stage::new().await;
    stage.queue("late", Kind::Reminder, number(1)).await;
    stage.queue("refused", Kind::Reminder, number(2)).await;
    let claimed = stage.claim(WORKER).await;
    let refused = claimed.iter().find(|message| message.cause == "refused").unwrap().id;
    let failed = Mark {
        state: State::Failed,
        keeps_body: true,
        keeps_recipient: true,
        left: false,
        provider_id: None,
        ..stage.sent(refused, "")
    };
    stage.mark(&[failed]).await;
    let late = claimed.iter().find(|message| message.cause == "late").unwrap().id;
    let again = Mark {
        state: State::Queued,
        again_at: Some(stage.now),
        keeps_body: true,
        keeps_recipient: true,
        provider_id: None,
        ..stage.sent(late, "")
    };
    stage.mark(&[again]).await;
    let keep = Keep { refused: TimeDelta::days(7), ended: TimeDelta::days(30), receipts: TimeDelta::days(3) };
    let after = |days| outbox::tidy(&stage.database.pool, keep, stage.now + TimeDelta::days(days));
    assert_eq!(after(0).await.unwrap(), outbox::Tidied::default());
    assert_eq!(after(1).await.unwrap().expired, 1);
    assert_eq!(stage.state("late").await, State::Expired);
    assert_eq!(after(8).await.unwrap().wiped, 1);
    assert_eq!(after(32).await.unwrap().deleted, 2);
    let history: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox_event")
        .fetch_one(&stage.database.pool)
        .await
        .unwrap();
    assert_eq!(history, 0);
}

/// The answer to a mark may be lost on its way, and the mark be written again when the worker has
/// the message for its next try.
#[tokio::test]
async fn a_mark_that_is_written_again_leaves_the_next_claim_alone() {
    let mut stage = Stage::new().await;
    stage.queue("a", Kind::Reminder, number(1)).await;
    let first = stage.claim(WORKER).await.remove(0);
    let again = Mark {
        lease_until: first.lease_until,
        state: State::Queued,
        again_at: Some(stage.now),
        left: false,
        keeps_body: true,
        keeps_recipient: true,
        cost: None,
        ..stage.sent(first.id, "id-1")
    };
    assert!(stage.mark(std::slice::from_ref(&again)).await.is_empty());
    stage.now += TimeDelta::seconds(1);
    assert_eq!(stage.claim(WORKER).await.len(), 1);
    assert_eq!(stage.mark(&[again]).await, [first.id]);
    assert_eq!(stage.state("a").await, State::Sending);
}

#[tokio::test]
async fn a_pin_is_its_worker_s_for_a_time_of_its_own() {
    let stage = Stage::new().await;
    stage.queue("pin", Kind::Pin, number(1)).await;
    stage.queue("answer", Kind::Answer, number(1)).await;
    let (soon, late) = (stage.now + TimeDelta::seconds(37), stage.now + TimeDelta::seconds(90));
    let share = Stage::share();
    let claim = outbox::Claim { pin_lease_until: soon, lease_until: late, ..stage.claim_of(WORKER, &share) };
    let claimed = outbox::claim(&stage.database.pool, &claim).await.unwrap().messages;
    let leases: Vec<_> =
        claimed.iter().map(|message| (message.cause.as_str(), message.lease_until)).collect();
    assert_eq!(leases, [("pin", soon), ("answer", late)]);
}
