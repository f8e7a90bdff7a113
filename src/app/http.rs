//! The one HTTP client of this program: with time-outs, and no address in its errors' place.

use std::time::Duration;

/// A connection that is not made by then is not made.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest that any answer takes; who asks may be less patient.
const ANSWER: Duration = Duration::from_mins(2);
/// An idle connection is closed before the other side's usual time.
const IDLE: Duration = Duration::from_secs(50);
/// Idle connections kept for one address.
const KEPT: usize = 512;

/// The client. It follows no redirect: a message goes where the settings say, or nowhere.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .user_agent(concat!("MamaCare/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(KEPT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
}
