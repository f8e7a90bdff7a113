//! `/metrics`: what the service counts, in Prometheus' form and by its naming rules.

use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use sqlx::PgPool;

/// Bounds of the buckets of every duration, in seconds: from a turn out of memory to the deadline.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 5.0];

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// The numbers of this process. There is one recorder a process, whoever asks first makes it.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the recorder, or finds the one that is installed. To be called before anything
    /// counts: what was counted before is lost.
    pub fn install() -> Result<Self, BuildError> {
        if let Some(handle) = RECORDER.get() {
            return Ok(Self(handle.clone()));
        }
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .install_recorder()?;
        describe();
        Ok(Self(RECORDER.get_or_init(|| handle).clone()))
    }

    /// All numbers as text; those of the pool as they are now.
    pub fn render(&self, pool: &PgPool) -> String {
        let size = pool.size();
        let idle = u32::try_from(pool.num_idle()).unwrap_or(size).min(size);
        gauge!("mamacare_database_connections", "state" => "idle").set(f64::from(idle));
        gauge!("mamacare_database_connections", "state" => "used").set(f64::from(size - idle));
        self.0.render()
    }

    /// Clears out what histograms have gathered; to be called now and then, also unscraped.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

fn describe() {
    describe_counter!("mamacare_turns_total", "Turns answered, by channel and result.");
    describe_histogram!("mamacare_turn_duration_seconds", Unit::Seconds, "From a turn to its answer.");
    describe_counter!("mamacare_screens_total", "Screens shown, by the state of the menu.");
    describe_counter!(
        "mamacare_turns_shed_total",
        "Turns answered with a polite end at once, by channel and reason."
    );
    describe_counter!(
        "mamacare_callbacks_refused_total",
        "Callbacks that became no turn, by channel and reason."
    );
    describe_gauge!("mamacare_turns_in_flight", "Turns under way.");
    describe_gauge!("mamacare_pin_queue_depth", "PIN checks that wait for a thread.");
    describe_histogram!("mamacare_pin_wait_seconds", Unit::Seconds, "Waiting of a PIN check for a thread.");
    describe_histogram!("mamacare_pin_check_seconds", Unit::Seconds, "A PIN check itself.");
    describe_counter!("mamacare_pin_shed_total", "PIN checks refused because too many waited.");
    describe_counter!(
        "mamacare_pin_starved_total",
        "PIN checks that took a share of the processors because nothing of them was left over."
    );
    describe_counter!(
        "mamacare_message_attempts_total",
        "Attempts to send a message, by provider, kind and result."
    );
    describe_histogram!(
        "mamacare_message_send_seconds",
        Unit::Seconds,
        "From a request to a provider to its answer."
    );
    describe_counter!(
        "mamacare_messages_repeated_total",
        "Messages that went again although they may have arrived, by kind."
    );
    describe_counter!(
        "mamacare_messages_unknown_total",
        "Messages of which nobody knows whether they left, by kind."
    );
    describe_counter!(
        "mamacare_pins_renewed_total",
        "PINs made anew because nobody knows whether their message left."
    );
    describe_counter!("mamacare_messages_ended_total", "Messages that did not go, by kind and state.");
    describe_counter!("mamacare_receipts_total", "Receipts of providers, by provider and what they told.");
    describe_counter!("mamacare_receipts_unmatched_total", "Receipts whose message was never known.");
    describe_gauge!("mamacare_outbox_due", "Messages that could go now and have not, by kind.");
    describe_gauge!(
        "mamacare_outbox_oldest_due_seconds",
        Unit::Seconds,
        "How long the first of them has waited, by kind."
    );
    describe_gauge!("mamacare_messages_spent", "What messages have cost, of the day and of the month.");
    describe_gauge!("mamacare_database_connections", "Connections to PostgreSQL, by state.");
    describe_counter!(
        "mamacare_audit_lines_chained_total",
        "Lines of the audit trail that this node chained."
    );
    describe_counter!(
        "mamacare_record_reads_total",
        "Whole records that were read, from their copy or from their parts."
    );
    describe_counter!("mamacare_records_copied_total", "Records that were copied after a change.");
    describe_gauge!(
        "mamacare_tls_certificate_expires_seconds",
        Unit::Seconds,
        "When the TLS certificate ends, as Unix time; 0 where it cannot be read. Not there without TLS."
    );
    describe_counter!("mamacare_menu_reloads_total", "Menu files read again, by result.");
}
